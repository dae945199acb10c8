/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small guest for suites that need processors that execute code
 *
 * An image for -bios, entered at 0x100. Every processor looks into its mailbox
 * for a hypercall to make. Where a wait shall not end, a short time of
 * watching must do; where it shall, it has plenty.
 */

#ifndef TESTS_QTEST_SPAPR_MAILBOX_H
#define TESTS_QTEST_SPAPR_MAILBOX_H

#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "spapr-qtest.h"

/* No processor has such a number */
#define NOBODY          0x777

#define BIT_BE(n)       (1ull << (63 - (n)))
#define MSR_EE          BIT_BE(48)

/* H_REGISTER_VPA, its flags */
#define VPA_FLAGS(subfunction)  ((uint64_t)(subfunction) << (63 - 18))
#define REG_VPA         VPA_FLAGS(1)
#define REG_DTL         VPA_FLAGS(2)
#define REG_SLB         VPA_FLAGS(3)
#define DEREG_VPA       VPA_FLAGS(5)
#define DEREG_DTL       VPA_FLAGS(6)
#define DEREG_SLB       VPA_FLAGS(7)

#define hcall_on(qts, cpu, token, ...)                                  \
    spapr_qtest_hcall((qts), (cpu), (token),                            \
                      SPAPR_QTEST_ARGS(__VA_ARGS__) + 1,                \
                      SPAPR_QTEST_NARGS(__VA_ARGS__), NULL)

#define assert_hcall(want, ...) \
    g_assert_cmpint(hcall(qts, __VA_ARGS__), ==, (want))
#define assert_hcall_on(cpu, want, ...) \
    g_assert_cmpint(hcall_on(qts, cpu, __VA_ARGS__), ==, (want))

static inline void set_vpa_size(QTestState *qts, uint64_t addr, uint16_t size)
{
    uint8_t bytes[2];

    stw_be_p(bytes, size);
    qtest_memwrite(qts, addr + 4, bytes, 2);
}

static inline void set_size(QTestState *qts, uint64_t addr, uint32_t size)
{
    uint8_t bytes[4];

    stl_be_p(bytes, size);
    qtest_memwrite(qts, addr + 4, bytes, 4);
}

#define GUEST_LOOP      0x2000      /* start-cpu here, R3: the mailbox */
#define GUEST_CALLED    (GUEST_LOOP + 4 * 18)   /* behind the call that is made */
#define GUEST_SIZE      0x3000
#define MAILBOX(cpu)    (0x100000 + 0x100 * (cpu))
#define MAIL_GO         0
#define MAIL_TOKEN      8
#define MAIL_ARGS       16          /* four */
#define MAIL_RESULT     48
#define MAIL_DONE       56          /* calls that have returned */
#define MAIL_RESETS     64          /* system reset interrupts */
#define MAIL_TICKS      72          /* decrementer interrupts */
#define MAIL_MSR        80          /* EE during the call */
#define MAIL_DEC        88          /* decrementer before the call */
#define MAIL_R4         96          /* and R5, R6 */

#define GUEST_VPA       0x200000
#define GUEST_RTAS      0x300000

#define TICKS_PER_MS    512000
#define NO_TICK         (1ull << 54)    /* of the large decrementer: a year */

#define WATCH_US        (100 * 1000)
#define PATIENCE_US     SPAPR_QTEST_PATIENCE_US

/* Instructions, Power ISA Book I and III */
#define LD(rt, ra, ds)      (58u << 26 | (rt) << 21 | (ra) << 16 | (ds))
#define STD(rs, ra, ds)     (62u << 26 | (rs) << 21 | (ra) << 16 | (ds))
#define ADDI(rt, ra, si)    (14u << 26 | (rt) << 21 | (ra) << 16 | (si))
#define LIS(rt, si)         (15u << 26 | (rt) << 21 | (si))
#define MR(ra, rs) \
    (31u << 26 | (rs) << 21 | (ra) << 16 | (rs) << 11 | 444 << 1)
#define CMPDI(ra, si)       (11u << 26 | 1 << 21 | (ra) << 16 | (si))
#define BEQ(bytes)          (16u << 26 | 12 << 21 | 2 << 16 | \
                             ((bytes) & 0xfffc))
#define B(from, to)         (18u << 26 | (((to) - (from)) & 0x3fffffc))
#define SC_1                0x44000022u
#define RFID                0x4c000024u
#define MTMSRD_EE(rs)       (31u << 26 | (rs) << 21 | 1 << 16 | 178 << 1)
#define MTDEC(rs)           (31u << 26 | (rs) << 21 | 22 << 16 | 467 << 1)

static inline void put_code(uint8_t *image, uint32_t addr, const uint32_t *code,
                     size_t n)
{
    for (size_t i = 0; i < n; i++) {
        stl_be_p(image + addr + 4 * i, code[i]);
    }
}

/* R31 holds the mailbox */
static inline void put_guest(uint8_t *image)
{
    static const uint32_t boot[] = {
        LIS(3, MAILBOX(0) >> 16),
        B(0x104, GUEST_LOOP),
    };
    static const uint32_t tick[] = {
        LD(9, 31, MAIL_TICKS),
        ADDI(9, 9, 1),
        STD(9, 31, MAIL_TICKS),
        LIS(9, 0x7fff),
        MTDEC(9),
        RFID,
    };
    static const uint32_t loop[] = {
        MR(31, 3),
        ADDI(8, 0, 0),          /* + 4: again */
        MTMSRD_EE(8),
        LD(0, 31, MAIL_GO),     /* + 12: wait */
        CMPDI(0, 0),
        BEQ(-8),
        ADDI(0, 0, 0),
        STD(0, 31, MAIL_GO),
        LD(9, 31, MAIL_DEC),
        MTDEC(9),
        LD(8, 31, MAIL_MSR),
        MTMSRD_EE(8),
        LD(3, 31, MAIL_TOKEN),
        LD(4, 31, MAIL_ARGS),
        LD(5, 31, MAIL_ARGS + 8),
        LD(6, 31, MAIL_ARGS + 16),
        LD(7, 31, MAIL_ARGS + 24),
        SC_1,
        STD(3, 31, MAIL_RESULT),
        STD(4, 31, MAIL_R4),
        STD(5, 31, MAIL_R4 + 8),
        STD(6, 31, MAIL_R4 + 16),
        LD(5, 31, MAIL_DONE),
        ADDI(5, 5, 1),
        STD(5, 31, MAIL_DONE),
        B(100, 4),
    };

    put_code(image, 0x100, boot, ARRAY_SIZE(boot));
    put_code(image, 0x900, tick, ARRAY_SIZE(tick));
    put_code(image, GUEST_LOOP, loop, ARRAY_SIZE(loop));
}

/* Once the guest has booted, its entry is where system resets arrive */
static inline void put_reset_handler(QTestState *qts)
{
    static const uint32_t handler[] = {
        LD(9, 31, MAIL_RESETS),
        ADDI(9, 9, 1),
        STD(9, 31, MAIL_RESETS),
        B(0x10c, GUEST_LOOP + 4),
    };
    uint8_t bytes[sizeof(handler)];

    put_code(bytes, 0, handler, ARRAY_SIZE(handler));
    qtest_memwrite(qts, 0x100, bytes, sizeof(bytes));
}

static inline uint64_t mail(QTestState *qts, int cpu, int field)
{
    return qtest_readq(qts, MAILBOX(cpu) + field);
}

/* Let a processor make a call, with interrupts (@ee) and a tick after @dec */
static inline void post(QTestState *qts, int cpu, uint64_t token, uint64_t r4,
                        uint64_t r5, uint64_t r6, bool ee, uint64_t dec)
{
    uint64_t args[] = { r4, r5, r6 };

    g_assert_cmphex(mail(qts, cpu, MAIL_GO), ==, 0);
    qtest_writeq(qts, MAILBOX(cpu) + MAIL_TOKEN, token);
    for (int i = 0; i < ARRAY_SIZE(args); i++) {
        qtest_writeq(qts, MAILBOX(cpu) + MAIL_ARGS + 8 * i, args[i]);
    }
    qtest_writeq(qts, MAILBOX(cpu) + MAIL_MSR, ee ? MSR_EE : 0);
    qtest_writeq(qts, MAILBOX(cpu) + MAIL_DEC, dec);
    qtest_writeq(qts, MAILBOX(cpu) + MAIL_GO, 1);
}

static inline void await(QTestState *qts, int cpu, int field, uint64_t value)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    while (mail(qts, cpu, field) != value) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

/* The processor has taken its call, and the call doesn't return */
static inline void assert_waits(QTestState *qts, int cpu)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;
    uint64_t done = mail(qts, cpu, MAIL_DONE);

    await(qts, cpu, MAIL_GO, 0);
    /* With one thread for all, others may have their turn before the call */
    while (spapr_qtest_register(qts, cpu, "pc") != GUEST_CALLED) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
    g_usleep(WATCH_US);
    g_assert_cmpuint(mail(qts, cpu, MAIL_DONE), ==, done);
}

/* A call that returns */
static inline int64_t call(QTestState *qts, int cpu, uint64_t token,
                           uint64_t r4, uint64_t r5, uint64_t r6)
{
    uint64_t done = mail(qts, cpu, MAIL_DONE);

    post(qts, cpu, token, r4, r5, r6, false, NO_TICK);
    await(qts, cpu, MAIL_DONE, done + 1);
    return mail(qts, cpu, MAIL_RESULT);
}

/* The time base: H_PIC tells three processors' sum, in R6 */
static inline uint64_t guest_timebase(QTestState *qts)
{
    g_assert_cmpint(call(qts, 0, H_PIC, 0, 0, 0), ==, H_SUCCESS);
    return mail(qts, 0, MAIL_R4 + 16) / 3;
}

static inline uint64_t guest_purr(QTestState *qts, int cpu)
{
    g_assert_cmpint(call(qts, cpu, H_PURR, 0, 0, 0), ==, H_SUCCESS);
    return mail(qts, cpu, MAIL_R4);
}

/* A call that waits, until H_PROD by processor 0 */
static inline void assert_prod_ends(QTestState *qts, int cpu)
{
    uint64_t done = mail(qts, cpu, MAIL_DONE);

    g_assert_cmpint(call(qts, 0, H_PROD, cpu, 0, 0), ==, H_SUCCESS);
    await(qts, cpu, MAIL_DONE, done + 1);
    g_assert_cmpint(mail(qts, cpu, MAIL_RESULT), ==, H_SUCCESS);
}

static inline uint32_t guest_rtas(QTestState *qts, int cpu, const char *name,
                           const uint32_t *args, int nargs, int nret)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    uint32_t cells[8] = { spapr_qtest_rtas_token(fdt, name), nargs, nret };

    memcpy(cells + 3, args, 4 * nargs);
    for (int i = 0; i < ARRAY_SIZE(cells); i++) {
        qtest_writel(qts, GUEST_RTAS + 4 * i, cells[i]);
    }
    g_assert_cmpint(call(qts, cpu, H_PRIVATE_RTAS, GUEST_RTAS, 0, 0), ==,
                    H_SUCCESS);
    return qtest_readl(qts, GUEST_RTAS + 4 * (3 + nargs));
}

static inline void guest_start_cpu_at(QTestState *qts, int cpu, uint32_t entry)
{
    const uint32_t args[] = { cpu, entry, MAILBOX(cpu) };

    g_assert_cmpint(guest_rtas(qts, 0, "start-cpu", args, 3, 1), ==, 0);
}

static inline void guest_start_cpu(QTestState *qts, int cpu)
{
    guest_start_cpu_at(qts, cpu, GUEST_LOOP);
}

static inline bool guest_cpu_is_stopped(QTestState *qts, int cpu)
{
    const uint32_t args[] = { cpu };

    g_assert_cmpint(guest_rtas(qts, 0, "query-cpu-stopped-state", args, 1, 2),
                    ==, 0);
    return qtest_readl(qts, GUEST_RTAS + 4 * 5) == 0;
}

/* Three processors that wait for mail; @more are options behind -machine */
static inline QTestState *start_guest_more(const char *accel, const char *more)
{
    g_autofree uint8_t *image = g_malloc0(GUEST_SIZE);
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    QTestState *qts;
    int fd = g_file_open_tmp("spapr-mailbox-XXXXXX", &path, &error);

    g_assert_no_error(error);
    put_guest(image);
    g_assert_cmpint(write(fd, image, GUEST_SIZE), ==, GUEST_SIZE);
    close(fd);
    qts = qtest_initf("-accel %s -machine pseries%s -nodefaults -m 256 -smp 3 "
                      "-cpu power9 -bios %s", accel, more, path);
    unlink(path);
    g_assert_cmpint(call(qts, 0, H_PROD, NOBODY, 0, 0), ==, H_PARAMETER);
    put_reset_handler(qts);
    guest_start_cpu(qts, 1);
    guest_start_cpu(qts, 2);
    return qts;
}

static inline QTestState *start_guest(const char *accel)
{
    return start_guest_more(accel, "");
}

/* A test of a guest; it is given the -accel option to start it with */
typedef struct GuestTest {
    const char *name;
    void (*fn)(const void *accel);
} GuestTest;

/*
 * Add tests under SUITE/guest, once with a thread for each processor and once
 * with one for all; none when there is no TCG
 */
static inline void add_guest_tests(const char *suite, const GuestTest *tests,
                                   size_t n)
{
    static const char *const accels[] = {
        "tcg,thread=multi", "tcg,thread=single"
    };

    for (int i = 0; i < ARRAY_SIZE(accels) && qtest_has_accel("tcg"); i++) {
        for (size_t j = 0; j < n; j++) {
            g_autofree char *path = g_strdup_printf(
                "%s/guest/%s/%s", suite, strchr(accels[i], '=') + 1,
                tests[j].name);

            qtest_add_data_func(path, accels[i], tests[j].fn);
        }
    }
}

#endif /* TESTS_QTEST_SPAPR_MAILBOX_H */
