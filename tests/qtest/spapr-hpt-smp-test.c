/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: several processors that change the hash page table at a time, and a
 * table that is resized under their hands
 */

#include "qemu/osdep.h"
#include "spapr-guest.h"
#include "spapr-hpt-qtest.h"
#include "spapr-qtest.h"

/*
 * Processor 0 prepares the table, starts the others, resizes the table if it is
 * to, and in the end writes down what is in it. 1 and 2 enter and remove an
 * entry each, 3 reads what they do. Each has a block of doublewords for its
 * orders and its results; start-cpu hands over the address.
 */
#define CHIEF           0
#define WRITERS         2
#define READER          3
#define CPUS            4

#define BLOCK(cpu)      (GUEST_RESULTS + (cpu) * 256)

/* Arguments of start-cpu, and the table in the end */
#define RTAS_BUF(cpu)   (GUEST_RESULTS + 4 * KiB + (cpu) * 256)
#define DUMP            (64 * MiB)
#define DUMP_SHIFT      18
#define DUMP_ENTRIES    (1 << (DUMP_SHIFT - 4))

enum {
    STOP,               /* the test wants an end; of the chief, STOP_DONE */
    PTEX,               /* an index of the group, for the reader of the entry */
    PTE0,               /* of a writer's entry; V is on in the reader's */
    PTE1,
    OTHER_PTE0,         /* the reader knows both writers' */
    OTHER_PTE1,
    ROUNDS,             /* done as wanted */
    FULL,               /* no place; the reader: no entry */
    GONE,               /* the entry wasn't there any more */
    ERRORS,             /* what must not be */
    FINISHED,
};

/* What the chief waits for: to begin, and that all others have ended */
enum {
    NOT_YET,
    GO,
    STOP_DONE,
};

/* Registers that hold the orders and count the results */
#define R_BLOCK         31
#define R_ORDER(n)      (14 + (n))
#define R_COUNT(n)      (14 + (n))
#define R_CHOSEN        30

/*
 * The group that is fought over, and what fills all but its last place. Of the
 * tables here, all but the smallest have a group of this number.
 */
#define GROUP           0x1a20
#define FREE_PLACE      (GROUP * 8 + 7)

/* How long a fight lasts */
#define ENOUGH          20000

static const VirtualPage filler = { GROUP, 0, 12, 0 };

static uint64_t writer_pte0(unsigned cpu)
{
    return AVPN(0x10000 + cpu);
}

static uint64_t writer_pte1(unsigned cpu)
{
    return R_M | R_PP1 | (8 * MiB + cpu * PAGE);
}

static void emit_load(Guest *guest, unsigned reg, unsigned number)
{
    emit(guest, 0xe8000000 | reg << 21 | R_BLOCK << 16 | number * 8);
}

static void emit_move(Guest *guest, unsigned to, unsigned from)
{
    emit(guest, 0x7c000378 | from << 21 | to << 16 | from << 11);   /* mr */
}

static void emit_small(Guest *guest, unsigned reg, int16_t value)
{
    emit(guest, 0x38000000 | reg << 21 | (uint16_t)value);          /* li */
}

static void emit_compare(Guest *guest, unsigned reg, int16_t value)
{
    emit(guest, 0x2c200000 | reg << 16 | (uint16_t)value);          /* cmpdi */
}

static void emit_compare_regs(Guest *guest, unsigned a, unsigned b)
{
    emit(guest, 0x7c200000 | a << 16 | b << 11);                    /* cmpd */
}

/* Conditional branches, to a place behind them that emit_here() tells */
static unsigned emit_beq(Guest *guest)
{
    emit(guest, 0x41820000);
    return guest->at - 1;
}

static unsigned emit_bne(Guest *guest)
{
    emit(guest, 0x40820000);
    return guest->at - 1;
}

static void emit_here(Guest *guest, unsigned branch)
{
    guest->code[branch] |= cpu_to_be32((guest->at - branch) * 4);
}

static void emit_back(Guest *guest, unsigned to)
{
    emit(guest, 0x48000000 | (((int)to - (int)guest->at) * 4 & 0x3fffffc));
}

/* Count in one of the results, then go on with the next round */
static void emit_count(Guest *guest, unsigned number, unsigned next)
{
    emit(guest, 0x38000001 | R_COUNT(number) << 21 | R_COUNT(number) << 16);
    emit_back(guest, next);
}

static void emit_call(Guest *guest, uint64_t token, uint64_t flags,
                      unsigned ptex)
{
    emit_li(guest, 3, token);
    emit_li(guest, 4, flags);
    emit_move(guest, 5, ptex);
    emit_move(guest, 6, R_ORDER(PTE0));
    emit_move(guest, 7, R_ORDER(PTE1));
    emit(guest, 0x44000022);                                        /* sc 1 */
}

/* Orders in, counters at zero. Returns where the rounds come back to. */
static unsigned emit_begin(Guest *guest)
{
    unsigned skip, next;

    emit_move(guest, R_BLOCK, 3);
    for (unsigned i = PTEX; i <= OTHER_PTE1; i++) {
        emit_load(guest, R_ORDER(i), i);
    }
    for (unsigned i = ROUNDS; i <= ERRORS; i++) {
        emit_small(guest, R_COUNT(i), 0);
    }
    next = guest->at;
    for (unsigned i = ROUNDS; i <= ERRORS; i++) {
        emit(guest, 0xf8000000 | R_COUNT(i) << 21 | R_BLOCK << 16 | i * 8);
    }
    emit_load(guest, 11, STOP);
    emit_compare(guest, 11, 0);
    skip = emit_beq(guest);
    emit_small(guest, 11, 1);
    emit(guest, 0xf8000000 | 11 << 21 | R_BLOCK << 16 | FINISHED * 8);
    emit(guest, 0x48000000);                                        /* b . */
    emit_here(guest, skip);
    return next;
}

/*
 * A round of a writer: enter, read, remove. Once the entry was there, only
 * resizing may take it away, and nothing may change it.
 */
static void emit_writer(Guest *guest)
{
    unsigned next = emit_begin(guest);
    unsigned entered, full, small, gone[3], wrong[3];

    /* 13: the first doubleword as it is in the table */
    emit(guest, 0x60000001 | R_ORDER(PTE0) << 21 | 13 << 16);       /* ori */

    emit_call(guest, H_ENTER, 0, R_ORDER(PTEX));
    emit_compare(guest, 3, H_SUCCESS);
    entered = emit_beq(guest);
    emit_compare(guest, 3, H_PTEG_FULL);
    full = emit_beq(guest);
    emit_compare(guest, 3, H_PARAMETER);
    small = emit_beq(guest);
    emit_count(guest, ERRORS, next);

    emit_here(guest, entered);
    emit_move(guest, R_CHOSEN, 4);
    emit_call(guest, H_READ, 0, R_CHOSEN);
    emit_compare(guest, 3, H_SUCCESS);
    gone[0] = emit_bne(guest);
    emit_compare_regs(guest, 4, 13);
    gone[1] = emit_bne(guest);
    emit_compare_regs(guest, 5, R_ORDER(PTE1));
    wrong[0] = emit_bne(guest);

    emit_call(guest, H_REMOVE, F_AVPN, R_CHOSEN);
    emit_compare(guest, 3, H_SUCCESS);
    gone[2] = emit_bne(guest);
    emit_compare_regs(guest, 4, 13);
    wrong[1] = emit_bne(guest);
    emit_compare_regs(guest, 5, R_ORDER(PTE1));
    wrong[2] = emit_bne(guest);
    emit_count(guest, ROUNDS, next);

    emit_here(guest, full);
    emit_count(guest, FULL, next);
    emit_here(guest, small);
    for (unsigned i = 0; i < ARRAY_SIZE(gone); i++) {
        emit_here(guest, gone[i]);
    }
    emit_count(guest, GONE, next);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        emit_here(guest, wrong[i]);
    }
    emit_count(guest, ERRORS, next);
}

/* A round of the reader: doublewords belong together, or there are none */
static void emit_reader(Guest *guest)
{
    unsigned next = emit_begin(guest);
    unsigned small, none, first, second, wrong[3];

    emit_call(guest, H_READ, 0, R_ORDER(PTEX));
    emit_compare(guest, 3, H_SUCCESS);
    small = emit_bne(guest);
    emit_compare(guest, 4, 0);
    none = emit_beq(guest);
    emit_compare_regs(guest, 4, R_ORDER(PTE0));
    first = emit_beq(guest);
    emit_compare_regs(guest, 4, R_ORDER(OTHER_PTE0));
    second = emit_beq(guest);
    emit_count(guest, ERRORS, next);

    emit_here(guest, first);
    emit_compare_regs(guest, 5, R_ORDER(PTE1));
    wrong[0] = emit_bne(guest);
    emit_count(guest, ROUNDS, next);
    emit_here(guest, second);
    emit_compare_regs(guest, 5, R_ORDER(OTHER_PTE1));
    wrong[1] = emit_bne(guest);
    emit_count(guest, ROUNDS, next);

    emit_here(guest, none);
    emit_compare(guest, 5, 0);
    wrong[2] = emit_bne(guest);
    emit_count(guest, FULL, next);
    emit_here(guest, small);
    emit_count(guest, GONE, next);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        emit_here(guest, wrong[i]);
    }
    emit_count(guest, ERRORS, next);
}

/* Wait until the chief is told to go on */
static void emit_wait(Guest *guest, unsigned order)
{
    unsigned again = guest->at;

    emit_load(guest, 11, STOP);
    emit_compare(guest, 11, order);
    emit(guest, 0x41800000 | (((int)again - (int)guest->at) * 4 & 0xfffc));
}

/* A call by the chief, which must succeed */
static void emit_must(Guest *guest, uint64_t token, uint64_t r4, uint64_t r5,
                      uint64_t r6, uint64_t r7)
{
    unsigned good;

    emit_hcall(guest, token, r4, r5, r6, r7);
    emit_compare(guest, 3, H_SUCCESS);
    good = emit_beq(guest);
    emit(guest, 0x38000001 | R_COUNT(ERRORS) << 21 | R_COUNT(ERRORS) << 16);
    emit_here(guest, good);
}

static void emit_resize(Guest *guest, unsigned shift)
{
    emit_must(guest, H_RESIZE_HPT_PREPARE, 0, shift, 0, 0);
    emit_must(guest, H_RESIZE_HPT_COMMIT, 0, shift, 0, 0);
}

static void emit_dump(Guest *guest)
{
    unsigned again;

    emit_small(guest, 15, 0);
    emit_li(guest, 16, DUMP);
    again = guest->at;
    emit_li(guest, 3, H_READ);
    emit_li(guest, 4, F_READ_4);
    emit_move(guest, 5, 15);
    emit(guest, 0x44000022);                                        /* sc 1 */
    for (unsigned i = 0; i < 8; i++) {
        emit(guest, 0xf8000000 | (4 + i) << 21 | 16 << 16 | i * 8); /* std */
    }
    emit(guest, 0x38000000 | 15 << 21 | 15 << 16 | 4);              /* addi */
    emit(guest, 0x38000000 | 16 << 21 | 16 << 16 | 64);
    emit_compare(guest, 15, DUMP_ENTRIES);
    emit(guest, 0x41800000 | (((int)again - (int)guest->at) * 4 & 0xfffc));
}

static void emit_chief(Guest *guest, bool resizes)
{
    static const unsigned shifts[] = { 18, 23, 20, 22 };
    unsigned again;

    emit_li(guest, R_BLOCK, BLOCK(CHIEF));
    emit_small(guest, R_COUNT(ROUNDS), 0);
    emit_small(guest, R_COUNT(ERRORS), 0);
    emit_wait(guest, GO);
    for (unsigned i = 0; i < 7; i++) {
        emit_must(guest, H_ENTER, F_EXACT, GROUP * 8 + i,
                  page_pte0(&filler) | V_BOLTED, R_M | i * PAGE);
    }
    for (unsigned cpu = 1; cpu < CPUS; cpu++) {
        emit_must(guest, H_PRIVATE_RTAS, RTAS_BUF(cpu), 0, 0, 0);
    }
    if (resizes) {
        again = guest->at;
        for (unsigned i = 0; i < ARRAY_SIZE(shifts); i++) {
            emit_resize(guest, shifts[i]);
        }
        emit(guest, 0x38000001 | R_COUNT(ROUNDS) << 21 |
             R_COUNT(ROUNDS) << 16);                                /* addi */
        emit(guest, 0xf8000000 | R_COUNT(ROUNDS) << 21 | R_BLOCK << 16 |
             ROUNDS * 8);
        emit_load(guest, 11, STOP);
        emit_compare(guest, 11, STOP_DONE);
        emit(guest, 0x41800000 | (((int)again - (int)guest->at) * 4 & 0xfffc));
    }
    emit_wait(guest, STOP_DONE);
    emit_resize(guest, DUMP_SHIFT);
    emit_dump(guest);
    emit(guest, 0xf8000000 | R_COUNT(ERRORS) << 21 | R_BLOCK << 16 |
         ERRORS * 8);
    emit_small(guest, 11, 1);
    emit(guest, 0xf8000000 | 11 << 21 | R_BLOCK << 16 | FINISHED * 8);
    emit(guest, 0x48000000);                                        /* b . */
}

static void set_order(QTestState *qts, unsigned cpu, unsigned number,
                      uint64_t value)
{
    uint8_t bytes[8];

    stq_be_p(bytes, value);
    qtest_memwrite(qts, BLOCK(cpu) + number * 8, bytes, sizeof(bytes));
}

static uint64_t result(QTestState *qts, unsigned cpu, unsigned number)
{
    uint8_t bytes[8];

    qtest_memread(qts, BLOCK(cpu) + number * 8, bytes, sizeof(bytes));
    return ldq_be_p(bytes);
}

/* What the chief will call RTAS with */
static void set_start_cpu(QTestState *qts, uint32_t token, unsigned cpu,
                          unsigned at)
{
    uint32_t cells[] = { token, 3, 1, cpu, at * 4, BLOCK(cpu), 0 };

    for (unsigned i = 0; i < ARRAY_SIZE(cells); i++) {
        cells[i] = cpu_to_be32(cells[i]);
    }
    qtest_memwrite(qts, RTAS_BUF(cpu), cells, sizeof(cells));
}

/* Three processors at work in one group with one free place */
static QTestState *start_fight(bool resizes, char **path)
{
    g_autofree Guest *guest = g_new(Guest, 1);
    g_autofree void *fdt = NULL;
    unsigned writer, reader;
    uint32_t token;
    QTestState *qts;

    guest_begin(guest);
    emit_chief(guest, resizes);
    writer = guest->at;
    emit_writer(guest);
    reader = guest->at;
    emit_reader(guest);
    qts = guest_start(guest, "power8 -smp 4", path);

    for (unsigned cpu = 1; cpu <= WRITERS; cpu++) {
        set_order(qts, cpu, PTEX, GROUP * 8);
        set_order(qts, cpu, PTE0, writer_pte0(cpu));
        set_order(qts, cpu, PTE1, writer_pte1(cpu));
    }
    set_order(qts, READER, PTEX, FREE_PLACE);
    set_order(qts, READER, PTE0, writer_pte0(1) | V_VALID);
    set_order(qts, READER, PTE1, writer_pte1(1));
    set_order(qts, READER, OTHER_PTE0, writer_pte0(2) | V_VALID);
    set_order(qts, READER, OTHER_PTE1, writer_pte1(2));
    fdt = spapr_qtest_fdt(qts);
    token = spapr_qtest_rtas_token(fdt, "start-cpu");
    for (unsigned cpu = 1; cpu < CPUS; cpu++) {
        set_start_cpu(qts, token, cpu, cpu == READER ? reader : writer);
    }
    set_order(qts, CHIEF, STOP, GO);
    return qts;
}

/* Let them fight until each has done its part, and the chief its @resizes */
static void wait_enough(QTestState *qts, unsigned resizes)
{
    for (unsigned i = 0; i < 2400; i++) {
        if (result(qts, 1, ROUNDS) >= ENOUGH &&
            result(qts, 2, ROUNDS) >= ENOUGH &&
            result(qts, READER, ROUNDS) > 0 &&
            result(qts, CHIEF, ROUNDS) >= resizes) {
            return;
        }
        g_usleep(50 * 1000);
    }
    g_assert_not_reached();
}

static void finish(QTestState *qts, unsigned cpu, unsigned order)
{
    set_order(qts, cpu, STOP, order);
    for (unsigned i = 0; i < 1200 && !result(qts, cpu, FINISHED); i++) {
        g_usleep(50 * 1000);
    }
    g_test_message("processor %u: %" PRIu64 " rounds, %" PRIu64 " full, %"
                   PRIu64 " gone, %" PRIu64 " errors", cpu,
                   result(qts, cpu, ROUNDS), result(qts, cpu, FULL),
                   result(qts, cpu, GONE), result(qts, cpu, ERRORS));
    g_assert_cmpuint(result(qts, cpu, FINISHED), ==, 1);
    g_assert_cmpuint(result(qts, cpu, ERRORS), ==, 0);
}

/* All stop; the fillers are in the table, at their places, and nothing else */
static void stop_fight(QTestState *qts)
{
    g_autofree uint8_t *dump = g_malloc(DUMP_ENTRIES * 16);
    uint64_t group = page_group(&filler, DUMP_ENTRIES);

    for (unsigned cpu = 1; cpu < CPUS; cpu++) {
        finish(qts, cpu, 1);
    }
    finish(qts, CHIEF, STOP_DONE);
    qtest_memread(qts, DUMP, dump, DUMP_ENTRIES * 16);
    for (uint64_t ptex = 0; ptex < DUMP_ENTRIES; ptex++) {
        uint64_t slot = ptex - group;
        bool is_filler = slot < 7;

        g_assert_cmphex(ldq_be_p(dump + ptex * 16), ==, is_filler ?
                        page_pte0(&filler) | V_BOLTED | V_VALID : 0);
        g_assert_cmphex(ldq_be_p(dump + ptex * 16 + 8), ==,
                        is_filler ? R_M | slot * PAGE : 0);
    }
}

/* No entry gets lost, doubled or mixed up */
static void test_fight(void)
{
    char *path;
    QTestState *qts = start_fight(false, &path);

    wait_enough(qts, 0);
    stop_fight(qts);
    for (unsigned cpu = 1; cpu < CPUS; cpu++) {
        g_assert_cmpuint(result(qts, cpu, GONE), ==, 0);
    }
    guest_end(qts, path);
}

/* The same while the table is exchanged: bolted entries live through it */
static void test_resize(void)
{
    char *path;
    QTestState *qts = start_fight(true, &path);

    wait_enough(qts, 100);
    stop_fight(qts);
    guest_end(qts, path);
}

/* The table goes in the midst of it all; then everything begins again */
static void test_reset(void)
{
    char *path;
    QTestState *qts = start_fight(true, &path);

    for (unsigned i = 0; i < 5; i++) {
        g_usleep(100 * 1000);
        qtest_system_reset(qts);
    }
    wait_enough(qts, 20);
    stop_fight(qts);
    guest_end(qts, path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/spapr/hpt-smp/fight", test_fight);
    qtest_add_func("/spapr/hpt-smp/resize", test_resize);
    qtest_add_func("/spapr/hpt-smp/reset", test_reset);

    return g_test_run();
}
