/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: enhanced I/O error handling (EEH) of the sPAPR board
 *
 * LoPAR, "Enhanced I/O Error Handling (EEH) Option Functions", "Bridged-I/O EEH
 * Support Option", and the PCI classes of "Error Injection Option"
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "spapr-pci-qtest.h"

#define NO_LOG          1
#define UNEXPECTED      (-7)
#define NO_FUNDAMENTAL  (-8)

/* Of the partitionable endpoint that is behind a bridge */
#define PE_ADDR         CONFIG_ADDR(0, 31, 7)

enum {
    NORMAL, RESET, STOPPED, DMA_STOPPED = 4, UNAVAILABLE,
};

static const unsigned states[] = {
    NORMAL, RESET, STOPPED, DMA_STOPPED, UNAVAILABLE,
};

/* Functions of ibm,set-eeh-option, ibm,set-slot-reset, ibm,slot-error-detail */
enum {
    DISABLE, ENABLE, RELEASE_MMIO, RELEASE_DMA,
    DEACTIVATE = 0, HOT, FUNDAMENTAL = 3,
    TEMPORARY = 1, PERMANENT,
};

#define EDU_BUS         0x80000000
#define BUFFER          (16 * MiB)
#define DRIVER_BUFFER   (20 * MiB)
#define LOG_SIZE        2048
#define WORK_BUFFER     (24 * MiB)

static Function pe_of(Function *f)
{
    return function(f->guest, f->bridge, PE_ADDR);
}

/* A service that is told a configuration address and returns a status alone */
#define status_of(f, name, ...)                                         \
    ({                                                                  \
        uint32_t status_[1];                                            \
                                                                        \
        call((f), status_, 1, (name), ##__VA_ARGS__);                   \
    })

static int32_t set_option(Function *f, uint32_t function)
{
    return status_of(f, "ibm,set-eeh-option", function);
}

static int32_t set_reset(Function *f, uint32_t function)
{
    return status_of(f, "ibm,set-slot-reset", function);
}

static void expect_state(Function *f, unsigned state)
{
    uint32_t rets[5];

    g_assert_cmpint(call(f, rets, 5, "ibm,read-slot-reset-state2"), ==, OK);
    g_assert_cmpuint(rets[1], ==, state);
    g_assert_cmpuint(rets[2], ==, 1);
    g_assert_cmpuint(rets[3], ==, 0);
    g_assert_cmpuint(rets[4], ==, 0);
}

/* What the user does; the bridge is the one with this id */
static QDict *user_sets(QTestState *qts, const char *id, const char *state)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);

    return qtest_qmp(qts, "{ 'execute': 'qom-set', 'arguments': { 'path': %s, "
                     "'property': 'eeh-state', 'value': %s } }", path, state);
}

static void user_fails(QTestState *qts, const char *state)
{
    QDict *response = user_sets(qts, "p", state);

    g_assert_true(qdict_haskey(response, "return"));
    qobject_unref(response);
}

static void user_refused(QTestState *qts, const char *state, const char *why)
{
    QDict *response = user_sets(qts, "p", state);

    g_assert_nonnull(strstr(qdict_get_str(qdict_get_qdict(response, "error"),
                                          "desc"), why));
    qobject_unref(response);
}

static void user_sees(QTestState *qts, const char *state)
{
    QDict *response = qtest_qmp(qts,
        "{ 'execute': 'qom-get', 'arguments': { 'path': "
        "'/machine/peripheral/p', 'property': 'eeh-state' } }");

    g_assert_cmpstr(qdict_get_str(response, "return"), ==, state);
    qobject_unref(response);
}

/* A machine with a bridge of its own for what fails */
#define BRIDGE          "-device spapr-pci-host-bridge,index=1,id=p "
#define START           BRIDGE "-device " EDU_DMA ",bus=p.0,addr=5 "

static Function start_edu(SpaprRtasGuest *guest, const char *options)
{
    *guest = spapr_rtas_guest_start(options);
    return edu(guest, 1, CONFIG_ADDR(0, 5, 0), EDU_BUS);
}

/* From whatever state that a guest can leave to another one */
static void go_to(Function *pe, unsigned state)
{
    QTestState *qts = pe->guest->qts;

    g_assert_cmpint(set_option(pe, ENABLE), ==, OK);
    g_assert_cmpint(set_reset(pe, HOT), ==, OK);
    if (state == RESET) {
        return;
    }
    g_assert_cmpint(set_reset(pe, DEACTIVATE), ==, OK);
    if (state == NORMAL) {
        return;
    }
    user_fails(qts, state == UNAVAILABLE ? "unavailable" : "stopped");
    if (state == DMA_STOPPED) {
        g_assert_cmpint(set_option(pe, RELEASE_MMIO), ==, OK);
    }
}

/*
 * What the guest is told
 */

static void expect_info(Function *f, uint32_t function, int32_t status,
                        uint32_t info)
{
    uint32_t rets[2] = { 0 };

    g_assert_cmpint(call(f, rets, 2, "ibm,get-config-addr-info2", function),
                    ==, status);
    if (status == OK) {
        g_assert_cmphex(rets[1], ==, info);
    }
}

static void test_info(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(START
        "-device pci-bridge,chassis_nr=1,id=b,bus=p.0,addr=3 "
        "-device edu,bus=b,addr=6 "
        "-device spapr-pci-host-bridge,index=2,id=q -device edu,bus=q.0,addr=1 "
        "-device spapr-pci-host-bridge,index=3,id=r");
    Function f = function(&guest, 1, CONFIG_ADDR(0, 5, 0));
    Function pe = pe_of(&f);
    Function behind = function(&guest, 1, CONFIG_ADDR(1, 6, 0));
    Function alone = function(&guest, 2, CONFIG_ADDR(0, 1, 0));
    Function empty = function(&guest, 3, PE_ADDR);
    Function nobody = function(&guest, 1, CONFIG_ADDR(0, 6, 0));
    Function no_bridge = function(&guest, 4, PE_ADDR);
    Function reg = function(&guest, 1, f.addr | 4);
    uint32_t rets[5];

    g_assert_cmpuint(spapr_rtas_guest_cell(&guest,
                     "ibm,read-slot-reset-state-functions", 0), ==, 3);
    g_assert_cmpuint(spapr_rtas_guest_cell(&guest, "ibm,reset-capabilities", 0),
                     ==, 1);

    expect_info(&f, 0, OK, PE_ADDR);
    expect_info(&behind, 0, OK, PE_ADDR);
    expect_info(&pe, 0, OK, PE_ADDR);
    expect_info(&alone, 0, OK, PE_ADDR);
    expect_info(&f, 1, OK, 2);
    expect_info(&behind, 1, OK, 2);
    expect_info(&alone, 1, OK, 1);
    /* In no PE */
    expect_info(&nobody, 1, OK, 0);
    expect_info(&nobody, 0, BAD, 0);
    expect_info(&empty, 1, OK, 0);
    expect_info(&empty, 0, BAD, 0);
    expect_info(&reg, 1, OK, 0);
    expect_info(&reg, 0, BAD, 0);
    for (unsigned function = 0; function < 3; function++) {
        expect_info(&no_bridge, function, BAD, 0);
    }
    expect_info(&f, 2, BAD, 0);
    expect_info(&f, -1, BAD, 0);

    expect_state(&f, NORMAL);
    expect_state(&behind, NORMAL);
    expect_state(&pe, NORMAL);
    expect_state(&empty, NORMAL);
    g_assert_cmpint(call(&nobody, rets, 4, "ibm,read-slot-reset-state2"), ==,
                    OK);
    g_assert_cmpuint(rets[2], ==, 0);
    g_assert_cmpint(call(&no_bridge, rets, 4, "ibm,read-slot-reset-state2"),
                    ==, BAD);
    nobody.addr |= 0x01000000;
    g_assert_cmpint(call(&nobody, rets, 4, "ibm,read-slot-reset-state2"), ==,
                    BAD);
    spapr_rtas_guest_stop(&guest);
}

/* Calls that want the PE's own address, and functions that there are not */
static void test_errors(void)
{
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START);
    Function pe = pe_of(&f);
    Function no_bridge = function(&guest, 2, PE_ADDR);
    Function *wrong[] = { &f, &no_bridge };
    static const uint32_t no_option[] = { 4, 5, 6, -1 };
    static const uint32_t no_reset[] = { 2, 4, -1 };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_assert_cmpint(set_option(wrong[i], ENABLE), ==, BAD);
        g_assert_cmpint(set_reset(wrong[i], HOT), ==, BAD);
        g_assert_cmpint(status_of(wrong[i], "ibm,configure-pe"), ==, BAD);
        g_assert_cmpint(status_of(wrong[i], "ibm,configure-bridge"), ==, BAD);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(no_option); i++) {
        g_assert_cmpint(set_option(&pe, no_option[i]), ==, BAD);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(no_reset); i++) {
        g_assert_cmpint(set_reset(&pe, no_reset[i]), ==, BAD);
    }
    expect_state(&pe, NORMAL);
    spapr_rtas_guest_stop(&guest);
}

/*
 * "PE State Control"
 */

typedef struct Transition {
    int32_t status;
    unsigned state;
} Transition;

static void expect_transitions(Function *pe, const char *name,
                               uint32_t function, const Transition *want)
{
    for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
        go_to(pe, states[i]);
        expect_state(pe, states[i]);
        g_assert_cmpint(status_of(pe, name, function), ==, want[i].status);
        expect_state(pe, want[i].state);
    }
    qtest_system_reset(pe->guest->qts);
}

static void test_transitions(void)
{
    static const Transition mmio[] = {
        { BAD, NORMAL }, { UNEXPECTED, RESET }, { OK, DMA_STOPPED },
        { BAD, DMA_STOPPED }, { UNEXPECTED, UNAVAILABLE },
    };
    static const Transition dma[] = {
        { BAD, NORMAL }, { UNEXPECTED, RESET }, { UNEXPECTED, STOPPED },
        { OK, NORMAL }, { UNEXPECTED, UNAVAILABLE },
    };
    static const Transition enable[] = {
        { OK, NORMAL }, { OK, RESET }, { OK, STOPPED }, { OK, DMA_STOPPED },
        { UNEXPECTED, UNAVAILABLE },
    };
    /* No function is enabled, after a reset */
    static const Transition disable[] = {
        { OK, NORMAL }, { OK, RESET }, { OK, NORMAL }, { OK, NORMAL },
        { UNEXPECTED, UNAVAILABLE },
    };
    static const Transition deactivate[] = {
        { OK, NORMAL }, { OK, NORMAL }, { UNEXPECTED, STOPPED },
        { BAD, DMA_STOPPED }, { UNEXPECTED, UNAVAILABLE },
    };
    static const Transition activate[] = {
        { OK, RESET }, { OK, RESET }, { OK, RESET }, { OK, RESET },
        { UNEXPECTED, UNAVAILABLE },
    };
    static const Transition not_defined[] = {
        { NO_FUNDAMENTAL, NORMAL }, { NO_FUNDAMENTAL, RESET },
        { NO_FUNDAMENTAL, STOPPED }, { NO_FUNDAMENTAL, DMA_STOPPED },
        { UNEXPECTED, UNAVAILABLE },
    };
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START);
    Function pe = pe_of(&f);

    expect_transitions(&pe, "ibm,set-eeh-option", RELEASE_MMIO, mmio);
    expect_transitions(&pe, "ibm,set-eeh-option", RELEASE_DMA, dma);
    expect_transitions(&pe, "ibm,set-eeh-option", ENABLE, enable);
    expect_transitions(&pe, "ibm,set-eeh-option", DISABLE, disable);
    expect_transitions(&pe, "ibm,set-slot-reset", DEACTIVATE, deactivate);
    expect_transitions(&pe, "ibm,set-slot-reset", HOT, activate);
    expect_transitions(&pe, "ibm,set-slot-reset", FUNDAMENTAL, not_defined);
    spapr_rtas_guest_stop(&guest);

    guest = spapr_rtas_guest_start(BRIDGE "-device e1000e,bus=p.0,addr=5");
    expect_transitions(&pe, "ibm,set-slot-reset", FUNDAMENTAL, activate);
    /* EEH of PCI Express can't be disabled */
    go_to(&pe, STOPPED);
    g_assert_cmpint(set_option(&pe, DISABLE), ==, OK);
    expect_state(&pe, STOPPED);
    spapr_rtas_guest_stop(&guest);
}

/* Not while a function is enabled by its command register */
static void test_disable(void)
{
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START);
    Function pe = pe_of(&f);

    g_assert_cmpint(set_option(&pe, ENABLE), ==, OK);
    g_assert_cmpint(set_option(&pe, DISABLE), ==, OK);
    user_fails(guest.qts, "stopped");
    g_assert_cmpint(set_option(&pe, DISABLE), ==, OK);
    expect_state(&pe, STOPPED);
    g_assert_cmpint(set_option(&pe, RELEASE_MMIO), ==, OK);
    config_write(&f, PCI_COMMAND, 2, 0);
    g_assert_cmpint(set_option(&pe, DISABLE), ==, OK);
    expect_state(&pe, NORMAL);
    user_refused(guest.qts, "stopped", "has not enabled");
    spapr_rtas_guest_stop(&guest);
}

/*
 * What is stopped
 */

static void expect_mmio(Function *f, bool works)
{
    uint32_t identity = qtest_readl(f->guest->qts, f->mmio + EDU_IDENTITY);

    g_assert_cmphex(identity & 0xff, ==, works ? 0xed : 0xff);
    g_assert_cmphex(config_read(f, PCI_VENDOR_ID, 4), ==,
                    works ? EDU_ID : 0xffffffff);
}

static void test_stopped(void)
{
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START "-device edu,bus=pci.0,addr=5");
    Function other = edu(&guest, 0, CONFIG_ADDR(0, 5, 0), EDU_BUS);
    Function pe = pe_of(&f);
    uint8_t cap = find_capability(&f, PCI_CAP_ID_MSI);
    uint32_t source, edge;

    put_tce(&f, LIOBN(1), IOBA_A, PAGE_A | TCE_RW);
    put_tce(&f, LIOBN(1), IOBA_A + 4096, PAGE_B | TCE_RW);
    expect_change(&f, 3, 1, 1, 1);
    g_assert_cmpint(query_source(&f, 0, &source, &edge), ==, OK);
    config_write(&f, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    expect_message(&f, source);

    g_assert_cmpint(set_option(&pe, ENABLE), ==, OK);
    user_fails(guest.qts, "stopped");
    expect_state(&f, STOPPED);
    expect_mmio(&f, false);
    expect_mmio(&other, true);
    /* Stores are lost */
    qtest_writel(guest.qts, f.mmio + EDU_RAISE, 1);
    config_write(&f, PCI_INTERRUPT_LINE, 1, 0x77);
    config_write(&f, PCI_COMMAND, 2, 0);

    g_assert_cmpint(set_option(&pe, RELEASE_MMIO), ==, OK);
    expect_mmio(&f, true);
    g_assert_cmphex(config_read(&f, PCI_INTERRUPT_LINE, 1), !=, 0x77);
    g_assert_cmphex(take(&f), ==, 0);
    /* No DMA, which includes messages. That it fails is no other error. */
    qtest_writel(guest.qts, f.mmio + EDU_RAISE, 1);
    g_assert_cmphex(take(&f), ==, 0);
    qtest_writel(guest.qts, f.mmio + EDU_ACK, 1);
    g_assert_false(dma_works(&f, IOBA_A, PAGE_A, IOBA_A + 4096, PAGE_B));
    expect_state(&f, DMA_STOPPED);

    g_assert_cmpint(set_option(&pe, RELEASE_DMA), ==, OK);
    expect_message(&f, source);
    g_assert_true(dma_works(&f, IOBA_A, PAGE_A, IOBA_A + 4096, PAGE_B));

    user_fails(guest.qts, "unavailable");
    expect_state(&f, UNAVAILABLE);
    expect_mmio(&f, false);
    expect_mmio(&other, true);

    /* The end of it all: the machine is reset */
    qtest_system_reset(guest.qts);
    user_sees(guest.qts, "normal");
    edu(&guest, 1, f.addr, EDU_BUS);
    expect_mmio(&f, true);
    user_refused(guest.qts, "stopped", "has not enabled");
    spapr_rtas_guest_stop(&guest);
}

/*
 * Reset
 */

static void test_reset(void)
{
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START);
    Function pe = pe_of(&f);
    uint8_t cap = find_capability(&f, PCI_CAP_ID_MSI);
    uint32_t source, edge;

    config_write(&f, PCI_INTERRUPT_LINE, 1, 0x5a);
    expect_change(&f, 3, 1, 1, 1);
    g_assert_cmpint(query_source(&f, 0, &source, &edge), ==, OK);

    /* EEH need not be enabled for it */
    g_assert_cmpint(set_reset(&pe, HOT), ==, OK);
    expect_state(&pe, RESET);
    expect_mmio(&f, false);
    /* It can't be configured while it is held in reset */
    g_assert_cmpint(status_of(&pe, "ibm,configure-pe"), ==, OK);
    expect_state(&pe, RESET);
    g_assert_cmpint(set_reset(&pe, DEACTIVATE), ==, OK);
    g_assert_cmphex(config_read(&f, PCI_VENDOR_ID, 4), ==, EDU_ID);
    g_assert_cmphex(config_read(&f, PCI_COMMAND, 2), ==, 0);
    g_assert_cmphex(config_read(&f, PCI_BASE_ADDRESS_0, 4), ==, 0);
    g_assert_cmphex(qtest_readl(guest.qts, f.mmio), ==, 0xffffffff);

    /* Again: what is to be restored is from before the first one */
    g_assert_cmpint(set_reset(&pe, HOT), ==, OK);
    g_assert_cmpint(set_reset(&pe, DEACTIVATE), ==, OK);
    g_assert_cmpint(status_of(&pe, "ibm,configure-pe"), ==, OK);
    expect_state(&pe, NORMAL);
    expect_mmio(&f, true);
    g_assert_cmphex(config_read(&f, PCI_BASE_ADDRESS_0, 4), ==, EDU_BUS);
    g_assert_cmphex(config_read(&f, PCI_INTERRUPT_LINE, 1), ==, 0x5a);
    /* But for DMA */
    g_assert_cmphex(config_read(&f, PCI_COMMAND, 2), ==,
                    PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE);
    g_assert_cmphex(config_read(&f, cap + PCI_MSI_DATA_64, 2), ==, source);
    config_write(&f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    config_write(&f, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    expect_message(&f, source);

    /* Once is enough */
    config_write(&f, PCI_INTERRUPT_LINE, 1, 0x77);
    g_assert_cmpint(status_of(&pe, "ibm,configure-pe"), ==, OK);
    g_assert_cmpint(status_of(&pe, "ibm,configure-bridge"), ==, OK);
    g_assert_cmphex(config_read(&f, PCI_INTERRUPT_LINE, 1), ==, 0x77);
    spapr_rtas_guest_stop(&guest);
}

static void test_bridges(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(BRIDGE
        "-device pci-bridge,chassis_nr=1,id=one,bus=p.0,addr=3 "
        "-device pci-bridge,chassis_nr=2,id=two,bus=one,addr=2 "
        "-device edu,bus=two,addr=6");
    Function bridges[] = {
        function(&guest, 1, CONFIG_ADDR(0, 3, 0)),
        function(&guest, 1, CONFIG_ADDR(1, 2, 0)),
    };
    Function f = function(&guest, 1, CONFIG_ADDR(2, 6, 0));
    Function pe = pe_of(&f);

    for (unsigned i = 0; i < ARRAY_SIZE(bridges); i++) {
        config_write(&bridges[i], PCI_MEMORY_BASE, 4, 0x80108000);
        config_write(&bridges[i], PCI_COMMAND, 2,
                     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    }
    f = edu(&guest, 1, f.addr, EDU_BUS);
    expect_mmio(&f, true);
    g_assert_cmpint(set_reset(&pe, HOT), ==, OK);
    g_assert_cmpint(set_reset(&pe, DEACTIVATE), ==, OK);
    g_assert_cmphex(config_read(&f, PCI_VENDOR_ID, 4), ==, 0xffffffff);
    g_assert_cmpint(status_of(&pe, "ibm,configure-bridge"), ==, OK);
    expect_mmio(&f, true);
    g_assert_cmphex(config_read(&bridges[0], PCI_PRIMARY_BUS, 4) & 0xffffff,
                    ==, 0x020100);
    g_assert_cmphex(config_read(&bridges[1], PCI_MEMORY_BASE, 4) & 0xfff0fff0,
                    ==, 0x80108000);
    g_assert_cmphex(config_read(&bridges[1], PCI_COMMAND, 2), ==,
                    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    spapr_rtas_guest_stop(&guest);
}

/* The guest cuts a slot behind bridge 1 off, or takes it back */
static void set_isolated(SpaprRtasGuest *guest, unsigned bus, unsigned slot,
                         bool isolated)
{
    g_assert_cmpint(spapr_rtas_guest_status(guest, "set-indicator", 9001,
                                            0x40010000 | bus << 8 | slot << 3,
                                            !isolated),
                    ==, OK);
}

/*
 * Until its bridge is configured again, what is behind it has the address of
 * another function; that one's interrupts are its own nonetheless
 */
static void test_messages(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-machine ic-mode=xics " BRIDGE
        "-device edu,bus=p.0,addr=1 "
        "-device pci-bridge,chassis_nr=1,id=one,bus=p.0,addr=2 "
        "-device edu,bus=one,addr=1");
    Function near = edu(&guest, 1, CONFIG_ADDR(0, 1, 0), EDU_BUS);
    Function far = function(&guest, 1, CONFIG_ADDR(1, 1, 0));
    Function pe = pe_of(&near);
    uint8_t cap = find_capability(&near, PCI_CAP_ID_MSI);
    uint32_t source, same, edge;

    expect_change(&near, 3, 1, 1, 1);
    expect_change(&far, 3, 1, 1, 1);
    g_assert_cmpint(query_source(&near, 0, &source, &edge), ==, OK);
    g_assert_cmpint(set_reset(&pe, HOT), ==, OK);
    g_assert_cmpint(set_reset(&pe, DEACTIVATE), ==, OK);
    set_isolated(&guest, 1, 1, true);
    g_assert_cmpint(status_of(&pe, "ibm,configure-pe"), ==, OK);
    g_assert_cmpint(query_source(&near, 0, &same, &edge), ==, OK);
    g_assert_cmphex(same, ==, source);
    near = edu(&guest, 1, near.addr, EDU_BUS);
    config_write(&near, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    expect_message(&near, source);
    set_isolated(&guest, 1, 1, false);
    expect_change(&far, 0, 0, 0, 0);
    spapr_rtas_guest_stop(&guest);
}

/* What was wrong with the functions is so no more when none is there */
static void test_disconnect(void)
{
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START "-device e1000,bus=p.0,addr=6");
    Function pe = pe_of(&f);

    for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
        go_to(&pe, states[i]);
        set_isolated(&guest, 0, 5, true);
        expect_state(&pe, states[i]);
        set_isolated(&guest, 0, 5, false);
        expect_state(&pe, states[i]);
        set_isolated(&guest, 0, 6, true);
        set_isolated(&guest, 0, 5, true);
        expect_state(&pe, NORMAL);
        set_isolated(&guest, 0, 5, false);
        set_isolated(&guest, 0, 6, false);
        expect_state(&f, NORMAL);
        /* Nothing is left of what the reset took away */
        config_write(&f, PCI_BASE_ADDRESS_0, 4, 0);
        g_assert_cmpint(status_of(&pe, "ibm,configure-pe"), ==, OK);
        g_assert_cmphex(config_read(&f, PCI_BASE_ADDRESS_0, 4), ==, 0);
    }
    spapr_rtas_guest_stop(&guest);
}

/*
 * The log
 */

static int32_t error_detail(Function *f, uint32_t driver, uint32_t driver_len,
                            uint32_t buffer, uint32_t len, uint32_t function)
{
    return status_of(f, "ibm,slot-error-detail", driver, driver_len, buffer,
                     len, function);
}

/* Offset of a section in the log, or 0; @nth counts those of its kind */
static uint32_t find_section(const uint8_t *log, const char *id, unsigned nth)
{
    uint32_t end = 8 + ldl_be_p(log + 4);
    uint32_t at = 8 + 16;

    while (at < end) {
        uint16_t len = lduw_be_p(log + at + 2);

        g_assert_cmpuint(len, >=, 8);
        if (!memcmp(log + at, id, 2) && !nth--) {
            return at;
        }
        at += len;
    }
    g_assert_cmpuint(at, ==, end);
    return 0;
}

static void test_log(void)
{
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START);
    Function pe = pe_of(&f);
    Function nobody = function(&guest, 1, CONFIG_ADDR(0, 6, 0));
    uint8_t log[LOG_SIZE];
    uint32_t ps, ud;

    qtest_memset(guest.qts, BUFFER, 0xa5, LOG_SIZE);
    g_assert_cmpint(set_option(&pe, ENABLE), ==, OK);
    g_assert_cmpint(error_detail(&pe, 0, 0, BUFFER, LOG_SIZE, TEMPORARY), ==,
                    NO_LOG);
    g_assert_cmpint(set_reset(&pe, HOT), ==, OK);
    g_assert_cmpint(error_detail(&pe, 0, 0, BUFFER, LOG_SIZE, TEMPORARY), ==,
                    NO_LOG);
    g_assert_cmpint(set_reset(&pe, DEACTIVATE), ==, OK);
    g_assert_cmpint(status_of(&pe, "ibm,configure-pe"), ==, OK);
    spapr_qtest_untouched(guest.qts, BUFFER, LOG_SIZE);

    /* Errors */
    user_fails(guest.qts, "stopped");
    for (uint32_t function = 0; function < 5; function++) {
        if (function != TEMPORARY && function != PERMANENT) {
            g_assert_cmpint(error_detail(&pe, 0, 0, BUFFER, LOG_SIZE,
                                         function), ==, BAD);
        }
    }
    g_assert_cmpint(error_detail(&nobody, 0, 0, BUFFER, LOG_SIZE, TEMPORARY),
                    ==, BAD);
    g_assert_cmpint(error_detail(&pe, 0, 0, 256 * MiB - 16, LOG_SIZE,
                                 TEMPORARY), ==, BAD);
    g_assert_cmpint(error_detail(&pe, 256 * MiB, 16, BUFFER, LOG_SIZE,
                                 TEMPORARY), ==, BAD);
    spapr_qtest_untouched(guest.qts, BUFFER, LOG_SIZE);

    /* A stopped PE's registers are not looked at */
    g_assert_cmpint(error_detail(&f, 0, 0, BUFFER, LOG_SIZE, TEMPORARY), ==,
                    OK);
    expect_state(&pe, STOPPED);
    qtest_memread(guest.qts, BUFFER, log, LOG_SIZE);
    g_assert_cmphex(log[0], ==, 6);
    g_assert_cmphex(log[2] >> 4, ==, 2);    /* PCI */
    g_assert_cmphex(log[3], ==, 224);
    ps = find_section(log, "PS", 0);
    g_assert_cmpuint(ps, ==, 8 + 16 + 48 + 24);
    g_assert_cmpmem(log + ps + 0x30, 8, "B7006970", 8);
    /* Where: the location code of the bridge */
    g_assert_cmphex(log[ps + 9], ==, 1);
    g_assert_cmphex(log[ps + 80], ==, 0xc0);
    g_assert_nonnull(strstr((char *)log + ps + 80 + 8, "-P2"));
    g_assert_cmpuint(lduw_be_p(log + ps + 2), ==,
                     80 + 4 * lduw_be_p(log + ps + 82));
    g_assert_cmpuint(find_section(log, "UD", 0), ==, 0);

    /* They are when loads get through, and the driver's data come last */
    g_assert_cmpint(set_option(&pe, RELEASE_MMIO), ==, OK);
    qtest_memwrite(guest.qts, DRIVER_BUFFER, "It hurts", 8);
    g_assert_cmpint(error_detail(&pe, DRIVER_BUFFER, 8, BUFFER, LOG_SIZE,
                                 TEMPORARY), ==, OK);
    expect_state(&pe, DMA_STOPPED);
    qtest_memread(guest.qts, BUFFER, log, LOG_SIZE);
    ud = find_section(log, "UD", 0);
    g_assert_cmpuint(ud, >, ps);
    g_assert_cmphex(ldl_be_p(log + ud + 8), ==, f.addr);
    g_assert_cmphex(ldl_be_p(log + ud + 12), ==, EDU_ID);
    ud = find_section(log, "UD", 1);
    g_assert_cmpuint(ud, >, ps);
    g_assert_cmpmem(log + ud + 8, 8, "It hurts", 8);

    /* More than there is room for */
    qtest_memset(guest.qts, BUFFER, 0xa5, 2 * LOG_SIZE);
    g_assert_cmpint(error_detail(&pe, DRIVER_BUFFER, 0xffffffff, BUFFER,
                                 LOG_SIZE, TEMPORARY), ==, OK);
    qtest_memread(guest.qts, BUFFER, log, LOG_SIZE);
    ud = find_section(log, "UD", 1);
    g_assert_cmpuint(ud + lduw_be_p(log + ud + 2), <=, LOG_SIZE);
    spapr_qtest_untouched(guest.qts, BUFFER + LOG_SIZE, LOG_SIZE);
    qtest_memset(guest.qts, BUFFER, 0xa5, LOG_SIZE);
    g_assert_cmpint(error_detail(&pe, DRIVER_BUFFER, 8, BUFFER, 4, TEMPORARY),
                    ==, OK);
    g_assert_cmphex(qtest_readb(guest.qts, BUFFER), ==, 6);
    spapr_qtest_untouched(guest.qts, BUFFER + 4, LOG_SIZE - 4);

    /* For good */
    g_assert_cmpint(set_option(&pe, RELEASE_DMA), ==, OK);
    g_assert_cmpint(error_detail(&pe, 0, 0, BUFFER, LOG_SIZE, PERMANENT), ==,
                    OK);
    expect_state(&pe, UNAVAILABLE);
    user_sees(guest.qts, "unavailable");
    qtest_memread(guest.qts, BUFFER, log, LOG_SIZE);
    g_assert_cmphex(log[1] >> 5, ==, 4);
    g_assert_cmpint(error_detail(&pe, 0, 0, BUFFER, LOG_SIZE, TEMPORARY), ==,
                    OK);
    g_assert_cmpint(status_of(&pe, "ibm,configure-pe"), ==, OK);
    expect_state(&pe, UNAVAILABLE);
    spapr_rtas_guest_stop(&guest);
}

/*
 * Errors
 */

static int32_t inject_cells(SpaprRtasGuest *guest, uint32_t token,
                            const char *class, const uint32_t *cells,
                            unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        qtest_writel(guest->qts, WORK_BUFFER + 4 * i, cells[i]);
    }
    return spapr_rtas_guest_status(guest, "ibm,errinjct",
                                   spapr_rtas_guest_errinjct_class(guest,
                                                                   class),
                                   token, WORK_BUFFER);
}

static int32_t inject_32(Function *f, uint32_t token, uint32_t addr,
                         uint32_t mask, uint32_t what)
{
    const uint32_t cells[] = {
        addr, mask, f->addr, BUID(f->bridge) >> 32, (uint32_t)BUID(f->bridge),
        what,
    };

    return inject_cells(f->guest, token, "ioa-bus-error", cells,
                        ARRAY_SIZE(cells));
}

static int32_t inject_64(Function *f, uint32_t token, uint64_t addr,
                         uint64_t mask, uint32_t what)
{
    const uint32_t cells[] = {
        addr >> 32, addr, mask >> 32, mask, f->addr, BUID(f->bridge) >> 32,
        (uint32_t)BUID(f->bridge), what,
    };

    return inject_cells(f->guest, token, "ioa-bus-error-64", cells,
                        ARRAY_SIZE(cells));
}

static void recover(Function *f)
{
    Function pe = pe_of(f);

    expect_state(f, STOPPED);
    g_assert_cmpint(set_option(&pe, RELEASE_MMIO), ==, OK);
    g_assert_cmpint(set_option(&pe, RELEASE_DMA), ==, OK);
    expect_mmio(f, true);
}

static void test_inject(void)
{
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START);
    Function pe = pe_of(&f);
    Function nobody = function(&guest, 1, CONFIG_ADDR(0, 6, 0));
    Function no_bridge = function(&guest, 2, PE_ADDR);
    uint32_t token = spapr_rtas_guest_open_errinjct(&guest);

    /* Where EEH is not enabled there are no errors */
    g_assert_cmpint(inject_32(&f, token, EDU_BUS, -1, 0), ==, BAD);
    expect_state(&f, NORMAL);
    g_assert_cmpint(set_option(&pe, ENABLE), ==, OK);
    for (uint32_t what = 0; what < 20; what++) {
        g_assert_cmpint(inject_32(&f, token, EDU_BUS, 0xff000000, what), ==,
                        OK);
        recover(&f);
        g_assert_cmpint(inject_64(&pe, token, EDU_BUS, 0, what), ==, OK);
        /* Once more is not more */
        g_assert_cmpint(inject_64(&pe, token, EDU_BUS, 0, what), ==, OK);
        recover(&f);
    }
    g_assert_cmpint(inject_32(&f, token, EDU_BUS, -1, 20), ==, OK);
    g_assert_cmpint(inject_64(&f, token, EDU_BUS, -1, 20), ==, OK);
    expect_state(&f, NORMAL);

    g_assert_cmpint(inject_32(&f, token, EDU_BUS, -1, 21), ==, BAD);
    g_assert_cmpint(inject_64(&f, token, EDU_BUS, -1, 22), ==, BAD);
    g_assert_cmpint(inject_32(&f, token, EDU_BUS + 2, -1, 0), ==, BAD);
    g_assert_cmpint(inject_64(&f, token, EDU_BUS + 4, -1, 0), ==, BAD);
    g_assert_cmpint(inject_32(&nobody, token, EDU_BUS, -1, 0), ==, BAD);
    g_assert_cmpint(inject_64(&no_bridge, token, EDU_BUS, -1, 0), ==, BAD);
    expect_state(&f, NORMAL);

    /* A PE that is in reset has no errors either */
    g_assert_cmpint(set_reset(&pe, HOT), ==, OK);
    g_assert_cmpint(inject_32(&f, token, EDU_BUS, -1, 0), ==, OK);
    expect_state(&f, RESET);
    spapr_rtas_guest_stop(&guest);
}

static void test_user(void)
{
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START);
    Function pe = pe_of(&f);

    user_sees(guest.qts, "normal");
    user_refused(guest.qts, "stopped", "has not enabled");
    user_refused(guest.qts, "unavailable", "has not enabled");
    g_assert_cmpint(set_option(&pe, ENABLE), ==, OK);
    user_refused(guest.qts, "normal", "may be set to");
    user_refused(guest.qts, "", "may be set to");
    user_fails(guest.qts, "stopped");
    user_sees(guest.qts, "stopped");
    user_refused(guest.qts, "stopped", "'stopped'");
    g_assert_cmpint(set_option(&pe, RELEASE_MMIO), ==, OK);
    user_sees(guest.qts, "dma-stopped");
    /* Another error */
    user_fails(guest.qts, "stopped");
    g_assert_cmpint(set_reset(&pe, HOT), ==, OK);
    user_sees(guest.qts, "reset");
    user_refused(guest.qts, "stopped", "'reset'");
    user_fails(guest.qts, "unavailable");
    user_fails(guest.qts, "unavailable");
    spapr_rtas_guest_stop(&guest);
    spapr_qtest_refused("-device spapr-pci-host-bridge,index=1,"
                        "eeh-state=stopped", "eeh-state=", "has not enabled");
}

/* DMA that no TCE maps */
static void test_dma(void)
{
    static const struct {
        uint64_t addr;
        uint64_t cmd;
    } bad[] = {
        { IOBA_A + 4096, DMA_TO_EDU },          /* no TCE */
        { IOBA_A, DMA_TO_MEMORY },              /* may be read alone */
        { 2ULL * GiB, DMA_TO_EDU },             /* no window */
        { DMA64, DMA_TO_MEMORY },
    };
    SpaprRtasGuest guest;
    Function f = start_edu(&guest, START);
    Function pe = pe_of(&f);

    put_tce(&f, LIOBN(1), IOBA_A, PAGE_A | 1);
    for (unsigned i = 0; i < 2 * ARRAY_SIZE(bad); i++) {
        uint64_t addr = bad[i / 2].addr, cmd = bad[i / 2].cmd;
        bool enabled = i & 1;

        dma(&f, IOBA_A, EDU_BUFFER, DMA_TO_EDU);
        expect_state(&pe, NORMAL);
        if (enabled) {
            g_assert_cmpint(set_option(&pe, ENABLE), ==, OK);
        }
        qtest_writeq(guest.qts, f.mmio + EDU_DMA_SRC,
                     cmd == DMA_TO_EDU ? addr : EDU_BUFFER);
        qtest_writeq(guest.qts, f.mmio + EDU_DMA_DST,
                     cmd == DMA_TO_EDU ? EDU_BUFFER : addr);
        qtest_writeq(guest.qts, f.mmio + EDU_DMA_COUNT, 8);
        qtest_writeq(guest.qts, f.mmio + EDU_DMA_CMD, cmd);
        qtest_clock_step(guest.qts, DMA_NS);
        if (enabled) {
            recover(&f);
            config_write(&f, PCI_COMMAND, 2, 0);
            g_assert_cmpint(set_option(&pe, DISABLE), ==, OK);
            edu(&guest, 1, f.addr, EDU_BUS);
        }
    }
    spapr_rtas_guest_stop(&guest);
}

/*
 * Migration
 */

static void test_migration(void)
{
    /* An edu can't migrate */
    const char *options = BRIDGE "-device e1000,bus=p.0,addr=5";
    SpaprRtasGuest guest = spapr_rtas_guest_start(options);
    Function f = function(&guest, 1, CONFIG_ADDR(0, 5, 0));
    Function pe = pe_of(&f);
    uint64_t mmio = MEM32_WINDOW(1) + 0x10000000;

    config_write(&f, PCI_BASE_ADDRESS_0, 4, MEM32_BUS + 0x10000000);
    config_write(&f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_assert_cmpint(set_option(&pe, ENABLE), ==, OK);
    spapr_rtas_guest_migrate(&guest, options);
    expect_state(&f, NORMAL);
    g_assert_cmphex(qtest_readl(guest.qts, mmio + 8), !=, 0xffffffff);

    user_fails(guest.qts, "stopped");
    spapr_rtas_guest_migrate(&guest, options);
    expect_state(&f, STOPPED);
    g_assert_cmphex(qtest_readl(guest.qts, mmio + 8), ==, 0xffffffff);
    g_assert_cmphex(config_read(&f, PCI_VENDOR_ID, 2), ==, 0xffff);

    g_assert_cmpint(set_option(&pe, RELEASE_MMIO), ==, OK);
    spapr_rtas_guest_migrate(&guest, options);
    expect_state(&f, DMA_STOPPED);
    g_assert_cmphex(qtest_readl(guest.qts, mmio + 8), !=, 0xffffffff);

    g_assert_cmpint(set_reset(&pe, HOT), ==, OK);
    spapr_rtas_guest_migrate(&guest, options);
    expect_state(&f, RESET);
    g_assert_cmpint(set_reset(&pe, DEACTIVATE), ==, OK);
    spapr_rtas_guest_migrate(&guest, options);
    g_assert_cmphex(config_read(&f, PCI_BASE_ADDRESS_0, 4), ==, 0);
    g_assert_cmpint(status_of(&pe, "ibm,configure-pe"), ==, OK);
    g_assert_cmphex(config_read(&f, PCI_BASE_ADDRESS_0, 4), ==,
                    MEM32_BUS + 0x10000000);
    g_assert_cmphex(qtest_readl(guest.qts, mmio + 8), !=, 0xffffffff);

    /* It is still enabled */
    user_fails(guest.qts, "unavailable");
    spapr_rtas_guest_migrate(&guest, options);
    expect_state(&f, UNAVAILABLE);
    spapr_rtas_guest_stop(&guest);
}

/* What was not taken over from a stream does not stay */
static void test_bad_migration(void)
{
    const char *more = BRIDGE "-device e1000,bus=p.0,addr=5";
    g_autofree char *options = g_strdup_printf("-machine pseries -nodefaults "
                                               "-m 256 %s", more);
    SpaprRtasGuest guest = spapr_rtas_guest_start(more);
    Function f = function(&guest, 1, CONFIG_ADDR(0, 5, 0));
    Function pe = pe_of(&f);
    g_autofree char *path = NULL;
    g_autofree char *state = NULL;
    const char name[] = "spapr-pci-host-bridge/eeh";
    size_t len;
    char *at;

    g_assert_cmpint(set_option(&pe, ENABLE), ==, OK);
    path = spapr_qtest_save(guest.qts);
    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    at = memmem(state, len, name, strlen(name));
    g_assert_nonnull(at);
    /* Behind its version: enabled, unconfigured, the state, the cause, a count */
    at += strlen(name) + 4;
    g_assert_cmpuint(ldub_p(at), ==, 1);
    guest.qts = spapr_qtest_after_refusal(options, path, state, len, at + 2,
                                          200, 1);
    user_sees(guest.qts, "normal");
    qtest_quit(guest.qts);
    /* Headers to be restored, which aren't there */
    at[1] = 1;
    guest.qts = spapr_qtest_after_refusal(options, path, state, len, at + 7,
                                          70000, 4);
    g_assert_cmpint(status_of(&pe, "ibm,configure-pe"), ==, OK);
    unlink(path);
    spapr_rtas_guest_stop(&guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/spapr/eeh/info", test_info);
    qtest_add_func("/spapr/eeh/errors", test_errors);
    qtest_add_func("/spapr/eeh/transitions", test_transitions);
    qtest_add_func("/spapr/eeh/disable", test_disable);
    qtest_add_func("/spapr/eeh/stopped", test_stopped);
    qtest_add_func("/spapr/eeh/reset", test_reset);
    qtest_add_func("/spapr/eeh/bridges", test_bridges);
    qtest_add_func("/spapr/eeh/messages", test_messages);
    qtest_add_func("/spapr/eeh/disconnect", test_disconnect);
    qtest_add_func("/spapr/eeh/log", test_log);
    qtest_add_func("/spapr/eeh/inject", test_inject);
    qtest_add_func("/spapr/eeh/user", test_user);
    qtest_add_func("/spapr/eeh/dma", test_dma);
    qtest_add_func("/spapr/eeh/migration", test_migration);
    qtest_add_func("/spapr/eeh/bad-migration", test_bad_migration);

    return g_test_run();
}
