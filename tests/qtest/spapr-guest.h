/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small guests in machine code, for suites that need a processor to do
 * something by itself
 */

#ifndef TESTS_QTEST_SPAPR_GUEST_H
#define TESTS_QTEST_SPAPR_GUEST_H

#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "spapr-qtest.h"

/*
 * A guest of our own, in machine code: an image entered at its reset vector.
 * Interrupts loop on their vectors, where the test finds the processor.
 */

#define GUEST_CODE      0x2000
#define GUEST_SIZE      0x8000
#define GUEST_RESULTS   0x900000
#define GUEST_DONE      0x600d

#define MSR_IR_DR       0x30
#define MSR_DR          0x10

typedef struct Guest {
    uint32_t code[GUEST_SIZE / 4];
    unsigned at;
} Guest;

static inline void emit(Guest *guest, uint32_t word)
{
    g_assert_cmpuint(guest->at, <, ARRAY_SIZE(guest->code));
    guest->code[guest->at++] = cpu_to_be32(word);
}

static inline void emit_li(Guest *guest, unsigned reg, uint64_t value)
{
    emit(guest, 0x3c000000 | reg << 21 | extract64(value, 48, 16)); /* lis */
    emit(guest, 0x60000000 | reg << 21 | reg << 16 |
         extract64(value, 32, 16));                                 /* ori */
    emit(guest, 0x780007c6 | reg << 21 | reg << 16);                /* sldi */
    emit(guest, 0x64000000 | reg << 21 | reg << 16 |
         extract64(value, 16, 16));                                 /* oris */
    emit(guest, 0x60000000 | reg << 21 | reg << 16 |
         extract64(value, 0, 16));                                  /* ori */
}

/* Keep a register for the test */
static inline void emit_result(Guest *guest, unsigned reg, unsigned number)
{
    emit_li(guest, 12, GUEST_RESULTS);
    emit(guest, 0xf8000000 | reg << 21 | 12 << 16 | number * 8);    /* std */
}

static inline void emit_hcall(Guest *guest, uint64_t token, uint64_t r4,
                              uint64_t r5, uint64_t r6, uint64_t r7)
{
    emit_li(guest, 3, token);
    emit_li(guest, 4, r4);
    emit_li(guest, 5, r5);
    emit_li(guest, 6, r6);
    emit_li(guest, 7, r7);
    emit(guest, 0x44000022);                                        /* sc 1 */
}

/* Make the same call @n times, and count in R30 how often it succeeds */
static inline void emit_hcalls(Guest *guest, uint64_t n, uint64_t token,
                               uint64_t r4, uint64_t r5, uint64_t r6)
{
    unsigned start;

    emit_li(guest, 30, 0);
    emit_li(guest, 31, n);
    emit(guest, 0x7fe903a6);                                        /* mtctr */
    start = guest->at;
    for (unsigned reg = 8; reg <= 12; reg++) {
        emit_li(guest, reg, 0);
    }
    emit_hcall(guest, token, r4, r5, r6, 0);
    emit(guest, 0x2c230000);                                    /* cmpdi r3,0 */
    emit(guest, 0x40820008);                                    /* bne .+8 */
    emit(guest, 0x3bde0001);                                    /* addi r30 */
    emit(guest, 0x42000000 | (((start - guest->at) * 4) & 0xfffc)); /* bdnz */
}

/* Synchronizing as it is; an isync would make up for flushes left out */
static inline void emit_toggle_msr(Guest *guest, uint16_t bits)
{
    emit(guest, 0x7c0000a6 | 13 << 21);                             /* mfmsr */
    emit(guest, 0x68000000 | 13 << 21 | 13 << 16 | bits);           /* xori */
    emit(guest, 0x7c000164 | 13 << 21);                             /* mtmsrd */
}

/* Load or store a word with data translation on */
static inline void emit_access(Guest *guest, bool store, uint64_t addr)
{
    emit_li(guest, 10, addr);
    emit_toggle_msr(guest, MSR_DR);
    emit(guest, (store ? 0x90000000 : 0x80000000) | 11 << 21 | 10 << 16);
    emit_toggle_msr(guest, MSR_DR);
}

static inline void guest_begin(Guest *guest)
{
    memset(guest, 0, sizeof(*guest));
    while (guest->at < GUEST_CODE / 4) {
        emit(guest, 0x48000000);                                    /* b . */
    }
    guest->code[0x100 / 4] = cpu_to_be32(0x48000000 | (GUEST_CODE - 0x100));
}

/* @cpu may have more options behind it */
static inline QTestState *guest_start(Guest *guest, const char *cpu,
                                      char **path)
{
    int fd = g_file_open_tmp("spapr-hpt-XXXXXX", path, NULL);

    emit(guest, 0x48000000);                                        /* b . */
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(*path, (char *)guest->code,
                                      sizeof(guest->code), NULL));
    return qtest_initf("-accel tcg -machine pseries -cpu %s -m 512M "
                       "-nodefaults -bios %s", cpu, *path);
}

/* Where it comes to its end, if nothing follows */
static inline uint64_t guest_last(const Guest *guest)
{
    return guest->at * sizeof(guest->code[0]);
}

/* How much memory the machine has in use, in bytes; 0: it can't be told */
static inline uint64_t guest_resident(QTestState *qts)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", qtest_pid(qts));
    g_autofree char *text = NULL;
    char *at;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return 0;
    }
    at = strchr(text, ' ');
    g_assert_nonnull(at);
    return g_ascii_strtoull(at, NULL, 10) * qemu_real_host_page_size();
}

static inline void guest_end(QTestState *qts, char *path)
{
    qtest_quit(qts);
    unlink(path);
    g_free(path);
}

static inline uint64_t guest_register(QTestState *qts, const char *name)
{
    g_autofree char *text = qtest_hmp(qts, "info registers");
    g_autofree char *pattern = g_strdup_printf("%s ", name);
    char *at = strstr(text, pattern);

    g_assert_nonnull(at);
    return g_ascii_strtoull(at + strlen(pattern), NULL, 16);
}

/* Wait for the guest to stand at an address */
static inline void guest_wait(QTestState *qts, uint64_t nip)
{
    for (unsigned i = 0; i < 12000; i++) {
        if (guest_register(qts, "NIP") == nip) {
            return;
        }
        g_usleep(50 * 1000);
    }
    g_assert_cmphex(guest_register(qts, "NIP"), ==, nip);
}

static inline uint64_t guest_result(QTestState *qts, unsigned number)
{
    uint8_t buf[8];

    qtest_memread(qts, GUEST_RESULTS + number * 8, buf, sizeof(buf));
    return ldq_be_p(buf);
}

static inline void assert_result(QTestState *qts, unsigned number,
                                 uint64_t expected)
{
    g_assert_cmphex(guest_result(qts, number), ==, expected);
}

#endif /* TESTS_QTEST_SPAPR_GUEST_H */
