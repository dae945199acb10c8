/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual processor areas
 *
 * The first part registers areas with no guest running. The second has a small
 * guest whose processors do nothing but look for work, so that with one thread
 * for all three of them each has a third of it.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include <libfdt.h>
#include "spapr-mailbox.h"
#include "spapr-qtest.h"

/* Memory that neither firmware nor device tree is in, and its end */
#define AREA            (64 * MiB)
#define RAM_SIZE        (256 * MiB)

/* In a VPA */
#define VPA_STATUS      0x09
#define VPA_DTL_MASK    0xb8
#define VPA_COUNT       0x100
#define VPA_ENQUEUE     0x158
#define VPA_READY       0x160
#define VPA_WAIT        0x168
#define VPA_DTL_INDEX   0x218

/* The trace log: which turns, why it left, what it went on for */
#define MASK_VOLUNTARY  1
#define MASK_TIME_SLICE 2
#define LEFT_CEDE       2
#define LEFT_CONFER     3
#define LEFT_TIME_SLICE 4
#define FOR_PROD        2
#define FOR_DECREMENTER 3
#define FOR_BOOT        4
#define FOR_TIME_SLICE  7

#define GUEST_DTL       0x210000
#define DTL_ENTRY       48

static QTestState *start_more(const char *model, const char *more)
{
    return qtest_initf("-machine pseries,firmware=vof%s -nodefaults -m 256 "
                       "-cpu %s -smp 4,threads=2,cores=2", more, model);
}

static QTestState *start(const char *model)
{
    return start_more(model, "");
}

static int64_t register_area(QTestState *qts, uint64_t flags, uint64_t server,
                             uint64_t addr)
{
    return hcall(qts, H_REGISTER_VPA, flags, server, addr);
}

#define assert_area(want, ...) \
    g_assert_cmpint(register_area(qts, __VA_ARGS__), ==, (want))

static void test_vpa(void)
{
    QTestState *qts = start("power9");
    uint8_t before[1024], after[1024];

    memset(before, 0xa5, sizeof(before));
    before[9] = 0x41;
    qtest_memwrite(qts, AREA, before, sizeof(before));
    set_vpa_size(qts, AREA, 640);
    assert_area(H_SUCCESS, REG_VPA, 1, AREA);

    /* Marked as shared, and the count of a processor that never ran: odd */
    stw_be_p(before + 4, 640);
    before[9] |= 2;
    stl_be_p(before + 0x100, 1);
    qtest_memread(qts, AREA, after, sizeof(after));
    g_assert_cmpmem(after, sizeof(after), before, sizeof(before));

    /* The last registration wins; one for another processor is its own */
    set_vpa_size(qts, AREA + 4096, 640);
    assert_area(H_SUCCESS, REG_VPA, 1, AREA + 4096);
    assert_area(H_SUCCESS, REG_VPA, 0, AREA);
    assert_area(H_SUCCESS, DEREG_VPA, 1, 0);
    assert_area(H_SUCCESS, DEREG_VPA, 1, 0);
    qtest_quit(qts);
}

static void test_vpa_bad(void)
{
    QTestState *qts = start("power9");

    set_vpa_size(qts, AREA, 640);
    assert_area(H_PARAMETER, VPA_FLAGS(0), 0, AREA);
    assert_area(H_PARAMETER, VPA_FLAGS(4), 0, AREA);
    for (unsigned bit = 19; bit <= 23; bit++) {
        assert_area(H_PARAMETER, REG_VPA | BIT_BE(bit), 0, AREA);
    }
    assert_area(H_PARAMETER, REG_VPA, NOBODY, AREA);
    assert_area(H_PARAMETER, REG_VPA, 0, 0);
    for (unsigned off = 1; off < 128; off++) {
        set_vpa_size(qts, AREA + off, 640);
        assert_area(H_PARAMETER, REG_VPA, 0, AREA + off);
    }
    set_vpa_size(qts, AREA + 128, 640);
    assert_area(H_SUCCESS, REG_VPA, 0, AREA + 128);

    set_vpa_size(qts, AREA, 639);
    assert_area(H_PARAMETER, REG_VPA, 0, AREA);
    set_vpa_size(qts, AREA, 0);
    assert_area(H_PARAMETER, REG_VPA, 0, AREA);
    set_vpa_size(qts, AREA, 4096);
    assert_area(H_SUCCESS, REG_VPA, 0, AREA);
    set_vpa_size(qts, AREA, 4097);
    assert_area(H_PARAMETER, REG_VPA, 0, AREA);
    set_vpa_size(qts, AREA, 0xffff);
    assert_area(H_PARAMETER, REG_VPA, 0, AREA);
    set_vpa_size(qts, AREA + 3456, 640);
    assert_area(H_SUCCESS, REG_VPA, 0, AREA + 3456);
    set_vpa_size(qts, AREA + 3584, 640);
    assert_area(H_PARAMETER, REG_VPA, 0, AREA + 3584);

    /* The end of memory, and beyond */
    assert_area(H_PARAMETER, REG_VPA, 0, RAM_SIZE);
    assert_area(H_PARAMETER, REG_VPA, 0, 1ull << 60);
    assert_area(H_PARAMETER, REG_VPA, 0, -128);
    qtest_quit(qts);
}

static void test_vpa_dtl(void)
{
    QTestState *qts = start("power9");
    const uint64_t dtl = AREA + 1 * MiB;

    set_vpa_size(qts, AREA, 640);
    set_size(qts, dtl, 4096);
    assert_area(H_RESOURCE, REG_DTL, 0, dtl);
    /* The buffer is looked at first */
    assert_area(H_PARAMETER, REG_DTL, 0, dtl + 8);
    set_size(qts, dtl, 47);
    assert_area(H_PARAMETER, REG_DTL, 0, dtl);

    assert_area(H_SUCCESS, REG_VPA, 0, AREA);
    qtest_writeq(qts, AREA + 0x218, -1);
    assert_area(H_PARAMETER, REG_DTL, 0, dtl);
    g_assert_cmphex(qtest_readq(qts, AREA + 0x218), ==, -1);
    set_size(qts, dtl, 48);
    assert_area(H_SUCCESS, REG_DTL, 0, dtl);
    g_assert_cmphex(qtest_readq(qts, AREA + 0x218), ==, 0);
    /* It may cross pages, but not leave memory */
    set_size(qts, dtl + 2048, 4096);
    assert_area(H_SUCCESS, REG_DTL, 0, dtl + 2048);
    set_size(qts, RAM_SIZE - 128, 128);
    assert_area(H_SUCCESS, REG_DTL, 0, RAM_SIZE - 128);
    set_size(qts, RAM_SIZE - 128, 129);
    assert_area(H_PARAMETER, REG_DTL, 0, RAM_SIZE - 128);
    set_size(qts, dtl, UINT32_MAX);
    assert_area(H_PARAMETER, REG_DTL, 0, dtl);

    assert_area(H_RESOURCE, DEREG_VPA, 0, 0);
    /* Another processor's areas are no hindrance */
    assert_area(H_SUCCESS, DEREG_VPA, 1, 0);
    assert_area(H_SUCCESS, DEREG_DTL, 0, 0);
    assert_area(H_SUCCESS, DEREG_DTL, 0, 0);
    assert_area(H_SUCCESS, DEREG_VPA, 0, 0);
    set_size(qts, dtl, 48);
    assert_area(H_RESOURCE, REG_DTL, 0, dtl);
    qtest_quit(qts);
}

static void test_vpa_slb_shadow(void)
{
    QTestState *qts = start("power9");
    const uint64_t slb = AREA + 1 * MiB;

    set_vpa_size(qts, AREA, 640);
    set_size(qts, slb, 64);
    assert_area(H_RESOURCE, REG_SLB, 0, slb);
    assert_area(H_SUCCESS, REG_VPA, 0, AREA);
    set_size(qts, slb, 7);
    assert_area(H_PARAMETER, REG_SLB, 0, slb);
    set_size(qts, slb, 8);
    assert_area(H_SUCCESS, REG_SLB, 0, slb);
    set_size(qts, slb, 4096);
    assert_area(H_SUCCESS, REG_SLB, 0, slb);
    set_size(qts, slb, 4097);
    assert_area(H_PARAMETER, REG_SLB, 0, slb);
    set_size(qts, slb + 4096 - 128, 129);
    assert_area(H_PARAMETER, REG_SLB, 0, slb + 4096 - 128);
    assert_area(H_PARAMETER, REG_SLB, 0, slb + 4);

    assert_area(H_RESOURCE, DEREG_VPA, 0, 0);
    assert_area(H_SUCCESS, DEREG_SLB, 0, 0);
    assert_area(H_SUCCESS, DEREG_VPA, 0, 0);
    qtest_quit(qts);
}

static void test_vpa_reset(void)
{
    QTestState *qts = start("power9");

    set_vpa_size(qts, AREA, 640);
    set_size(qts, AREA + 4096, 4096);
    assert_area(H_SUCCESS, REG_VPA, 0, AREA);
    assert_area(H_SUCCESS, REG_DTL, 0, AREA + 4096);
    assert_area(H_RESOURCE, DEREG_VPA, 0, 0);
    qtest_system_reset(qts);
    assert_area(H_SUCCESS, DEREG_VPA, 0, 0);
    set_size(qts, AREA + 4096, 4096);
    assert_area(H_RESOURCE, REG_DTL, 0, AREA + 4096);
    qtest_quit(qts);
}

/* A running processor's VPA and SLB shadow buffer are its own business */
static void test_vpa_state(void)
{
    QTestState *qts = start("power9");
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    const uint32_t args[] = { 1, 0x100, 0 };
    uint32_t status;

    set_vpa_size(qts, AREA, 640);
    set_size(qts, AREA + 4096, 4096);
    g_assert_cmpint(spapr_qtest_rtas(qts, AREA + 1 * MiB,
                                     spapr_qtest_rtas_token(fdt, "start-cpu"),
                                     3, args, 1, &status), ==, 0);
    assert_area(H_STATE, REG_VPA, 1, AREA);
    assert_area(H_STATE, REG_SLB, 1, AREA);
    assert_area(H_STATE, DEREG_VPA, 1, 0);
    assert_area(H_STATE, DEREG_SLB, 1, 0);
    /* That comes before a look at the area, but after one at the processor */
    assert_area(H_STATE, REG_VPA, 1, AREA + 1);
    assert_area(H_PARAMETER, REG_VPA, NOBODY, AREA);
    /* The trace log is free for all */
    assert_area(H_RESOURCE, REG_DTL, 1, AREA + 4096);
    assert_hcall_on(1, H_SUCCESS, H_REGISTER_VPA, REG_VPA, 1, AREA);
    set_size(qts, AREA + 4096, 4096);
    assert_area(H_SUCCESS, REG_DTL, 1, AREA + 4096);
    assert_area(H_SUCCESS, DEREG_DTL, 1, 0);
    assert_hcall_on(1, H_SUCCESS, H_REGISTER_VPA, DEREG_VPA, 1, 0);
    qtest_quit(qts);
}

/* Nothing is shared: Linux knows by the status bit, and by a count of 0 */
static void test_vpa_dedicated(void)
{
    QTestState *qts = start_more("power9", ",proc-mode=dedicated");

    qtest_memset(qts, AREA, 0xff, 1024);
    set_vpa_size(qts, AREA, 640);
    assert_area(H_SUCCESS, REG_VPA, 0, AREA);
    g_assert_cmphex(qtest_readb(qts, AREA + VPA_STATUS), ==, 0xfd);
    g_assert_cmphex(qtest_readl(qts, AREA + VPA_COUNT), ==, 0);
    qtest_quit(qts);
}

/* With a guest, see spapr-mailbox.h */

typedef struct Entry {
    uint8_t reason, left;
    uint16_t processor;
    uint32_t enqueue, ready, wait;
    uint64_t timebase, fault, srr0, srr1;
} Entry;

static Entry read_entry(QTestState *qts, unsigned slot)
{
    uint8_t bytes[DTL_ENTRY];

    qtest_memread(qts, GUEST_DTL + slot * DTL_ENTRY, bytes, sizeof(bytes));
    return (Entry) {
        .reason = bytes[0],
        .left = bytes[1],
        .processor = lduw_be_p(bytes + 2),
        .enqueue = ldl_be_p(bytes + 4),
        .ready = ldl_be_p(bytes + 8),
        .wait = ldl_be_p(bytes + 12),
        .timebase = ldq_be_p(bytes + 16),
        .fault = ldq_be_p(bytes + 24),
        .srr0 = ldq_be_p(bytes + 32),
        .srr1 = ldq_be_p(bytes + 40),
    };
}

static void guest_register_vpa(QTestState *qts, int cpu, uint64_t addr)
{
    set_vpa_size(qts, addr, 640);
    g_assert_cmpint(call(qts, cpu, H_REGISTER_VPA, REG_VPA, cpu, addr), ==,
                    H_SUCCESS);
}

static void guest_register_dtl(QTestState *qts, int cpu, uint32_t size,
                               uint8_t mask)
{
    set_size(qts, GUEST_DTL, size);
    g_assert_cmpint(call(qts, cpu, H_REGISTER_VPA, REG_DTL, cpu, GUEST_DTL), ==,
                    H_SUCCESS);
    qtest_writeb(qts, GUEST_VPA + VPA_DTL_MASK, mask);
}

/* The processor's VPA is at GUEST_VPA: it tells when the wait has begun */
static void cede(QTestState *qts, int cpu)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    post(qts, cpu, H_CEDE, 0, 0, 0, false, NO_TICK);
    await(qts, cpu, MAIL_GO, 0);
    while (!(qtest_readl(qts, GUEST_VPA + VPA_COUNT) & 1)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
    assert_waits(qts, cpu);
}

/* The accumulators go on from what they find */
static void test_guest_carry_on(const void *accel)
{
    const uint64_t much = 1ull << 60, more = 1ull << 61;
    QTestState *qts = start_guest(accel);

    qtest_writeq(qts, GUEST_VPA + VPA_ENQUEUE, much);
    qtest_writeq(qts, GUEST_VPA + VPA_WAIT, more);
    guest_register_vpa(qts, 1, GUEST_VPA);
    cede(qts, 1);
    assert_prod_ends(qts, 1);
    g_assert_cmphex(qtest_readq(qts, GUEST_VPA + VPA_ENQUEUE), >=, much);
    g_assert_cmphex(qtest_readq(qts, GUEST_VPA + VPA_ENQUEUE), <, more);
    g_assert_cmphex(qtest_readq(qts, GUEST_VPA + VPA_WAIT), >,
                    more + WATCH_US / 1000 * TICKS_PER_MS / 2);
    /* There is no such interval */
    g_assert_cmphex(qtest_readq(qts, GUEST_VPA + VPA_READY), ==, 0);
    qtest_quit(qts);
}

static void assert_entry(const Entry *entry, unsigned left, unsigned reason)
{
    g_assert_cmpuint(entry->left, ==, left);
    g_assert_cmpuint(entry->reason, ==, reason);
    g_assert_cmpuint(entry->processor, ==, 1);
    g_assert_cmpuint(entry->ready, ==, 0);
    g_assert_cmphex(entry->fault, ==, 0);
    /* Behind the hypercall of the loop, in the loop's own state */
    g_assert_cmphex(entry->srr0, ==, GUEST_CALLED);
    g_assert_cmphex(entry->srr1 & ~MSR_EE, ==, BIT_BE(0) | BIT_BE(51));
}

/* Each wait has its entry; the buffer is no whole number of them, and wraps */
static void test_guest_dtl(const void *accel)
{
    QTestState *qts = start_guest(accel);
    uint64_t before, after, waited = 0;

    qtest_memset(qts, GUEST_DTL, 0xa5, 1024);
    guest_register_vpa(qts, 1, GUEST_VPA);
    guest_register_dtl(qts, 1, 3 * DTL_ENTRY + 47, MASK_VOLUNTARY);
    g_assert_cmpuint(qtest_readq(qts, GUEST_VPA + VPA_DTL_INDEX), ==, 0);
    for (unsigned i = 0; i < 7; i++) {
        Entry entry;

        before = guest_timebase(qts);
        cede(qts, 1);
        assert_prod_ends(qts, 1);
        after = guest_timebase(qts);
        g_assert_cmpuint(qtest_readq(qts, GUEST_VPA + VPA_DTL_INDEX), ==,
                         i + 1);
        entry = read_entry(qts, i % 3);
        assert_entry(&entry, LEFT_CEDE, FOR_PROD);
        g_assert_cmphex(entry.srr1 & MSR_EE, ==, MSR_EE);
        g_assert_cmphex(entry.timebase, >, before);
        g_assert_cmphex(entry.timebase, <, after);
        g_assert_cmpuint(entry.wait, >, WATCH_US / 1000 * TICKS_PER_MS / 2);
        g_assert_cmpuint((uint64_t)entry.wait + entry.enqueue, <,
                         after - before);
        waited += entry.wait;
    }
    g_assert_cmphex(qtest_readq(qts, GUEST_VPA + VPA_WAIT), ==, waited);
    /* The rest of the buffer is nobody's */
    for (unsigned i = 3 * DTL_ENTRY; i < 4 * DTL_ENTRY + 47; i++) {
        g_assert_cmphex(qtest_readb(qts, GUEST_DTL + i), ==, 0xa5);
    }

    /* Not wanted: no entry, but the time counts */
    qtest_writeb(qts, GUEST_VPA + VPA_DTL_MASK, 0);
    cede(qts, 1);
    assert_prod_ends(qts, 1);
    g_assert_cmpuint(qtest_readq(qts, GUEST_VPA + VPA_DTL_INDEX), ==, 7);
    g_assert_cmphex(qtest_readq(qts, GUEST_VPA + VPA_WAIT), >, waited);

    /* A new log begins at its beginning; one that is gone is left alone */
    guest_register_dtl(qts, 1, 2 * DTL_ENTRY, MASK_VOLUNTARY);
    g_assert_cmpuint(qtest_readq(qts, GUEST_VPA + VPA_DTL_INDEX), ==, 0);
    cede(qts, 1);
    g_assert_cmpint(call(qts, 0, H_REGISTER_VPA, DEREG_DTL, 1, 0), ==,
                    H_SUCCESS);
    assert_prod_ends(qts, 1);
    g_assert_cmpuint(qtest_readq(qts, GUEST_VPA + VPA_DTL_INDEX), ==, 0);
    qtest_quit(qts);
}

/* Why processors leave, and what they go on for */
static void test_guest_dtl_reasons(const void *accel)
{
    QTestState *qts = start_guest(accel);
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    uint64_t done;
    Entry entry;

    guest_register_vpa(qts, 1, GUEST_VPA);
    guest_register_dtl(qts, 1, 4096, MASK_VOLUNTARY);

    /* A tick ends it; from then on the processor is ready */
    for (int i = 0; !qtest_readq(qts, GUEST_VPA + VPA_DTL_INDEX); i++) {
        /* A slow host has it come before the processor waits */
        g_assert_cmpint(i, <, 10);
        done = mail(qts, 1, MAIL_DONE);
        post(qts, 1, H_CEDE, 0, 0, 0, false, 500 * TICKS_PER_MS);
        await(qts, 1, MAIL_DONE, done + 1);
    }
    entry = read_entry(qts, 0);
    assert_entry(&entry, LEFT_CEDE, FOR_DECREMENTER);
    g_assert_cmpuint(entry.wait, >, 0);
    g_assert_cmpuint(entry.wait, <=, 500 * TICKS_PER_MS);

    post(qts, 1, H_JOIN, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    assert_prod_ends(qts, 1);
    entry = read_entry(qts, 1);
    assert_entry(&entry, LEFT_CONFER, FOR_PROD);

    /* To itself: the same, in the guest's eyes */
    post(qts, 1, H_CONFER, 1, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    assert_prod_ends(qts, 1);
    entry = read_entry(qts, 2);
    assert_entry(&entry, LEFT_CONFER, FOR_PROD);

    /* To all: it doesn't wait for anything */
    g_assert_cmpint(call(qts, 1, H_CONFER, -1, 0, 0), ==, H_SUCCESS);
    entry = read_entry(qts, 3);
    assert_entry(&entry, LEFT_CONFER, FOR_TIME_SLICE);

    /* stop-self and start-cpu */
    qtest_writel(qts, AREA, spapr_qtest_rtas_token(fdt, "stop-self"));
    qtest_writel(qts, AREA + 4, 0);
    qtest_writel(qts, AREA + 8, 1);
    post(qts, 1, H_PRIVATE_RTAS, AREA, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    guest_start_cpu(qts, 1);
    await(qts, 1, MAIL_GO, 0);
    g_assert_cmpint(call(qts, 1, H_PROD, 0, 0, 0), ==, H_SUCCESS);
    entry = read_entry(qts, 4);
    assert_entry(&entry, LEFT_CEDE, FOR_BOOT);
    g_assert_cmpuint(qtest_readq(qts, GUEST_VPA + VPA_DTL_INDEX), ==, 5);
    qtest_quit(qts);
}

static void wait_ticks(QTestState *qts, uint64_t ticks)
{
    uint64_t end = guest_timebase(qts) + ticks;

    while (guest_timebase(qts) < end) {
        g_usleep(1000);
    }
}

/* Whether most of the time is stolen from processor 1 */
static bool most_is_stolen(QTestState *qts)
{
    uint64_t time, all, purr, stolen;

    all = guest_timebase(qts);
    purr = guest_purr(qts, 1);
    time = guest_timebase(qts);
    stolen = qtest_readq(qts, GUEST_VPA + VPA_ENQUEUE);
    wait_ticks(qts, 2000 * TICKS_PER_MS);
    time = guest_timebase(qts) - time;
    /* To read it, the processor has to get a turn, which tells what was stolen */
    purr = guest_purr(qts, 1) - purr;
    stolen = qtest_readq(qts, GUEST_VPA + VPA_ENQUEUE) - stolen;
    all = guest_timebase(qts) - all;
    g_assert_cmpuint(stolen, <=, all);
    g_assert_cmpuint(purr, >, 0);
    return stolen > time / 2 && purr < all / 2;
}

/*
 * All three are busy with one thread, so that two thirds of the time are
 * stolen; and what the host takes from the thread comes on top of it. While the
 * host keeps QEMU's main loop waiting, turns don't end.
 */
static void test_guest_stolen(void)
{
    QTestState *qts = start_guest("tcg,thread=single");
    uint64_t index;
    Entry entry;

    guest_register_vpa(qts, 1, GUEST_VPA);
    guest_register_dtl(qts, 1, 48, MASK_TIME_SLICE);
    for (int i = 0; !most_is_stolen(qts); i++) {
        g_assert_cmpint(i, <, 20);
    }
    g_assert_cmpuint(qtest_readq(qts, GUEST_VPA + VPA_WAIT), ==, 0);

    index = qtest_readq(qts, GUEST_VPA + VPA_DTL_INDEX);
    g_assert_cmpuint(index, >, 1);
    entry = read_entry(qts, 0);
    g_assert_cmpuint(entry.left, ==, LEFT_TIME_SLICE);
    g_assert_cmpuint(entry.reason, ==, FOR_TIME_SLICE);
    g_assert_cmpuint(entry.processor, ==, 1);
    g_assert_cmpuint(entry.wait, ==, 0);
    g_assert_cmpuint(entry.enqueue, >, 0);
    g_assert_cmphex(entry.srr0, >=, GUEST_LOOP);
    g_assert_cmphex(entry.srr0, <, GUEST_SIZE);
    qtest_quit(qts);
}

/* One that waits, the others being busy, loses nothing: it wants nothing */
static void test_guest_not_stolen(void)
{
    QTestState *qts = start_guest("tcg,thread=single");
    uint64_t all, time, purr, stolen, waited;

    guest_register_vpa(qts, 1, GUEST_VPA);
    all = guest_timebase(qts);
    purr = guest_purr(qts, 1);
    cede(qts, 1);
    stolen = qtest_readq(qts, GUEST_VPA + VPA_ENQUEUE);
    time = guest_timebase(qts);
    wait_ticks(qts, 1000 * TICKS_PER_MS);
    g_assert_cmpuint(qtest_readq(qts, GUEST_VPA + VPA_ENQUEUE), ==, stolen);
    time = guest_timebase(qts) - time;
    assert_prod_ends(qts, 1);
    waited = qtest_readq(qts, GUEST_VPA + VPA_WAIT);
    g_assert_cmpuint(waited, >, time);
    /* Nor has it used its processor meanwhile */
    purr = guest_purr(qts, 1) - purr;
    all = guest_timebase(qts) - all;
    g_assert_cmpuint(purr, <=, all - waited);
    qtest_quit(qts);
}

/* The same as a file; the state and its log go on where they were */
static void test_guest_migration(const void *accel)
{
    QTestState *qts = start_guest(accel), *target;
    g_autofree char *path = NULL;
    uint64_t purr, waited;
    uint32_t count;

    guest_register_vpa(qts, 1, GUEST_VPA);
    guest_register_dtl(qts, 1, 3 * DTL_ENTRY, MASK_VOLUNTARY);
    cede(qts, 1);
    assert_prod_ends(qts, 1);
    purr = guest_purr(qts, 1);
    cede(qts, 1);
    count = qtest_readl(qts, GUEST_VPA + VPA_COUNT);
    waited = qtest_readq(qts, GUEST_VPA + VPA_WAIT);
    path = spapr_qtest_save(qts);
    target = qtest_initf("-accel %s -machine pseries -nodefaults -m 256 -smp 3 "
                         "-cpu power9 -incoming defer", (const char *)accel);
    spapr_qtest_load(target, path);
    qtest_qmp_assert_success(target, "{ 'execute': 'cont' }");
    unlink(path);

    g_assert_cmpuint(qtest_readl(target, GUEST_VPA + VPA_COUNT), ==, count);
    g_assert_cmpuint(qtest_readq(target, GUEST_VPA + VPA_DTL_INDEX), ==, 1);
    assert_prod_ends(target, 1);
    g_assert_cmpuint(qtest_readl(target, GUEST_VPA + VPA_COUNT), >, count);
    g_assert_cmpuint(qtest_readq(target, GUEST_VPA + VPA_DTL_INDEX), ==, 2);
    g_assert_cmpuint(qtest_readq(target, GUEST_VPA + VPA_WAIT), >, waited);
    g_assert_cmpuint(read_entry(target, 1).left, ==, LEFT_CEDE);
    g_assert_cmphex(read_entry(target, 1).srr0, ==, GUEST_LOOP + 4 * 18);
    g_assert_cmpuint(guest_purr(target, 1), >, purr);
    qtest_quit(target);
}

static void test_guest_dispatch_count(const void *accel)
{
    QTestState *qts = start_guest(accel);
    uint32_t count, waiting;

    set_vpa_size(qts, GUEST_VPA, 640);
    g_assert_cmpint(call(qts, 1, H_REGISTER_VPA, REG_VPA, 1, GUEST_VPA), ==,
                    H_SUCCESS);
    count = qtest_readl(qts, GUEST_VPA + 0x100);
    g_assert_cmpuint(count, >, 1);
    cede(qts, 1);
    waiting = qtest_readl(qts, GUEST_VPA + 0x100);
    g_assert_cmpuint(waiting, >, count);
    g_assert_cmpuint(waiting % 2, ==, 1);

    /* The hypervisor has its own copy */
    qtest_writel(qts, GUEST_VPA + 0x100, 0x55555554);
    assert_prod_ends(qts, 1);
    count = qtest_readl(qts, GUEST_VPA + 0x100);
    g_assert_cmpuint(count, >, waiting);
    g_assert_cmpuint(count, <, 0x55555554);
    /* Its thread is its own, so that nobody but the host preempts it */
    for (int i = 0; strstr(accel, "multi") && count != waiting + 1; i++) {
        g_assert_cmpint(i, <, 50);
        g_assert_cmpuint((count - waiting) % 2, ==, 1);
        cede(qts, 1);
        waiting = qtest_readl(qts, GUEST_VPA + 0x100);
        assert_prod_ends(qts, 1);
        count = qtest_readl(qts, GUEST_VPA + 0x100);
    }

    g_assert_cmpint(call(qts, 1, H_REGISTER_VPA, DEREG_VPA, 1, 0), ==,
                    H_SUCCESS);
    count = qtest_readl(qts, GUEST_VPA + 0x100);
    post(qts, 1, H_CEDE, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    g_assert_cmpuint(qtest_readl(qts, GUEST_VPA + 0x100), ==, count);
    qtest_quit(qts);
}

static const GuestTest guest_tests[] = {
    { "dispatch-count", test_guest_dispatch_count },
    { "carry-on", test_guest_carry_on },
    { "dtl", test_guest_dtl },
    { "dtl-reasons", test_guest_dtl_reasons },
    { "migration", test_guest_migration },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-vpa/vpa", test_vpa);
    qtest_add_func("spapr-vpa/bad", test_vpa_bad);
    qtest_add_func("spapr-vpa/dtl", test_vpa_dtl);
    qtest_add_func("spapr-vpa/slb-shadow", test_vpa_slb_shadow);
    qtest_add_func("spapr-vpa/state", test_vpa_state);
    qtest_add_func("spapr-vpa/dedicated", test_vpa_dedicated);
    qtest_add_func("spapr-vpa/reset", test_vpa_reset);
    add_guest_tests("spapr-vpa", guest_tests, ARRAY_SIZE(guest_tests));
    if (qtest_has_accel("tcg")) {
        qtest_add_func("spapr-vpa/guest/single/stolen", test_guest_stolen);
        qtest_add_func("spapr-vpa/guest/single/not-stolen",
                       test_guest_not_stolen);
    }

    return g_test_run();
}
