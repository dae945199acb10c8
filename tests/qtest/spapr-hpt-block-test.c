/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: H_BLOCK_REMOVE, and the system parameter that tells guests which
 * blocks it takes
 */

#include "qemu/osdep.h"
#include "spapr-guest.h"
#include "spapr-hpt-qtest.h"
#include "spapr-qtest.h"

/* A specifier's control byte, with Linux's names for some of it */
#define CONTROL(byte)   ((uint64_t)(byte) << 56)
#define REQUEST         CONTROL(0x40)
#define REQUEST_AVPN    CONTROL(0x41)
#define END             CONTROL(0xc0)
#define SUCCESS         CONTROL(0x80)
#define SUCCESS_R       CONTROL(0x04)
#define SUCCESS_C       CONTROL(0x02)
#define NOT_FOUND       CONTROL(0x88)
#define PARM            CONTROL(0x90)
#define INCONSISTENT    CONTROL(0x98)
#define CROSSING        CONTROL(0xa8)

#define SPECIFIERS      8

/* Where a page is put: the slot in its group that is numbered like it */
static uint64_t place(const VirtualPage *page, unsigned slot)
{
    return page_group(page, ENTRIES) + slot;
}

/* Page @i behind @first */
static VirtualPage nth(const VirtualPage *first, unsigned i)
{
    VirtualPage page = *first;

    page.offset += (uint64_t)i << page.base_shift;
    return page;
}

static uint64_t put_page(QTestState *qts, const VirtualPage *page,
                         unsigned slot, uint64_t pte1)
{
    uint64_t ptex = place(page, slot);

    pte_put(qts, ptex, page_pte0(page), page_pte1(page) | R_M | pte1);
    return ptex;
}

/* Call with up to eight specifiers; if there are fewer, 0 ends them */
static int64_t block_remove(QTestState *qts, uint64_t avpn,
                            const uint64_t *specifiers, uint64_t *rets)
{
    uint64_t args[SPAPR_QTEST_REGS] = { avpn };
    unsigned n = 1;

    while (n < SPAPR_QTEST_REGS && specifiers[n - 1]) {
        args[n] = specifiers[n - 1];
        n++;
    }
    if (n < SPAPR_QTEST_REGS) {
        args[n++] = END;
    }
    return spapr_qtest_hcall(qts, 0, H_BLOCK_REMOVE, args, n, rets);
}

/* Whole blocks, of all sizes of pages and segments */
static void test_blocks(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const VirtualPage firsts[] = {
        { 0x1234, 0x5678000, 12, 0 },
        { 0x1234, 0x5678000, 12, 0, .secondary = true },
        { 0x98765, 0x5678000, 12, 0, .one_tera = true },
        { 0x1234, 0x5600000, 16, L_LP(LP_64K) },
        { 0x98765, 0x5680000, 16, L_LP(LP_64K), .one_tera = true },
        { 0x1234, 0x5670000, 12, L_LP(LP_64K_IN_4K) },
        { 0x1234, 0x5670000, 12, L_LP(LP_16M_IN_4K) },
        { 0x1234, 0x5680000, 16, L_LP(LP_16M_IN_64K) },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(firsts); i++) {
        for (unsigned avpn = 0; avpn < 2; avpn++) {
            uint64_t specifiers[SPECIFIERS], rets[SPAPR_QTEST_REGS];
            uint64_t ptex[SPECIFIERS];

            for (unsigned j = 0; j < SPECIFIERS; j++) {
                /* Not in their order, which does not matter */
                VirtualPage page = nth(&firsts[i], (j * 5 + 3) % 8);

                ptex[j] = put_page(qts, &page, j, (j & 1 ? R_R : 0) |
                                   (j & 2 ? R_C : 0));
                specifiers[j] = (avpn ? REQUEST_AVPN : REQUEST) | ptex[j];
            }
            g_assert_cmpint(block_remove(qts, avpn ? page_avpn(&firsts[i]) :
                                         -1ULL, specifiers, rets), ==,
                            H_SUCCESS);
            for (unsigned j = 0; j < SPECIFIERS; j++) {
                g_assert_cmphex(rets[j], ==, SUCCESS | ptex[j] |
                                (j & 1 ? SUCCESS_R : 0) |
                                (j & 2 ? SUCCESS_C : 0));
                assert_pte(qts, ptex[j], 0, 0);
            }
        }
    }
    qtest_quit(qts);
}

/* Lists of all lengths; what is behind their end stays */
static void test_end(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    VirtualPage first = { 0x42, 0x8000, 12, 0 };

    for (unsigned n = 0; n <= SPECIFIERS; n++) {
        uint64_t args[SPAPR_QTEST_REGS] = { -1ULL };
        uint64_t rets[SPAPR_QTEST_REGS];

        for (unsigned j = 0; j < SPECIFIERS; j++) {
            VirtualPage page = nth(&first, j);

            args[1 + j] = REQUEST | put_page(qts, &page, 0, 0);
        }
        if (n < SPECIFIERS) {
            args[1 + n] |= END;
        }
        g_assert_cmpint(spapr_qtest_hcall(qts, 0, H_BLOCK_REMOVE, args,
                                          ARRAY_SIZE(args), rets), ==,
                        H_SUCCESS);
        for (unsigned j = 0; j < SPECIFIERS; j++) {
            uint64_t ptex = args[1 + j] & ~CONTROL(0xff);

            if (j < n) {
                g_assert_cmphex(rets[j], ==, SUCCESS | ptex);
                assert_pte(qts, ptex, 0, 0);
            } else {
                g_assert_cmphex(rets[j], ==, args[j]);
                g_assert_cmpint(hcall(qts, H_REMOVE, 0, ptex, 0), ==,
                                H_SUCCESS);
            }
        }
    }
    qtest_quit(qts);
}

/* One specifier that is no request, anywhere, and nothing is done */
static void test_no_request(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    VirtualPage first = { 0x42, 0x8000, 12, 0 };
    static const uint8_t bad[] = { 0x00, 0x01, 0x3f, 0x80, 0x88, 0xbf };

    for (unsigned at = 0; at < SPECIFIERS; at++) {
        for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
            uint64_t args[SPAPR_QTEST_REGS] = { -1ULL };
            uint64_t rets[SPAPR_QTEST_REGS];

            for (unsigned j = 0; j < SPECIFIERS; j++) {
                VirtualPage page = nth(&first, j);

                args[1 + j] = put_page(qts, &page, 0, 0) |
                    (j == at ? CONTROL(bad[i]) : REQUEST);
            }
            g_assert_cmpint(spapr_qtest_hcall(qts, 0, H_BLOCK_REMOVE, args,
                                              ARRAY_SIZE(args), rets), ==,
                            H_PARAMETER);
            for (unsigned j = 0; j < SPAPR_QTEST_REGS; j++) {
                g_assert_cmphex(rets[j], ==, args[j]);
            }
            for (unsigned j = 0; j < SPECIFIERS; j++) {
                g_assert_cmpint(hcall(qts, H_REMOVE, 0,
                                      args[1 + j] & ~CONTROL(0xff), 0), ==,
                                H_SUCCESS);
            }
        }
    }
    qtest_quit(qts);
}

/*
 * One specifier that fails between two that do not: its response, and that
 * the others are done all the same
 */
static void check_partial(QTestState *qts, uint64_t avpn, uint64_t specifier,
                          uint64_t response)
{
    static const VirtualPage before = { 0x1234, 0x5678000, 12, 0 };
    static const VirtualPage behind = { 0x1234, 0x567f000, 12, 0 };
    uint64_t specifiers[SPECIFIERS] = {
        REQUEST | put_page(qts, &before, 7, R_C), specifier,
        REQUEST | put_page(qts, &behind, 7, R_R),
    };
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(block_remove(qts, avpn, specifiers, rets), ==, H_PARTIAL);
    g_assert_cmphex(rets[0], ==,
                    SUCCESS | SUCCESS_C | (specifiers[0] & ~CONTROL(0xff)));
    g_assert_cmphex(rets[1], ==, response | (specifier & ~CONTROL(0xff)));
    g_assert_cmphex(rets[2], ==,
                    SUCCESS | SUCCESS_R | (specifiers[2] & ~CONTROL(0xff)));
    assert_pte(qts, specifiers[0] & ~CONTROL(0xff), 0, 0);
    assert_pte(qts, specifiers[2] & ~CONTROL(0xff), 0, 0);
}

static void test_partial(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const uint64_t no_index[] = {
        ENTRIES, ENTRIES + 8, 1ULL << 32, 1ULL << 48, 1ULL << 55,
        0x00ffffffffffffffULL
    };
    static const VirtualPage page = { 0x1234, 0x5679000, 12, 0 };
    static const struct {
        VirtualPage page;
        uint64_t response;
    } others[] = {
        /* Other sizes, of segment, page and segment's page */
        { { 0x1234, 0x5679000, 12, 0, .one_tera = true }, INCONSISTENT },
        { { 0x1234, 0x5679000, 12, L_LP(LP_64K_IN_4K) }, INCONSISTENT },
        { { 0x1234, 0x5679000, 12, L_LP(LP_16M_IN_4K) }, INCONSISTENT },
        { { 0x1234, 0x5670000, 16, L_LP(LP_64K) }, INCONSISTENT },
        /* The neighbouring blocks, one far away, one in another segment */
        { { 0x1234, 0x5677000, 12, 0 }, CROSSING },
        { { 0x1234, 0x5680000, 12, 0 }, CROSSING },
        { { 0x1234, 0x0e78000, 12, 0 }, CROSSING },
        { { 0x1235, 0x5679000, 12, 0 }, CROSSING },
        /* Sizes that it does not take, told of before they are compared */
        { { 0x1234, 0x5000000, 24, L_LP(LP_16M) }, PARM },
        { { 0x1234, 0x5000000, 24, L_LP(LP_16M), .one_tera = true }, PARM },
    };
    uint64_t ptex;

    for (unsigned i = 0; i < ARRAY_SIZE(no_index); i++) {
        check_partial(qts, 0, REQUEST | no_index[i], PARM);
        check_partial(qts, 0, REQUEST_AVPN | no_index[i], PARM);
    }

    /* Not valid, bolted, or another page */
    ptex = place(&page, 0);
    check_partial(qts, 0, REQUEST | ptex, NOT_FOUND);
    check_partial(qts, page_avpn(&page), REQUEST_AVPN | ptex, NOT_FOUND);
    pte_put(qts, ptex, page_pte0(&page) | V_BOLTED, R_M);
    check_partial(qts, 0, REQUEST | ptex, NOT_FOUND);
    check_partial(qts, page_avpn(&page), REQUEST_AVPN | ptex, NOT_FOUND);
    assert_pte(qts, ptex, page_pte0(&page) | V_BOLTED | V_VALID, R_M);
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, ptex, 0), ==, H_SUCCESS);
    pte_put(qts, ptex, page_pte0(&page), R_M);
    check_partial(qts, page_avpn(&page) ^ AVPN(1), REQUEST_AVPN | ptex,
                  NOT_FOUND);
    check_partial(qts, page_avpn(&page) ^ V_1T, REQUEST_AVPN | ptex,
                  NOT_FOUND);
    check_partial(qts, page_avpn(&page) | V_VALID, REQUEST_AVPN | ptex,
                  NOT_FOUND);
    assert_pte(qts, ptex, page_pte0(&page) | V_VALID, R_M);
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, ptex, 0), ==, H_SUCCESS);

    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        const VirtualPage *other = &others[i].page;

        ptex = put_page(qts, other, 0, 0);
        check_partial(qts, 0, REQUEST | ptex, others[i].response);
        assert_pte(qts, ptex, page_pte0(other) | V_VALID,
                   page_pte1(other) | R_M);
        /* Another AVPN is found before that, but not before a bad size */
        check_partial(qts, page_avpn(other) ^ AVPN(0x10000),
                      REQUEST_AVPN | ptex,
                      others[i].response == PARM ? PARM : NOT_FOUND);
        g_assert_cmpint(hcall(qts, H_REMOVE, 0, ptex, 0), ==, H_SUCCESS);
    }
    qtest_quit(qts);
}

/* What fails is no anchor, and an entry can't be removed twice */
static void test_anchor(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const VirtualPage page = { 0x1234, 0x5679000, 12, 0 };
    static const VirtualPage large = { 0x1234, 0x5000000, 24, L_LP(LP_16M) };
    uint64_t ptex = put_page(qts, &page, 1, 0);
    uint64_t specifiers[SPECIFIERS] = {
        REQUEST | ENTRIES, REQUEST | place(&page, 0),
        REQUEST | put_page(qts, &large, 0, 0), REQUEST | ptex, REQUEST | ptex,
    };
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(block_remove(qts, 0, specifiers, rets), ==, H_PARTIAL);
    g_assert_cmphex(rets[0], ==, PARM | ENTRIES);
    g_assert_cmphex(rets[1], ==, NOT_FOUND | place(&page, 0));
    g_assert_cmphex(rets[2], ==, PARM | place(&large, 0));
    g_assert_cmphex(rets[3], ==, SUCCESS | ptex);
    g_assert_cmphex(rets[4], ==, NOT_FOUND | ptex);
    qtest_quit(qts);
}

static void test_radix(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS);
    uint64_t specifiers[SPECIFIERS] = { REQUEST | 8 };
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(block_remove(qts, 0, specifiers, rets), ==, H_PARTIAL);
    g_assert_cmphex(rets[0], ==, PARM | 8);
    qtest_quit(qts);
}

/* The parameter has what this call takes, as pairs of L bit and encoding */
static void check_parameter(const char *args)
{
    QTestState *qts = qtest_init(args);
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    const uint64_t rtas = SCRATCH, buf = SCRATCH + PAGE;
    static const uint8_t expected[] = {
        0, 7,                       /* length */
        3, 5,                       /* blocks of 8 pages; 5 kinds of them */
        0x00, 0x87, 0xb8,           /* 4 KiB, with 64 KiB and 16 MiB */
        0x81, 0x88,                 /* 64 KiB, with 16 MiB */
    };
    uint8_t found[sizeof(expected) + 1];
    uint32_t arg[] = { 50, buf, PAGE }, ret[1];

    qtest_memset(qts, buf, 0xa5, PAGE);
    g_assert_cmpint(spapr_qtest_rtas(qts, rtas, spapr_qtest_rtas_token(fdt,
                                     "ibm,get-system-parameter"), 3, arg, 1,
                                     ret), ==, RTAS_OUT_SUCCESS);
    qtest_memread(qts, buf, found, sizeof(found));
    g_assert_cmpmem(found, sizeof(expected), expected, sizeof(expected));
    g_assert_cmphex(found[sizeof(expected)], ==, 0xa5);
    g_assert_cmpint(spapr_qtest_rtas(qts, rtas, spapr_qtest_rtas_token(fdt,
                                     "ibm,set-system-parameter"), 2, arg, 1,
                                     ret), ==, RTAS_OUT_NOT_AUTHORIZED);
    qtest_quit(qts);
}

static void test_parameter(void)
{
    check_parameter(HASH_ARGS);
    check_parameter(RADIX_ARGS);
}

/* No TLB keeps what was taken away */
static void test_guest(void)
{
    g_autofree Guest *guest = g_new(Guest, 1);
    /* Virtual segment 0x120 at 256 MiB; its pages hash to their numbers */
    const uint64_t vsid = 0x120, ea = 256 * MiB, ptex = vsid * 8;
    const uint64_t pte1 = 8 * MiB | R_M | R_PP1, avpn = vsid << 12;
    unsigned n = 0, m = 0;
    QTestState *qts;
    char *path;

    guest_begin(guest);
    emit_li(guest, 8, avpn);
    emit_li(guest, 9, ea | 1 << 27);
    emit(guest, 0x7c000324 | 8 << 21 | 9 << 11);                    /* slbmte */
    emit(guest, 0x4c00012c);                                        /* isync */
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned page = 0; page < 2; page++) {
            emit_hcall(guest, H_ENTER, F_EXACT, ptex + 8 * page, avpn,
                       pte1 + (2 * round + page) * PAGE);
            emit_li(guest, 11, 0x1000 + 2 * round + page);
            emit_access(guest, true, ea + page * PAGE);
        }
        emit_li(guest, 8, END);
        emit_hcall(guest, H_BLOCK_REMOVE, avpn, REQUEST_AVPN | ptex,
                   REQUEST_AVPN | (ptex + 8), END);
        emit_result(guest, 3, n++);
        emit_result(guest, 4, n++);
        emit_result(guest, 5, n++);
    }
    /* And with nothing in their place: a data storage interrupt */
    emit_access(guest, false, ea + PAGE);

    qts = guest_start(guest, "power8", &path);
    guest_wait(qts, 0x300);
    for (unsigned round = 0; round < 2; round++) {
        assert_result(qts, m++, H_SUCCESS);
        assert_result(qts, m++, SUCCESS | SUCCESS_R | SUCCESS_C | ptex);
        assert_result(qts, m++, SUCCESS | SUCCESS_R | SUCCESS_C | (ptex + 8));
    }
    g_assert_cmpuint(m, ==, n);
    g_assert_cmphex(guest_register(qts, "DAR"), ==, ea + PAGE);
    g_assert_cmphex(guest_register(qts, "DSISR"), ==, 0x40000000);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(qtest_readl(qts, 8 * MiB + i * PAGE), ==, 0x1000 + i);
    }
    guest_end(qts, path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/spapr/hpt-block/blocks", test_blocks);
    qtest_add_func("/spapr/hpt-block/end", test_end);
    qtest_add_func("/spapr/hpt-block/no-request", test_no_request);
    qtest_add_func("/spapr/hpt-block/partial", test_partial);
    qtest_add_func("/spapr/hpt-block/anchor", test_anchor);
    qtest_add_func("/spapr/hpt-block/radix", test_radix);
    qtest_add_func("/spapr/hpt-block/parameter", test_parameter);
    qtest_add_func("/spapr/hpt-block/guest", test_guest);

    return g_test_run();
}
