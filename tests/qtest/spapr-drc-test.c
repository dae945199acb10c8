/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: connectors for dynamic reconfiguration, and what is plugged into PCI
 * slots and taken out of them, with the guest's part played by hand
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "hw/pci/pci_regs.h"
#include "spapr-qtest.h"

#include <libfdt.h>

#define RAM_SIZE        (256 * MiB)
#define BUFFER          (65 * MiB)
#define AREA            (66 * MiB)
#define AREA_SIZE       4096
#define VEC             (67 * MiB)
#define TREE            (68 * MiB)
#define TREE_SIZE       (2 * MiB)
#define LOG_MAX         2048

#define OK              0
#define NO_EVENT        1

/* ibm,configure-connector */
#define NEXT_SIBLING    1
#define NEXT_CHILD      2
#define NEXT_PROPERTY   3
#define PREVIOUS_PARENT 4

/* Indicators and the sensor */
#define ISOLATION       9001
#define LIGHT           9002
#define ENTITY          9003

#define ISOLATE         0
#define UNISOLATE       1

#define EMPTY           0
#define PRESENT         1

#define ADD             1
#define REMOVE          2

#define CLASS_INTERNAL  0x80000000
#define CLASS_HOTPLUG   0x10000000
#define IRQ_HOTPLUG     0x1001
#define VECTOR_EXTERNAL 0x500

/* Fixed part, extended part, main sections, and a hot plug section */
#define LOG_SECTION     (8 + 16 + 48 + 24)
#define LOG_SIZE        (LOG_SECTION + 16)

#define EVENTS_MAX      64

#define BUID_HI         0x08000000
#define BUID_LO         0x20000000
#define SLOT(bus, slot) (0x40000000 | (bus) << 8 | (slot) << 3)
#define ADDR(bus, slot, fn) ((bus) << 16 | (slot) << 11 | (fn) << 8)

#define RNG_ID          0x10051af4
#define EDU_ID          0x11e81234
#define NOTHING         0xffffffff

static int32_t set_indicator(SpaprRtasGuest *guest, uint32_t token,
                             uint32_t index, uint32_t state)
{
    return spapr_rtas_guest_status(guest, "set-indicator", token, index, state);
}

static int32_t try_sense(SpaprRtasGuest *guest, uint32_t index,
                         uint32_t *state)
{
    const uint32_t args[] = { ENTITY, index };
    uint32_t rets[2] = { 0 };

    spapr_rtas_guest_call(guest, "get-sensor-state", 2, args, 2, rets);
    *state = rets[1];
    return rets[0];
}

static uint32_t sense(SpaprRtasGuest *guest, uint32_t index)
{
    uint32_t state;

    g_assert_cmpint(try_sense(guest, index, &state), ==, OK);
    return state;
}

static int32_t set_power(SpaprRtasGuest *guest, uint32_t domain, uint32_t level,
                         uint32_t *actual)
{
    const uint32_t args[] = { domain, level };
    uint32_t rets[2] = { 0 };

    spapr_rtas_guest_call(guest, "set-power-level", 2, args, 2, rets);
    *actual = rets[1];
    return rets[0];
}

static int32_t get_power(SpaprRtasGuest *guest, uint32_t domain,
                         uint32_t *level)
{
    uint32_t rets[2] = { 0 };

    spapr_rtas_guest_call(guest, "get-power-level", 1, &domain, 2, rets);
    *level = rets[1];
    return rets[0];
}

static uint32_t power(SpaprRtasGuest *guest, uint32_t domain)
{
    uint32_t level;

    g_assert_cmpint(get_power(guest, domain, &level), ==, OK);
    return level;
}

static uint32_t config_read(SpaprRtasGuest *guest, uint32_t addr, uint32_t size)
{
    const uint32_t args[] = { addr, BUID_HI, BUID_LO, size };
    uint32_t rets[2];

    g_assert_cmpint(spapr_rtas_guest_call(guest, "ibm,read-pci-config", 4, args,
                                          2, rets), ==, OK);
    return rets[1];
}

static void config_write(SpaprRtasGuest *guest, uint32_t addr, uint32_t size,
                         uint32_t value)
{
    g_assert_cmpint(spapr_rtas_guest_status(guest, "ibm,write-pci-config",
                                            addr, BUID_HI, BUID_LO, size,
                                            value), ==, OK);
}

static void connect_slot(SpaprRtasGuest *guest, uint32_t index)
{
    uint32_t level;

    g_assert_cmpint(set_power(guest, index, 100, &level), ==, OK);
    g_assert_cmpuint(level, ==, 100);
    g_assert_cmpint(set_indicator(guest, ISOLATION, index, UNISOLATE), ==, OK);
}

static void plug(SpaprRtasGuest *guest, const char *driver, const char *id,
                 const char *bus, const char *addr)
{
    qtest_qmp_device_add(guest->qts, driver, id, "{ 'bus': %s, 'addr': %s }",
                         bus, addr);
}

/* What the user is told of a command that can't be */
static void expect_refused(QDict *reply, const char *word)
{
    const char *desc = qdict_get_str(qdict_get_qdict(reply, "error"), "desc");

    if (!strstr(desc, word)) {
        g_error("'%s' has no '%s'", desc, word);
    }
    g_assert_null(strchr(desc, '\n'));
    qobject_unref(reply);
}

static void plug_refused(SpaprRtasGuest *guest, const char *driver,
                         const char *bus, const char *addr, const char *word)
{
    expect_refused(qtest_qmp(guest->qts, "{ 'execute': 'device_add', "
                             "'arguments': { 'driver': %s, 'id': 'no', "
                             "'bus': %s, 'addr': %s, "
                             "'multifunction': true } }", driver, bus, addr),
                   word);
}

static void unplug(SpaprRtasGuest *guest, const char *id)
{
    qtest_qmp_device_del_send(guest->qts, id);
}

static void unplug_refused(SpaprRtasGuest *guest, const char *id,
                           const char *word)
{
    expect_refused(qtest_qmp(guest->qts, "{ 'execute': 'device_del', "
                             "'arguments': { 'id': %s } }", id), word);
}

/* The event tells of the device with this id, or else of a part of one */
static void expect_event(SpaprRtasGuest *guest, const char *name,
                         const char *id)
{
    for (;;) {
        QDict *event = qtest_qmp_eventwait_ref(guest->qts, name);
        QDict *data = qdict_get_qdict(event, "data");
        const char *device = qdict_get_try_str(data, "device");
        bool found = device != NULL;

        if (found) {
            g_assert_cmpstr(device, ==, id);
        }
        qobject_unref(event);
        if (found) {
            break;
        }
    }
}

static void expect_deleted(SpaprRtasGuest *guest, const char *id)
{
    expect_event(guest, "DEVICE_DELETED", id);
}

static bool has_device(SpaprRtasGuest *guest, const char *id)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);
    QDict *reply = qtest_qmp(guest->qts, "{ 'execute': 'qom-get', "
                             "'arguments': { 'path': %s, "
                             "'property': 'type' } }", path);
    bool has = qdict_haskey(reply, "return");

    qobject_unref(reply);
    return has;
}

/* Events */

static int32_t scan(SpaprRtasGuest *guest, uint32_t mask)
{
    return spapr_rtas_guest_status(guest, "event-scan", mask, 0, BUFFER,
                                   LOG_MAX);
}

/* The log that is in the buffer */
static void check_log(SpaprRtasGuest *guest, uint8_t action, uint32_t index)
{
    QTestState *qts = guest->qts;

    /* Version 6, an event, extended; hot plug */
    g_assert_cmphex(qtest_readl(qts, BUFFER), ==, 0x062400e5);
    g_assert_cmpuint(qtest_readl(qts, BUFFER + 4), ==, LOG_SIZE - 8);
    /* I/O subsystem, no error */
    g_assert_cmphex(qtest_readl(qts, BUFFER + 72 + 8), ==, 0x30000000);
    /* "HP", 16 bytes; PCI, the action, by index */
    g_assert_cmphex(qtest_readl(qts, BUFFER + LOG_SECTION), ==, 0x48500010);
    g_assert_cmphex(qtest_readl(qts, BUFFER + LOG_SECTION + 8), ==,
                    0x05000200 | action << 16);
    g_assert_cmphex(qtest_readl(qts, BUFFER + LOG_SECTION + 12), ==, index);
}

static void expect_log(SpaprRtasGuest *guest, uint8_t action, uint32_t index)
{
    qtest_memset(guest->qts, BUFFER, 0xa5, LOG_MAX);
    g_assert_cmpint(scan(guest, NOTHING), ==, OK);
    check_log(guest, action, index);
    spapr_qtest_untouched(guest->qts, BUFFER + LOG_SIZE, LOG_MAX - LOG_SIZE);
    /* One in a sequence of calls */
    g_assert_cmpint(scan(guest, NOTHING), ==, NO_EVENT);
}

static void expect_no_log(SpaprRtasGuest *guest)
{
    g_assert_cmpint(scan(guest, NOTHING), ==, NO_EVENT);
}

/*
 * ibm,configure-connector
 */

static int32_t configure(SpaprRtasGuest *guest)
{
    return spapr_rtas_guest_status(guest, "ibm,configure-connector", AREA, 0);
}

static void configure_begin(SpaprRtasGuest *guest, uint32_t index)
{
    qtest_memset(guest->qts, AREA, 0xa5, AREA_SIZE + 16);
    qtest_writel(guest->qts, AREA, index);
    qtest_writel(guest->qts, AREA + 4, 0);
}

/* A string in the work area, for g_free() */
static char *area_string(SpaprRtasGuest *guest, unsigned cell)
{
    uint32_t offset = qtest_readl(guest->qts, AREA + cell * 4);
    char *string;

    g_assert_cmpuint(offset, >=, 20);
    g_assert_cmpuint(offset, <, AREA_SIZE);
    string = g_malloc(AREA_SIZE - offset);
    qtest_memread(guest->qts, AREA + offset, string, AREA_SIZE - offset);
    g_assert_nonnull(memchr(string, '\0', AREA_SIZE - offset));
    return string;
}

/*
 * Build a tree of all that a connector tells, below a root without properties.
 * Returns: the tree, for g_free(), and the number of calls.
 */
static void *configure_all(SpaprRtasGuest *guest, uint32_t index,
                           unsigned *calls)
{
    void *fdt = g_malloc(64 * KiB);
    int depth = 0;
    int32_t status;

    g_assert_cmpint(fdt_create(fdt, 64 * KiB), ==, 0);
    g_assert_cmpint(fdt_finish_reservemap(fdt), ==, 0);
    g_assert_cmpint(fdt_begin_node(fdt, ""), ==, 0);
    configure_begin(guest, index);
    for (*calls = 1; (status = configure(guest)) != OK; ++*calls) {
        g_autofree char *name = NULL;
        g_autofree char *value = NULL;

        switch (status) {
        case NEXT_SIBLING:
            g_assert_cmpint(fdt_end_node(fdt), ==, 0);
            depth--;
            /* fall through */
        case NEXT_CHILD:
            name = area_string(guest, 2);
            g_assert_cmpint(fdt_begin_node(fdt, name), ==, 0);
            depth++;
            break;
        case NEXT_PROPERTY:
            name = area_string(guest, 2);
            value = g_malloc(AREA_SIZE);
            qtest_memread(guest->qts,
                          AREA + qtest_readl(guest->qts, AREA + 16), value,
                          qtest_readl(guest->qts, AREA + 12));
            g_assert_cmpint(fdt_property(fdt, name, value,
                                         qtest_readl(guest->qts, AREA + 12)),
                            ==, 0);
            break;
        case PREVIOUS_PARENT:
            g_assert_cmpint(fdt_end_node(fdt), ==, 0);
            depth--;
            break;
        default:
            g_error("status %d", status);
        }
        g_assert_cmpint(depth, >=, 1);
        g_assert_cmpuint(*calls, <, 1000);
        spapr_qtest_untouched(guest->qts, AREA + AREA_SIZE, 16);
    }
    for (; depth >= 0; depth--) {
        g_assert_cmpint(fdt_end_node(fdt), ==, 0);
    }
    g_assert_cmpint(fdt_finish(fdt), ==, 0);
    return fdt;
}

static int node_at(const void *fdt, const char *path)
{
    int node = fdt_path_offset(fdt, path);

    if (node < 0) {
        g_error("no node %s", path);
    }
    return node;
}

static uint32_t prop_cell(const void *fdt, int node, const char *name,
                          unsigned i)
{
    int len;
    const fdt32_t *cells = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(cells);
    g_assert_cmpint(len, >, i * 4);
    return fdt32_to_cpu(cells[i]);
}

/* String number @n behind a count */
static const char *prop_name(const void *fdt, int node, const char *name,
                             unsigned n)
{
    const char *string = fdt_getprop(fdt, node, name, NULL);

    g_assert_nonnull(string);
    for (string += 4; n; n--) {
        string += strlen(string) + 1;
    }
    return string;
}

#define PHB "/pci@800000020000000"

/*
 * The tree
 */

static void check_connectors(const void *fdt, int node, unsigned count,
                             const char *location, uint32_t index)
{
    int len;

    fdt_getprop(fdt, node, "ibm,drc-indexes", &len);
    g_assert_cmpint(len, ==, 4 + count * 4);
    fdt_getprop(fdt, node, "ibm,drc-power-domains", &len);
    g_assert_cmpint(len, ==, 4 + count * 4);
    fdt_getprop(fdt, node, "ibm,drc-types", &len);
    g_assert_cmpint(len, ==, 4 + count * 2);
    g_assert_cmpuint(prop_cell(fdt, node, "ibm,drc-indexes", 0), ==, count);
    g_assert_cmpuint(prop_cell(fdt, node, "ibm,drc-names", 0), ==, count);
    g_assert_cmpuint(prop_cell(fdt, node, "ibm,drc-types", 0), ==, count);
    g_assert_cmpuint(prop_cell(fdt, node, "ibm,drc-power-domains", 0), ==,
                     count);
    g_assert_cmphex(prop_cell(fdt, node, "ibm,drc-indexes", 1), ==, index);
    g_assert_cmphex(prop_cell(fdt, node, "ibm,drc-power-domains", 1), ==,
                    index);
    for (unsigned i = 0; i < count; i++) {
        const char *name = prop_name(fdt, node, "ibm,drc-names", i);

        g_assert_cmpstr(prop_name(fdt, node, "ibm,drc-types", i), ==, "8");
        g_assert_nonnull(strstr(name, "-C"));
    }
    g_assert_true(g_str_has_suffix(prop_name(fdt, node, "ibm,drc-names", 0),
                                   location));
}

/* Slots with a bridge are none, nor those of a bus with another way to plug */
static void test_tree(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=3 "
        "-device pci-bridge,chassis_nr=1,id=b,addr=5.0,multifunction=on "
        "-device edu,bus=b,addr=7 -device pci-bridge,shpc=on,chassis_nr=2,"
        "id=c,addr=5.1 -device edu,bus=c,addr=7");
    int phb = node_at(guest.fdt, PHB);
    int node = node_at(guest.fdt, PHB "/pci@5");

    check_connectors(guest.fdt, phb, 31, "-P1-C1", SLOT(0, 0));
    for (unsigned i = 0; i < 31; i++) {
        g_assert_cmphex(prop_cell(guest.fdt, phb, "ibm,drc-indexes", 1 + i), ==,
                        SLOT(0, i < 5 ? i : i + 1));
    }
    g_assert_null(fdt_getprop(guest.fdt, phb, "ibm,my-drc-index", NULL));
    g_assert_null(fdt_getprop(guest.fdt, node, "ibm,my-drc-index", NULL));
    check_connectors(guest.fdt, node, 32, "-P1-C6-C1", SLOT(1, 0));
    g_assert_cmphex(prop_cell(guest.fdt, node_at(guest.fdt,
                              PHB "/legacy-device@3"), "ibm,my-drc-index", 0),
                    ==, SLOT(0, 3));
    g_assert_cmphex(prop_cell(guest.fdt, node_at(guest.fdt,
                              PHB "/pci@5/legacy-device@7"),
                              "ibm,my-drc-index", 0), ==, SLOT(1, 7));
    node = node_at(guest.fdt, PHB "/pci@5,1");
    g_assert_null(fdt_getprop(guest.fdt, node, "ibm,drc-indexes", NULL));
    node = node_at(guest.fdt, PHB "/pci@5,1/legacy-device@7");
    g_assert_null(fdt_getprop(guest.fdt, node, "ibm,my-drc-index", NULL));
    spapr_rtas_guest_stop(&guest);
}

/*
 * Each call and each of its codes
 */

static const uint32_t no_connectors[] = {
    0, 1, SLOT(0, 0) - 8, SLOT(0, 3) + 1, SLOT(0, 3) + 4, SLOT(0, 5),
    SLOT(2, 0), SLOT(0, 0) | 1 << 16,
    0x30000000, 0x80000000, 0xffffffff,
};

static SpaprRtasGuest codes_guest(void)
{
    return spapr_rtas_guest_start("-device edu,addr=3 "
        "-device pci-bridge,chassis_nr=1,id=b,addr=5 ");
}

static void test_sense(void)
{
    SpaprRtasGuest guest = codes_guest();
    uint32_t state;

    for (unsigned i = 0; i < ARRAY_SIZE(no_connectors); i++) {
        g_assert_cmpint(try_sense(&guest, no_connectors[i], &state), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    g_assert_cmpuint(sense(&guest, SLOT(0, 3)), ==, PRESENT);
    g_assert_cmpuint(sense(&guest, SLOT(0, 4)), ==, EMPTY);
    g_assert_cmpuint(sense(&guest, SLOT(1, 1)), ==, EMPTY);
    spapr_rtas_guest_stop(&guest);
}

static void test_indicators(void)
{
    static const struct {
        uint32_t token, states;
    } indicators[] = { { ISOLATION, 2 }, { LIGHT, 4 } };
    SpaprRtasGuest guest = codes_guest();

    for (unsigned k = 0; k < ARRAY_SIZE(indicators); k++) {
        uint32_t token = indicators[k].token, states = indicators[k].states;

        for (unsigned i = 0; i < ARRAY_SIZE(no_connectors); i++) {
            g_assert_cmpint(set_indicator(&guest, token, no_connectors[i], 1),
                            ==, RTAS_OUT_PARAM_ERROR);
        }
        /* Once more is no error, nor is an empty slot */
        for (uint32_t state = 0; state < states; state++) {
            for (unsigned slot = 3; slot <= 4; slot++) {
                for (unsigned n = 0; n < 2; n++) {
                    g_assert_cmpint(set_indicator(&guest, token, SLOT(0, slot),
                                                  state), ==, OK);
                }
            }
        }
        g_assert_cmpint(set_indicator(&guest, token, SLOT(0, 3), states), ==,
                        RTAS_OUT_PARAM_ERROR);
        g_assert_cmpint(set_indicator(&guest, token, SLOT(0, 3), UINT32_MAX),
                        ==, RTAS_OUT_PARAM_ERROR);
    }
    /* allocation-state is for what is no physical entity */
    g_assert_cmpint(set_indicator(&guest, ENTITY, SLOT(0, 3), 1), ==,
                    RTAS_OUT_PARAM_ERROR);
    spapr_rtas_guest_stop(&guest);
}

static void test_power(void)
{
    SpaprRtasGuest guest = codes_guest();
    uint32_t level;

    for (unsigned i = 0; i < ARRAY_SIZE(no_connectors); i++) {
        /* Domain 0 is the whole partition's */
        if (no_connectors[i]) {
            g_assert_cmpint(set_power(&guest, no_connectors[i], 100, &level),
                            ==, RTAS_OUT_PARAM_ERROR);
            g_assert_cmpint(get_power(&guest, no_connectors[i], &level), ==,
                            RTAS_OUT_PARAM_ERROR);
        }
    }
    g_assert_cmpuint(power(&guest, SLOT(0, 3)), ==, 100);
    g_assert_cmpuint(power(&guest, SLOT(0, 4)), ==, 0);
    g_assert_cmpint(set_power(&guest, SLOT(0, 3), 1, &level), ==,
                    RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(set_power(&guest, SLOT(0, 3), 101, &level), ==,
                    RTAS_OUT_PARAM_ERROR);
    g_assert_cmpuint(power(&guest, SLOT(0, 3)), ==, 100);

    /* Without power there is nothing */
    g_assert_cmphex(config_read(&guest, ADDR(0, 3, 0), 4), ==, EDU_ID);
    g_assert_cmpint(set_power(&guest, SLOT(0, 3), 0, &level), ==, OK);
    g_assert_cmpuint(level, ==, 0);
    g_assert_cmpuint(power(&guest, SLOT(0, 3)), ==, 0);
    g_assert_cmphex(config_read(&guest, ADDR(0, 3, 0), 4), ==, NOTHING);
    g_assert_cmpuint(sense(&guest, SLOT(0, 3)), ==, PRESENT);
    g_assert_cmpint(set_power(&guest, SLOT(0, 3), 100, &level), ==, OK);
    g_assert_cmphex(config_read(&guest, ADDR(0, 3, 0), 4), ==, EDU_ID);
    g_assert_cmpint(set_power(&guest, SLOT(0, 4), 100, &level), ==, OK);
    g_assert_cmpuint(power(&guest, SLOT(0, 4)), ==, 100);
    g_assert_cmphex(config_read(&guest, ADDR(0, 4, 0), 4), ==, NOTHING);
    spapr_rtas_guest_stop(&guest);
}

static void test_configure(void)
{
    static const uint32_t no_memory[] = { RAM_SIZE, RAM_SIZE - AREA_SIZE + 1,
                                          0xfffff000 };
    SpaprRtasGuest guest = codes_guest();
    uint32_t level;

    for (unsigned i = 0; i < ARRAY_SIZE(no_memory); i++) {
        g_assert_cmpint(spapr_rtas_guest_status(&guest,
                                                "ibm,configure-connector",
                                                no_memory[i], 0), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(no_connectors); i++) {
        configure_begin(&guest, no_connectors[i]);
        g_assert_cmpint(configure(&guest), ==, RTAS_OUT_PARAM_ERROR);
    }
    /* There is nothing, or nothing that can be reached */
    configure_begin(&guest, SLOT(0, 4));
    g_assert_cmpint(configure(&guest), ==, OK);
    configure_begin(&guest, SLOT(0, 3));
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(0, 3), ISOLATE), ==,
                    OK);
    g_assert_cmpint(configure(&guest), ==, OK);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(0, 3), UNISOLATE),
                    ==, OK);
    g_assert_cmpint(set_power(&guest, SLOT(0, 3), 0, &level), ==, OK);
    g_assert_cmpint(configure(&guest), ==, OK);
    spapr_qtest_untouched(guest.qts, AREA + 8, AREA_SIZE - 8);

    /* Wherever the guest says that we are, there is an end */
    g_assert_cmpint(set_power(&guest, SLOT(0, 3), 100, &level), ==, OK);
    g_assert_cmpint(configure(&guest), ==, NEXT_CHILD);
    qtest_writel(guest.qts, AREA + 4, UINT32_MAX);
    g_assert_cmpint(configure(&guest), ==, OK);
    qtest_writel(guest.qts, AREA + 4, 1000);
    g_assert_cmpint(configure(&guest), ==, OK);
    /* The area need not begin at a page */
    qtest_writel(guest.qts, AREA + 4, 0);
    qtest_writel(guest.qts, AREA + 12, SLOT(0, 3));
    qtest_writel(guest.qts, AREA + 16, 0);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,configure-connector",
                                            AREA + 12, 0), ==, NEXT_CHILD);
    spapr_rtas_guest_stop(&guest);
}

/*
 * Lives
 */

static void expect_compatible(const void *fdt, int node, const char *name)
{
    g_assert_cmpint(fdt_stringlist_search(fdt, node, "compatible", name), >=,
                    0);
}

/* A device comes, is used, and goes */
static void test_life(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    uint32_t index = SLOT(0, 9), addr = ADDR(0, 9, 0), level;
    g_autofree void *fdt = NULL;
    unsigned calls;
    int node, len;

    g_assert_cmpuint(sense(&guest, index), ==, EMPTY);
    expect_no_log(&guest);
    plug(&guest, "virtio-rng-pci", "dev", "pci.0", "9");
    g_assert_cmpuint(sense(&guest, index), ==, PRESENT);
    /* Whoever looks before he does anything finds it */
    g_assert_cmphex(config_read(&guest, addr, 4), ==, RNG_ID);
    g_assert_cmpuint(power(&guest, index), ==, 0);
    /* Other classes of events have nothing to do with it */
    g_assert_cmpint(scan(&guest, ~CLASS_HOTPLUG), ==, NO_EVENT);
    expect_log(&guest, ADD, index);
    expect_no_log(&guest);

    g_assert_cmpint(set_power(&guest, index, 100, &level), ==, OK);
    g_assert_cmphex(config_read(&guest, addr, 4), ==, NOTHING);
    configure_begin(&guest, index);
    g_assert_cmpint(configure(&guest), ==, OK);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, UNISOLATE), ==, OK);
    g_assert_cmphex(config_read(&guest, addr, 4), ==, RNG_ID);

    /* Twice, as whoever has lost his way begins anew */
    g_free(configure_all(&guest, index, &calls));
    fdt = configure_all(&guest, index, &calls);
    g_assert_cmpuint(calls, >, 15);
    node = node_at(fdt, "/legacy-device@9");
    g_assert_cmpint(fdt_next_subnode(fdt, node), <, 0);
    g_assert_cmphex(prop_cell(fdt, node, "ibm,my-drc-index", 0), ==, index);
    g_assert_cmphex(prop_cell(fdt, node, "ibm,phandle", 0), ==, index);
    g_assert_cmphex(prop_cell(fdt, node, "vendor-id", 0), ==, 0x1af4);
    g_assert_cmphex(prop_cell(fdt, node, "device-id", 0), ==, 0x1005);
    g_assert_cmphex(prop_cell(fdt, node, "class-code", 0), ==, 0x00ff00);
    g_assert_cmphex(prop_cell(fdt, node, "reg", 0), ==, addr);
    g_assert_cmpuint(prop_cell(fdt, node, "ibm,req#msi-x", 0), >, 0);
    g_assert_cmpstr(fdt_getprop(fdt, node, "name", &len), ==, "legacy-device");
    g_assert_true(g_str_has_suffix(fdt_getprop(fdt, node, "ibm,loc-code", NULL),
                                   "-P1-C10-T1"));
    expect_compatible(fdt, node, "pci1af4,1005.1af4.4.0");
    expect_compatible(fdt, node, "pci1af4,1005.1af4.4");
    expect_compatible(fdt, node, "pci1af4,4");
    expect_compatible(fdt, node, "pci1af4,1005.0");
    expect_compatible(fdt, node, "pci1af4,1005");
    expect_compatible(fdt, node, "pciclass,00ff00");
    expect_compatible(fdt, node, "pciclass,00ff");

    unplug(&guest, "dev");
    g_assert_true(has_device(&guest, "dev"));
    expect_log(&guest, REMOVE, index);
    g_assert_cmpint(set_indicator(&guest, LIGHT, index, 1), ==, OK);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    expect_deleted(&guest, "dev");
    g_assert_false(has_device(&guest, "dev"));
    g_assert_cmpint(set_power(&guest, index, 0, &level), ==, OK);
    g_assert_cmpuint(sense(&guest, index), ==, EMPTY);
    g_assert_cmphex(config_read(&guest, addr, 4), ==, NOTHING);
    expect_no_log(&guest);

    /* Another one in its place */
    plug(&guest, "edu", "other", "pci.0", "9");
    expect_log(&guest, ADD, index);
    connect_slot(&guest, index);
    g_assert_cmphex(config_read(&guest, addr, 4), ==, EDU_ID);
    spapr_rtas_guest_stop(&guest);
}

/* Plug in an "edu", with 1 MiB of memory; where it gets that */
static uint32_t plug_edu(SpaprRtasGuest *guest, const char *id, const char *bus,
                         unsigned number, unsigned slot)
{
    g_autofree char *addr = g_strdup_printf("0x%x", slot);
    g_autofree char *path = g_strdup_printf("/legacy-device@%x", slot);
    g_autofree void *fdt = NULL;
    uint32_t where;
    unsigned calls;

    plug(guest, "edu", id, bus, addr);
    connect_slot(guest, SLOT(number, slot));
    fdt = configure_all(guest, SLOT(number, slot), &calls);
    where = config_read(guest, ADDR(number, slot, 0) | PCI_BASE_ADDRESS_0, 4);
    if (where) {
        int node = node_at(fdt, path);

        g_assert_cmphex(prop_cell(fdt, node, "assigned-addresses", 0), ==,
                        0x82000000 | ADDR(number, slot, 0) |
                        PCI_BASE_ADDRESS_0);
        g_assert_cmphex(prop_cell(fdt, node, "assigned-addresses", 2), ==,
                        where);
    }
    return where;
}

/* What comes gets addresses that nobody has, if there are any */
static void test_addresses(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device pci-bridge,chassis_nr=1,id=bridge,addr=2 "
        "-device edu,addr=3 -device edu,addr=4");
    uint32_t bridge = ADDR(0, 2, 0), level;

    config_write(&guest, ADDR(0, 3, 0) | PCI_BASE_ADDRESS_0, 4, 0x80000000);
    config_write(&guest, ADDR(0, 4, 0) | PCI_BASE_ADDRESS_0, 4, 0x80200000);
    config_write(&guest, bridge | PCI_MEMORY_BASE, 2, 0x8030);
    config_write(&guest, bridge | PCI_MEMORY_LIMIT, 2, 0x8040);
    config_write(&guest, bridge | PCI_PREF_MEMORY_BASE, 2, 0xfff0);
    config_write(&guest, bridge | PCI_PREF_MEMORY_LIMIT, 2, 0);
    g_assert_cmphex(plug_edu(&guest, "a", "pci.0", 0, 9), ==, 0x80100000);
    g_assert_cmphex(plug_edu(&guest, "b", "pci.0", 0, 0xa), ==, 0x80500000);
    g_assert_cmphex(plug_edu(&guest, "c", "bridge", 1, 5), ==, 0x80300000);
    g_assert_cmphex(plug_edu(&guest, "d", "bridge", 1, 4), ==, 0x80400000);
    g_assert_cmphex(plug_edu(&guest, "e", "bridge", 1, 6), ==, 0);

    /* A place that is given up is free */
    unplug(&guest, "c");
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(1, 5), ISOLATE), ==,
                    OK);
    expect_deleted(&guest, "c");
    g_assert_cmpint(set_power(&guest, SLOT(0, 9), 0, &level), ==, OK);
    g_assert_cmphex(plug_edu(&guest, "f", "bridge", 1, 7), ==, 0x80300000);
    g_assert_cmphex(plug_edu(&guest, "g", "pci.0", 0, 0xb), ==, 0x80100000);
    spapr_rtas_guest_stop(&guest);
}

/* One that was there from the start */
static void test_cold(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=9,id=dev");
    uint32_t index = SLOT(0, 9);

    g_assert_cmphex(config_read(&guest, ADDR(0, 9, 0), 4), ==, EDU_ID);
    expect_no_log(&guest);
    unplug(&guest, "dev");
    expect_log(&guest, REMOVE, index);
    /* Nobody is in a hurry */
    g_assert_true(has_device(&guest, "dev"));
    g_assert_cmphex(config_read(&guest, ADDR(0, 9, 0), 4), ==, EDU_ID);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    expect_deleted(&guest, "dev");
    g_assert_cmpuint(sense(&guest, index), ==, EMPTY);
    /* As often as it likes */
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    spapr_rtas_guest_stop(&guest);
}

/* What the guest isolates of its own will is reset, and stays where it is */
static void test_isolate(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=9,id=dev");
    uint32_t index = SLOT(0, 9), addr = ADDR(0, 9, 0);
    const uint32_t msi[] = { addr, BUID_HI, BUID_LO, 1, 1, 1 };
    const uint32_t query[] = { addr, BUID_HI, BUID_LO, 0, 0, 1 };
    uint32_t rets[3];

    config_write(&guest, addr | PCI_BASE_ADDRESS_0, 4, 0x80000000);
    config_write(&guest, addr | PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_assert_cmpint(spapr_rtas_guest_call(&guest, "ibm,change-msi", 6, msi, 3,
                                          rets), ==, OK);
    g_assert_cmpuint(rets[1], ==, 1);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    g_assert_cmphex(config_read(&guest, addr | PCI_BASE_ADDRESS_0, 4), ==,
                    NOTHING);
    g_assert_cmpint(spapr_rtas_guest_call(&guest, "ibm,change-msi", 6, query, 3,
                                          rets), ==, RTAS_OUT_PARAM_ERROR);
    config_write(&guest, addr | PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_assert_true(has_device(&guest, "dev"));
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, UNISOLATE), ==, OK);
    g_assert_cmphex(config_read(&guest, addr | PCI_BASE_ADDRESS_0, 4), ==, 0);
    g_assert_cmphex(config_read(&guest, addr | PCI_COMMAND, 2), ==, 0);
    g_assert_cmpint(spapr_rtas_guest_call(&guest, "ibm,change-msi", 6, query, 3,
                                          rets), ==, OK);
    g_assert_cmpuint(rets[1], ==, 0);

    /* While it is isolated, it may go without a word */
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    unplug(&guest, "dev");
    expect_deleted(&guest, "dev");
    expect_no_log(&guest);
    spapr_rtas_guest_stop(&guest);
}

/* Functions come with function 0, and go with it */
static void test_functions(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    uint32_t index = SLOT(0, 9);
    g_autofree void *fdt = NULL;
    unsigned calls;

    plug(&guest, "edu", "f2", "pci.0", "9.2");
    g_assert_cmpuint(sense(&guest, index), ==, EMPTY);
    g_assert_cmphex(config_read(&guest, ADDR(0, 9, 2), 4), ==, NOTHING);
    expect_no_log(&guest);
    /* Without function 0 the guest has never seen it, and need not be asked */
    unplug(&guest, "f2");
    expect_deleted(&guest, "f2");
    plug(&guest, "edu", "f2", "pci.0", "9.2");
    plug(&guest, "virtio-rng-pci", "f5", "pci.0", "9.5");
    qtest_qmp_device_add(guest.qts, "virtio-rng-pci", "f0",
                         "{ 'bus': 'pci.0', 'addr': '9.0', "
                         "'multifunction': true }");
    expect_log(&guest, ADD, index);
    expect_no_log(&guest);
    connect_slot(&guest, index);
    g_assert_cmphex(config_read(&guest, ADDR(0, 9, 2), 4), ==, EDU_ID);
    fdt = configure_all(&guest, index, &calls);
    g_assert_cmphex(prop_cell(fdt, node_at(fdt, "/legacy-device@9"),
                              "ibm,phandle", 0), ==, index);
    g_assert_cmphex(prop_cell(fdt, node_at(fdt, "/legacy-device@9,2"),
                              "ibm,phandle", 0), ==, index | 2);
    g_assert_cmphex(prop_cell(fdt, node_at(fdt, "/legacy-device@9,5"),
                              "ibm,my-drc-index", 0), ==, index);
    plug_refused(&guest, "edu", "pci.0", "9.3", "function 0 already occupied");
    unplug_refused(&guest, "f2", "f2: function 2 of slot 9 goes when");
    expect_no_log(&guest);
    unplug(&guest, "f0");
    expect_log(&guest, REMOVE, index);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    expect_deleted(&guest, "f5");
    expect_deleted(&guest, "f2");
    expect_deleted(&guest, "f0");
    spapr_rtas_guest_stop(&guest);
}

/* Nor does a slot go with something in it that can't */
static void test_staying_function(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device edu,addr=3.0,id=edu,multifunction=on "
        "-device VGA,addr=3.1,id=vga");

    unplug_refused(&guest, "edu", "function 1 of slot 3, a VGA, can't be");
    expect_no_log(&guest);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(0, 3), ISOLATE), ==,
                    OK);
    g_assert_true(has_device(&guest, "edu"));
    g_assert_true(has_device(&guest, "vga"));
    spapr_rtas_guest_stop(&guest);
}

/* Behind a bridge it is the same, but bridges themselves stay */
static void test_bridge(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device pci-bridge,chassis_nr=1,id=b,addr=5 "
        "-device pci-bridge,chassis_nr=2,id=c,bus=b,addr=3 "
        "-device edu,addr=6.1,id=e,multifunction=on "
        "-device pci-bridge,chassis_nr=3,id=d,addr=6,multifunction=on");
    g_autofree void *fdt = NULL;
    unsigned calls;

    plug_refused(&guest, "pci-bridge", "pci.0", "7", "must be there when");
    plug_refused(&guest, "edu", "pci.0", "5.1", "already occupied");
    unplug_refused(&guest, "b", "b: the slot can't be emptied");
    unplug_refused(&guest, "e", "e: the slot can't be emptied");
    expect_no_log(&guest);
    plug(&guest, "edu", "dev", "c", "8");
    expect_log(&guest, ADD, SLOT(2, 8));
    connect_slot(&guest, SLOT(2, 8));
    g_assert_cmphex(config_read(&guest, ADDR(2, 8, 0), 4), ==, EDU_ID);
    fdt = configure_all(&guest, SLOT(2, 8), &calls);
    g_assert_cmphex(prop_cell(fdt, node_at(fdt, "/legacy-device@8"), "reg", 0),
                    ==, ADDR(2, 8, 0));
    g_assert_true(g_str_has_suffix(
        fdt_getprop(fdt, node_at(fdt, "/legacy-device@8"), "ibm,loc-code",
                    NULL), "-P1-C6-C4-C9-T1"));
    unplug(&guest, "dev");
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(2, 8), ISOLATE), ==,
                    OK);
    expect_deleted(&guest, "dev");
    spapr_rtas_guest_stop(&guest);
}

/* Another host bridge has connectors of its own */
static void test_host_bridge(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device spapr-pci-host-bridge,index=7,id=h");
    uint32_t index = SLOT(0, 4) | 7 << 16;
    g_autofree void *fdt = NULL;
    unsigned calls;

    check_connectors(guest.fdt, node_at(guest.fdt, PHB), 32, "-P1-C1",
                     SLOT(0, 0));
    check_connectors(guest.fdt, node_at(guest.fdt, "/pci@800000020000007"), 32,
                     "-P8-C1", SLOT(0, 0) | 7 << 16);
    plug(&guest, "edu", "dev", "h.0", "4");
    expect_log(&guest, ADD, index);
    g_assert_cmpuint(sense(&guest, index), ==, PRESENT);
    g_assert_cmpuint(sense(&guest, SLOT(0, 4)), ==, EMPTY);
    connect_slot(&guest, index);
    fdt = configure_all(&guest, index, &calls);
    g_assert_cmphex(prop_cell(fdt, node_at(fdt, "/legacy-device@4"),
                              "ibm,phandle", 0), ==, index);
    unplug(&guest, "dev");
    expect_log(&guest, REMOVE, index);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    expect_deleted(&guest, "dev");
    spapr_rtas_guest_stop(&guest);
}

/* Where a function other than 0 of a slot is a bridge */
static void test_bridge_function(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device pci-bridge,chassis_nr=1,id=b,addr=5.1");

    plug_refused(&guest, "edu", "pci.0", "5.0", "slot 5 has a PCI bridge");
    g_assert_false(has_device(&guest, "no"));
    plug_refused(&guest, "edu", "pci.0", "5.2", "slot 5 has a PCI bridge");
    expect_no_log(&guest);
    spapr_rtas_guest_stop(&guest);
}

/* Resets in between */
static void test_reset(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=3,id=cold");
    g_autofree void *fdt = NULL;

    /* A guest that begins finds what has been plugged in */
    plug(&guest, "edu", "dev", "pci.0", "9");
    qtest_system_reset(guest.qts);
    expect_no_log(&guest);
    g_assert_cmphex(config_read(&guest, ADDR(0, 9, 0), 4), ==, EDU_ID);
    g_assert_cmpuint(power(&guest, SLOT(0, 9)), ==, 100);
    fdt = spapr_qtest_fdt(guest.qts);
    node_at(fdt, PHB "/legacy-device@3");
    node_at(fdt, PHB "/legacy-device@9");

    /* It was asked, and gave no answer */
    unplug(&guest, "dev");
    unplug(&guest, "cold");
    qtest_system_reset_nowait(guest.qts);
    expect_deleted(&guest, "cold");
    expect_deleted(&guest, "dev");
    expect_no_log(&guest);
    g_assert_cmpuint(sense(&guest, SLOT(0, 3)), ==, EMPTY);
    g_assert_cmpuint(sense(&guest, SLOT(0, 9)), ==, EMPTY);
    g_assert_cmpuint(power(&guest, SLOT(0, 9)), ==, 0);

    /* What it has isolated is there again */
    plug(&guest, "edu", "dev", "pci.0", "9");
    qtest_system_reset(guest.qts);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(0, 9), ISOLATE), ==,
                    OK);
    g_assert_cmphex(config_read(&guest, ADDR(0, 9, 0), 4), ==, NOTHING);
    qtest_system_reset(guest.qts);
    g_assert_cmphex(config_read(&guest, ADDR(0, 9, 0), 4), ==, EDU_ID);
    spapr_rtas_guest_stop(&guest);
}

/* The guest keeps what it has been asked for */
static void test_refusal(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=9,id=dev");
    uint32_t index = SLOT(0, 9);

    unplug(&guest, "dev");
    expect_log(&guest, REMOVE, index);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, UNISOLATE), ==, OK);
    expect_event(&guest, "DEVICE_UNPLUG_GUEST_ERROR", "dev");
    /* No more is wanted of it */
    g_assert_cmphex(config_read(&guest, ADDR(0, 9, 0), 4), ==, EDU_ID);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    g_assert_true(has_device(&guest, "dev"));
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, UNISOLATE), ==, OK);
    qtest_system_reset(guest.qts);
    g_assert_true(has_device(&guest, "dev"));
    /* Asked again, it gives in */
    unplug(&guest, "dev");
    expect_log(&guest, REMOVE, index);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    expect_deleted(&guest, "dev");
    spapr_rtas_guest_stop(&guest);
}

/* A user who thinks better of it, before the guest knows */
static void test_in_vain(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    uint32_t index = SLOT(0, 9);

    plug(&guest, "edu", "dev", "pci.0", "9");
    unplug(&guest, "dev");
    expect_deleted(&guest, "dev");
    /* An interrupt may be on its way, so it finds an event */
    expect_log(&guest, ADD, index);
    expect_no_log(&guest);
    g_assert_cmpuint(sense(&guest, index), ==, EMPTY);
    connect_slot(&guest, index);
    configure_begin(&guest, index);
    g_assert_cmpint(configure(&guest), ==, OK);
    /* What comes into a slot that is ready is isolated for all that */
    plug(&guest, "edu", "dev", "pci.0", "9");
    configure_begin(&guest, index);
    g_assert_cmpint(configure(&guest), ==, OK);
    g_assert_cmpuint(power(&guest, index), ==, 0);
    expect_log(&guest, ADD, index);
    spapr_rtas_guest_stop(&guest);
}

/* Errors are told first, and in each sequence of calls one thing */
static void test_scan(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    uint32_t rets[2];

    plug(&guest, "edu", "dev", "pci.0", "9");
    spapr_rtas_guest_call(&guest, "ibm,open-errinjct", 0, NULL, 2, rets);
    /* The second class is "recovered-random-event" */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,errinjct", 2, rets[0],
                                            BUFFER), ==, 0);
    g_assert_cmpint(scan(&guest, ~(CLASS_INTERNAL | CLASS_HOTPLUG)), ==,
                    NO_EVENT);
    g_assert_cmpint(scan(&guest, NOTHING), ==, OK);
    g_assert_cmphex(qtest_readl(guest.qts, BUFFER), ==, 0x064410e2);
    g_assert_cmpint(scan(&guest, NOTHING), ==, NO_EVENT);
    /* A log that can't be stored is not lost, one in brief is told */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan", CLASS_HOTPLUG,
                                            0, RAM_SIZE, LOG_MAX), ==,
                    RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan", CLASS_HOTPLUG,
                                            1, BUFFER, LOG_MAX), ==, OK);
    g_assert_cmphex(qtest_readl(guest.qts, BUFFER), ==, 0x062000e5);
    expect_no_log(&guest);
    expect_no_log(&guest);
    spapr_rtas_guest_stop(&guest);
}

/* A bridge's window to the end of all addresses is no place, but has an end */
static void test_endless_window(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device pci-bridge,chassis_nr=1,addr=2 "
        "-device VGA,addr=3,vgamem_mb=16");
    g_autofree void *fdt = NULL;
    uint32_t bridge = ADDR(0, 2, 0), vga = ADDR(0, 3, 0) | PCI_BASE_ADDRESS_0;
    unsigned calls;

    config_write(&guest, vga, 4, 0);
    config_write(&guest, bridge | PCI_PREF_MEMORY_BASE, 2, 0);
    config_write(&guest, bridge | PCI_PREF_MEMORY_LIMIT, 2, 0xffe0);
    config_write(&guest, bridge | PCI_PREF_BASE_UPPER32, 4, 0);
    config_write(&guest, bridge | PCI_PREF_LIMIT_UPPER32, 4, 0xffffffff);
    fdt = configure_all(&guest, SLOT(0, 3), &calls);
    g_assert_cmphex(config_read(&guest, vga, 4) & ~0xf, ==, 0);
    spapr_rtas_guest_stop(&guest);
}

/* A guest that takes note of nothing */
static void test_deaf(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device pci-bridge,chassis_nr=1,id=one,addr=2 "
        "-device pci-bridge,chassis_nr=2,id=two,addr=3 "
        "-device edu,addr=9,id=dev");
    uint32_t index = SLOT(0, 9);

    /* What is asked for twice is told once */
    unplug(&guest, "dev");
    unplug(&guest, "dev");
    for (unsigned i = 0; i < EVENTS_MAX - 1; i++) {
        g_autofree char *id = g_strdup_printf("d%u", i);
        g_autofree char *addr = g_strdup_printf("0x%x", i % 31 + 1);
        const char *bus = i < 31 ? "one" : i < 62 ? "two" : "pci.0";

        plug(&guest, "edu", id, bus, i < 62 ? addr : "0xa");
    }
    unplug_refused(&guest, "dev", "has not taken note of 64 hot plug events");
    plug_refused(&guest, "edu", "pci.0", "10", "has not taken note of 64");
    g_assert_cmpuint(sense(&guest, SLOT(0, 0x10)), ==, EMPTY);
    expect_log(&guest, REMOVE, index);
    for (unsigned i = 0; i < EVENTS_MAX - 1; i++) {
        expect_log(&guest, ADD, i < 62 ? SLOT(i / 31 + 1, i % 31 + 1) :
                                SLOT(0, 0xa));
    }
    expect_no_log(&guest);
    plug(&guest, "edu", "other", "pci.0", "0x10");
    expect_log(&guest, ADD, SLOT(0, 0x10));
    g_assert_cmpint(set_indicator(&guest, ISOLATION, index, ISOLATE), ==, OK);
    expect_deleted(&guest, "dev");
    spapr_rtas_guest_stop(&guest);
}

/*
 * Interrupts
 */

#define OV5_SIZE        27
#define OV5_BINARY      6
#define OV5_HOTPLUG     0x04

/* ibm,client-architecture-support: all processors, and this in vector 5 */
static void *negotiate(SpaprRtasGuest *guest, uint8_t binary)
{
    uint8_t vec[128] = { 0 };
    unsigned len = 0;
    void *fdt;

    /* Any processor; the end of the list */
    stl_be_p(vec + 8, 0xff000000);
    stl_be_p(vec + 12, 0x0fffffff);
    len = 16;
    vec[len++] = 5 - 1;
    for (int number = 1; number < 5; number++) {
        len += 2;
    }
    vec[len] = OV5_SIZE - 2;
    vec[len + OV5_BINARY] = binary;
    len += OV5_SIZE;
    qtest_memwrite(guest->qts, VEC, vec, len);
    g_assert_cmpint(hcall(guest->qts, H_PRIVATE_CAS, VEC, TREE, TREE_SIZE), ==,
                    H_SUCCESS);
    g_assert_cmphex(qtest_readl(guest->qts, TREE + 4), ==, FDT_MAGIC);
    fdt = g_malloc(TREE_SIZE);
    qtest_memread(guest->qts, TREE + 4, fdt, TREE_SIZE - 4);
    return fdt;
}

static int32_t check_exception(SpaprRtasGuest *guest, uint32_t source,
                               uint32_t mask, uint32_t addr)
{
    return spapr_rtas_guest_status(guest, "check-exception", VECTOR_EXTERNAL,
                                   source, mask, 0, addr, LOG_MAX);
}

static bool line_is_up(SpaprRtasGuest *guest)
{
    g_autofree char *info = qtest_hmp(guest->qts, "info pic");
    const char *line = strstr(info, "  1001 LSI ff ");

    g_assert_nonnull(line);
    /* Asserted: the last bit of a source's status */
    return g_ascii_xdigit_value(line[strlen("  1001 LSI ff 0")]) & 1;
}

static void test_interrupt(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-machine ic-mode=xics");
    g_autofree void *before = NULL, *fdt = NULL;
    uint32_t index = SLOT(0, 9);

    g_assert_cmpint(fdt_path_offset(guest.fdt,
                                    "/event-sources/hot-plug-events"), <, 0);
    before = negotiate(&guest, 0);
    g_assert_cmpint(fdt_path_offset(before, "/event-sources/hot-plug-events"),
                    <, 0);
    plug(&guest, "edu", "dev", "pci.0", "9");
    g_assert_cmpint(check_exception(&guest, IRQ_HOTPLUG, CLASS_HOTPLUG, BUFFER),
                    ==, NO_EVENT);
    g_assert_false(line_is_up(&guest));

    /* It is not in the tree: the guest is told of it */
    fdt = negotiate(&guest, 0xff);
    g_assert_cmpint(fdt_path_offset(fdt, PHB "/legacy-device@9"), <, 0);
    g_assert_cmphex(((const uint8_t *)fdt_getprop(fdt,
                     fdt_path_offset(fdt, "/chosen"), "ibm,architecture-vec-5",
                     NULL))[OV5_BINARY] & ~1, ==, OV5_HOTPLUG);
    g_assert_cmphex(prop_cell(fdt, node_at(fdt, "/event-sources/"
                    "hot-plug-events"), "interrupts", 0), ==, IRQ_HOTPLUG);
    g_assert_cmphex(prop_cell(fdt, node_at(fdt, "/event-sources"),
                              "interrupt-ranges", 1), ==, 2);
    g_assert_true(line_is_up(&guest));
    expect_no_log(&guest);
    g_assert_cmpint(check_exception(&guest, IRQ_HOTPLUG - 1, NOTHING, BUFFER),
                    ==, NO_EVENT);
    g_assert_cmpint(check_exception(&guest, IRQ_HOTPLUG, ~CLASS_HOTPLUG,
                                    BUFFER), ==, NO_EVENT);
    g_assert_cmpint(check_exception(&guest, IRQ_HOTPLUG, CLASS_HOTPLUG,
                                    RAM_SIZE), ==, RTAS_OUT_PARAM_ERROR);
    g_assert_true(line_is_up(&guest));
    g_assert_cmpint(check_exception(&guest, IRQ_HOTPLUG, CLASS_HOTPLUG,
                                    BUFFER), ==, OK);
    check_log(&guest, ADD, index);
    g_assert_false(line_is_up(&guest));
    g_assert_cmpint(check_exception(&guest, IRQ_HOTPLUG, CLASS_HOTPLUG, BUFFER),
                    ==, NO_EVENT);
    connect_slot(&guest, index);
    unplug(&guest, "dev");
    plug(&guest, "edu", "other", "pci.0", "0xa");
    g_assert_true(line_is_up(&guest));
    g_assert_cmpint(check_exception(&guest, IRQ_HOTPLUG, NOTHING, BUFFER), ==,
                    OK);
    check_log(&guest, REMOVE, index);
    g_assert_true(line_is_up(&guest));
    qtest_system_reset(guest.qts);
    g_assert_false(line_is_up(&guest));
    expect_no_log(&guest);
    spapr_rtas_guest_stop(&guest);
}

/*
 * Migration
 */

static void test_migration(void)
{
    const char *bridge = "-device pci-bridge,chassis_nr=1,id=b,addr=5 ";
    g_autofree char *target = g_strdup_printf(
        "%s-device virtio-rng-pci,addr=9,id=asked "
        "-device virtio-rng-pci,addr=0xa,id=told "
        "-device virtio-rng-pci,bus=b,addr=0xb,id=new", bridge);
    SpaprRtasGuest guest = spapr_rtas_guest_start(bridge);

    plug(&guest, "virtio-rng-pci", "asked", "pci.0", "9");
    expect_log(&guest, ADD, SLOT(0, 9));
    connect_slot(&guest, SLOT(0, 9));
    unplug(&guest, "asked");
    plug(&guest, "virtio-rng-pci", "told", "pci.0", "0xa");
    plug(&guest, "virtio-rng-pci", "new", "b", "0xb");
    expect_log(&guest, REMOVE, SLOT(0, 9));
    expect_log(&guest, ADD, SLOT(0, 0xa));
    g_assert_cmpint(set_indicator(&guest, LIGHT, SLOT(0, 0xa), 3), ==, OK);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(0, 0xa), ISOLATE),
                    ==, OK);
    spapr_rtas_guest_migrate(&guest, target);

    expect_log(&guest, ADD, SLOT(1, 0xb));
    expect_no_log(&guest);
    g_assert_cmphex(config_read(&guest, ADDR(0, 9, 0), 4), ==, RNG_ID);
    g_assert_cmphex(config_read(&guest, ADDR(0, 0xa, 0), 4), ==, NOTHING);
    g_assert_cmphex(config_read(&guest, ADDR(1, 0xb, 0), 4), ==, RNG_ID);
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(1, 0xb), ISOLATE),
                    ==, OK);
    g_assert_cmphex(config_read(&guest, ADDR(1, 0xb, 0), 4), ==, NOTHING);
    connect_slot(&guest, SLOT(0, 0xa));
    connect_slot(&guest, SLOT(1, 0xb));
    g_assert_cmphex(config_read(&guest, ADDR(0, 0xa, 0), 4), ==, RNG_ID);
    g_assert_cmphex(config_read(&guest, ADDR(1, 0xb, 0), 4), ==, RNG_ID);
    /* It is still wanted */
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(0, 9), ISOLATE), ==,
                    OK);
    expect_deleted(&guest, "asked");
    spapr_rtas_guest_stop(&guest);
}

/*
 * A bridge that comes behind a port of PCI Express changes the numbers of others
 * at a reset, and not before, wherever the machine is
 */
static void test_express_bridge(void)
{
    const char *options = "-device pcie-root-port,id=rp,chassis=1,addr=1 "
        "-device pci-bridge,id=b,chassis_nr=2,addr=2 "
        "-device virtio-rng-pci,id=dev,bus=b,addr=3";
    g_autofree char *target =
        g_strdup_printf("%s -device pcie-pci-bridge,bus=rp", options);
    SpaprRtasGuest guest = spapr_rtas_guest_start(options);
    g_autofree void *fdt = NULL;
    uint32_t state;

    qtest_qmp_device_add(guest.qts, "pcie-pci-bridge", "new",
                         "{ 'bus': 'rp' }");
    g_assert_cmpuint(sense(&guest, SLOT(2, 3)), ==, PRESENT);
    spapr_rtas_guest_migrate(&guest, target);
    g_assert_cmpuint(sense(&guest, SLOT(2, 3)), ==, PRESENT);
    g_assert_cmpint(try_sense(&guest, SLOT(3, 3), &state), ==,
                    RTAS_OUT_PARAM_ERROR);
    g_assert_cmphex(config_read(&guest, ADDR(2, 3, 0), 4), ==, RNG_ID);

    qtest_system_reset(guest.qts);
    g_assert_cmpuint(sense(&guest, SLOT(3, 3)), ==, PRESENT);
    g_assert_cmpint(try_sense(&guest, SLOT(2, 3), &state), ==,
                    RTAS_OUT_PARAM_ERROR);
    g_assert_cmphex(config_read(&guest, ADDR(3, 3, 0), 4), ==, RNG_ID);
    fdt = spapr_qtest_fdt(guest.qts);
    g_assert_cmphex(prop_cell(fdt, node_at(fdt, PHB "/pci@2/legacy-device@3"),
                              "ibm,my-drc-index", 0), ==, SLOT(3, 3));
    spapr_rtas_guest_stop(&guest);
}

static void set_bandwidth(SpaprRtasGuest *guest, uint64_t bytes)
{
    qtest_qmp_assert_success(guest->qts,
                             "{ 'execute': 'migrate-set-parameters', "
                             "'arguments': { 'max-bandwidth': %" PRIu64 " } }",
                             bytes);
}

/* What the other end has already can't go while the machine migrates */
static void test_migrating(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device virtio-rng-pci,addr=9,id=nine");
    g_autofree char *path = NULL;
    g_autofree char *uri = NULL;
    int fd = g_file_open_tmp("spapr-drc-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    uri = g_strdup_printf("file:%s", path);
    unplug(&guest, "nine");
    set_bandwidth(&guest, 10000);
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'migrate', "
                             "'arguments': { 'uri': %s } }", uri);
    spapr_qtest_await_migration(guest.qts, "active");
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(0, 9), ISOLATE), ==,
                    9902);
    g_assert_cmpuint(sense(&guest, SLOT(0, 9)), ==, PRESENT);
    /* What nobody has asked for is not given back, so that it may be isolated */
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(0, 8), ISOLATE), ==,
                    OK);
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'system_reset' }");
    expect_event(&guest, "DEVICE_UNPLUG_GUEST_ERROR", "nine");
    g_assert_cmpuint(sense(&guest, SLOT(0, 9)), ==, PRESENT);
    g_assert_true(has_device(&guest, "nine"));

    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'migrate_cancel' }");
    spapr_qtest_await_migration(guest.qts, "cancelled");
    unplug(&guest, "nine");
    g_assert_cmpint(set_indicator(&guest, ISOLATION, SLOT(0, 9), ISOLATE), ==,
                    OK);
    expect_deleted(&guest, "nine");
    unlink(path);
    spapr_rtas_guest_stop(&guest);
}

/* What is where in a saved machine, for each connector */
#define STATE_INDEX     0
#define STATE_ISOLATED  4
#define STATE_UNTOUCHED 6
#define STATE_ASKED     7
#define STATE_LIGHT     8
#define STATE_SIZE      9

static void check_refused(const char *path, char *state, size_t len, char *at,
                          uint8_t value)
{
    spapr_qtest_number_refused("-nodefaults -m 256 "
                               "-device virtio-rng-pci,addr=9", path, state,
                               len, at, value, 1, "spapr-drcs");
}

/* States that no connector can be in */
static void test_bad_migration(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device virtio-rng-pci,addr=9");
    g_autofree char *path = spapr_qtest_save(guest.qts), *state = NULL;
    g_autoptr(GError) error = NULL;
    /* How many there are, and the first one, which is isolated */
    const uint8_t head[] = { 0, 0, 0, 32, 0x40, 0, 0, 0, 1, 0, 0, 0, 0 };
    char *count, *empty, *full;
    gsize len;

    g_file_get_contents(path, &state, &len, &error);
    g_assert_no_error(error);
    count = memmem(state, len, head, sizeof(head));
    g_assert_nonnull(count);
    empty = count + 4 + 8 * STATE_SIZE;
    full = empty + STATE_SIZE;
    g_assert_cmphex(ldl_be_p(empty), ==, SLOT(0, 8));
    g_assert_cmphex(ldl_be_p(full), ==, SLOT(0, 9));

    check_refused(path, state, len, count + 3, 33);
    check_refused(path, state, len, full + STATE_INDEX + 3, 0x50);
    check_refused(path, state, len, full + STATE_LIGHT, 4);
    check_refused(path, state, len, full + STATE_UNTOUCHED, 1);
    check_refused(path, state, len, empty + STATE_ASKED, 1);
    full[STATE_ASKED] = 1;
    check_refused(path, state, len, full + STATE_ISOLATED, 1);
    unlink(path);
    g_free(guest.fdt);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-drc/tree", test_tree);
    qtest_add_func("spapr-drc/sense", test_sense);
    qtest_add_func("spapr-drc/indicators", test_indicators);
    qtest_add_func("spapr-drc/power", test_power);
    qtest_add_func("spapr-drc/configure", test_configure);
    qtest_add_func("spapr-drc/life", test_life);
    qtest_add_func("spapr-drc/addresses", test_addresses);
    qtest_add_func("spapr-drc/cold", test_cold);
    qtest_add_func("spapr-drc/isolate", test_isolate);
    qtest_add_func("spapr-drc/functions", test_functions);
    qtest_add_func("spapr-drc/staying-function", test_staying_function);
    qtest_add_func("spapr-drc/bridge", test_bridge);
    qtest_add_func("spapr-drc/host-bridge", test_host_bridge);
    qtest_add_func("spapr-drc/bridge-function", test_bridge_function);
    qtest_add_func("spapr-drc/reset", test_reset);
    qtest_add_func("spapr-drc/refusal", test_refusal);
    qtest_add_func("spapr-drc/in-vain", test_in_vain);
    qtest_add_func("spapr-drc/scan", test_scan);
    qtest_add_func("spapr-drc/endless-window", test_endless_window);
    qtest_add_func("spapr-drc/deaf", test_deaf);
    qtest_add_func("spapr-drc/interrupt", test_interrupt);
    qtest_add_func("spapr-drc/migration", test_migration);
    qtest_add_func("spapr-drc/express-bridge", test_express_bridge);
    qtest_add_func("spapr-drc/migrating", test_migrating);
    qtest_add_func("spapr-drc/bad-migration", test_bad_migration);

    return g_test_run();
}
