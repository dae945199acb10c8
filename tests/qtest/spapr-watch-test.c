/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what becomes of the watchpoints that a guest sets by H_SET_MODE
 *
 * A guest stores into a page with translation on, in its kernel's state or in a
 * user's, and a watchpoint stops it or does not.
 */

#include "qemu/osdep.h"
#include "spapr-guest.h"
#include "spapr-hpt-qtest.h"
#include "spapr-qtest.h"

#define MODE_DAWR0      2

/* DAWRX, as H_SET_MODE takes it */
#define X_MRD(doublewords)  ((uint64_t)((doublewords) - 1) << 10)
#define X_WRITE         BE_BIT(57)
#define X_READ          BE_BIT(58)
#define X_ANY_DR        BE_BIT(60)
#define X_KERNEL        BE_BIT(62)
#define X_USER          BE_BIT(63)

#define MSR_USER        (BE_BIT(0) | BE_BIT(49) | MSR_IR_DR)
#define DSISR_WATCHED   0x00400000

/* Virtual segment and real page of the code that users run, and of data */
#define USER_VSID       0x123
#define USER_EA         (256 * MiB)
#define USER_CODE       0x7000
#define DATA_VSID       0x456
#define DATA_REAL       (8 * MiB)
#define DATA_EA         (512 * MiB)
#define LAST_EA         (-(uint64_t)PAGE)

typedef struct WatchTest {
    const char *name;
    bool user;              /* who stores: a user, or the kernel */
    bool caught;
    uint64_t dawrx;
    uint64_t page;          /* effective address */
    unsigned watched;       /* bytes behind it from where on is watched */
    unsigned stored;        /* and where is stored */
} WatchTest;

/* A page of 4 KiB in a segment of 256 MiB; everybody may do everything */
static void emit_map(Guest *guest, unsigned slot, uint64_t vsid, uint64_t ea,
                     uint64_t real)
{
    const VirtualPage page = {
        .vsid = vsid, .offset = ea % (256 * MiB), .base_shift = 12
    };

    emit_hcall(guest, H_ENTER, 0, page_group(&page, ENTRIES), page_pte0(&page),
               real | R_M | R_PP1);
    emit_li(guest, 8, vsid << 12);
    emit_li(guest, 9, (ea & ~(256 * MiB - 1)) | 1 << 27 | slot);
    emit(guest, 0x7c000324 | 8 << 21 | 9 << 11);                /* slbmte */
    emit(guest, 0x4c00012c);                                    /* isync */
}

/* To what put_user_code() has put there */
static void emit_enter_user(Guest *guest)
{
    emit_li(guest, 8, 0x7fffffff);
    emit(guest, 0x7c0003a6 | 8 << 21 | 22 << 16);               /* mtdec */
    emit_li(guest, 8, USER_EA);
    emit(guest, 0x7c0003a6 | 8 << 21 | 26 << 16);               /* mtsrr0 */
    emit_li(guest, 8, MSR_USER);
    emit(guest, 0x7c0003a6 | 8 << 21 | 27 << 16);               /* mtsrr1 */
    emit(guest, 0x4c000024);                                    /* rfid */
}

/* Stores R11 where R10 says, and calls the kernel, which ends at 0xc00 */
static void put_user_code(Guest *guest)
{
    guest->code[USER_CODE / 4] = cpu_to_be32(0x90000000 | 11 << 21 | 10 << 16);
    guest->code[USER_CODE / 4 + 1] = cpu_to_be32(0x44000002);   /* sc */
}

static void test_watch(const void *data)
{
    const WatchTest *test = data;
    const uint64_t stored = test->page + test->stored;
    g_autofree Guest *guest = g_new(Guest, 1);
    QTestState *qts;
    char *path;

    guest_begin(guest);
    emit_map(guest, 0, USER_VSID, USER_EA, USER_CODE);
    emit_map(guest, 1, DATA_VSID, test->page, DATA_REAL);
    emit_hcall(guest, H_SET_MODE, 0, MODE_DAWR0, test->page + test->watched,
               test->dawrx);
    emit_result(guest, 3, 0);
    emit_li(guest, 11, 0x12345678);
    emit_li(guest, 10, stored);
    if (test->user) {
        emit_enter_user(guest);
    } else {
        emit_access(guest, true, stored);
    }
    g_assert_cmpuint(guest_last(guest), <, USER_CODE);
    put_user_code(guest);

    qts = guest_start(guest, "power8", &path);
    guest_wait(qts, test->caught ? 0x300 :
                    test->user ? 0xc00 : guest_last(guest) - 4);
    assert_result(qts, 0, H_SUCCESS);
    g_assert_cmphex(qtest_readl(qts, DATA_REAL + test->stored), ==,
                    test->caught ? 0 : 0x12345678);
    if (test->caught) {
        g_assert_cmphex(guest_register(qts, "DAR"), ==, stored);
        g_assert_cmphex(guest_register(qts, "DSISR") & DSISR_WATCHED, !=, 0);
    }
    guest_end(qts, path);
}

#define WRITES          (X_WRITE | X_ANY_DR)

static const WatchTest tests[] = {
    { "user/of-user", true, true, WRITES | X_USER, DATA_EA, 16, 16 },
    { "user/of-kernel", true, false, WRITES | X_KERNEL, DATA_EA, 16, 16 },
    { "user/of-both", true, true, WRITES | X_USER | X_KERNEL, DATA_EA, 16, 16 },
    { "kernel/of-user", false, false, WRITES | X_USER, DATA_EA, 16, 16 },
    { "kernel/of-kernel", false, true, WRITES | X_KERNEL, DATA_EA, 16, 16 },
    { "kernel/of-both", false, true, WRITES | X_USER | X_KERNEL, DATA_EA, 16,
      16 },
    { "reads", false, false, X_READ | X_ANY_DR | X_KERNEL, DATA_EA, 16, 16 },
    { "range/first", false, true, WRITES | X_KERNEL | X_MRD(4), DATA_EA, 16,
      16 },
    { "range/before", false, false, WRITES | X_KERNEL | X_MRD(4), DATA_EA, 16,
      12 },
    { "range/last", false, true, WRITES | X_KERNEL | X_MRD(4), DATA_EA, 16,
      44 },
    { "range/behind", false, false, WRITES | X_KERNEL | X_MRD(4), DATA_EA, 16,
      48 },
    /* Whose range would go on behind the last address */
    { "end/last", false, true, WRITES | X_KERNEL | X_MRD(64), LAST_EA,
      PAGE - 16, PAGE - 4 },
    { "end/before", false, false, WRITES | X_KERNEL | X_MRD(64), LAST_EA,
      PAGE - 16, PAGE - 20 },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    for (unsigned i = 0; i < ARRAY_SIZE(tests) && qtest_has_accel("tcg"); i++) {
        g_autofree char *path = g_strdup_printf("spapr-watch/%s",
                                                tests[i].name);

        qtest_add_data_func(path, &tests[i], test_watch);
    }
    return g_test_run();
}
