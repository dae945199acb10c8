/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the suites of the sPAPR board have in common
 *
 * They call the hypervisor through the qtest commands "hcall" and "rtas" (see
 * hw/ppc/spapr_qtest.h), and read the device tree that it gives to a guest.
 */

#ifndef TESTS_QTEST_SPAPR_QTEST_H
#define TESTS_QTEST_SPAPR_QTEST_H

#include "libqtest.h"
#include "hw/ppc/papr.h"

/* Arguments of a hypercall, R4 to R12; as many are returned */
#define SPAPR_QTEST_REGS    9

/**
 * spapr_qtest_hcall: run a hypercall
 * @cpu: index of the processor that calls
 * @args: @nargs arguments, for R4 and so on; the other registers are 0
 * @rets: if not NULL, where SPAPR_QTEST_REGS registers, R4 and so on, are put
 *
 * Returns: the code, R3
 */
int64_t spapr_qtest_hcall(QTestState *qts, unsigned cpu, uint64_t token,
                          const uint64_t *args, unsigned nargs, uint64_t *rets);

/* Up to nine arguments, given one by one, as an array that is never empty */
#define SPAPR_QTEST_ARGS(...)   ((const uint64_t[]) { 0, ##__VA_ARGS__ })
#define SPAPR_QTEST_NARGS(...)                                          \
    (sizeof(SPAPR_QTEST_ARGS(__VA_ARGS__)) / sizeof(uint64_t) - 1)

/* hcall(qts, token, r4, r5...): the code, called by processor 0 */
#define hcall(qts, token, ...)                                          \
    spapr_qtest_hcall((qts), 0, (token),                                \
                      SPAPR_QTEST_ARGS(__VA_ARGS__) + 1,                \
                      SPAPR_QTEST_NARGS(__VA_ARGS__), NULL)

/* hcall_rets(qts, rets, token, r4, r5...): the same, and the registers */
#define hcall_rets(qts, rets, token, ...)                               \
    spapr_qtest_hcall((qts), 0, (token),                                \
                      SPAPR_QTEST_ARGS(__VA_ARGS__) + 1,                \
                      SPAPR_QTEST_NARGS(__VA_ARGS__), (rets))

/* For what is to come, on a host that has little time for it */
#define SPAPR_QTEST_PATIENCE_US (120 * G_USEC_PER_SEC)

/**
 * spapr_qtest_register: a register of a processor
 * @cpu: its index
 * @name: what the monitor calls the register
 *
 * Of a processor that runs it is what it was when guest code was left.
 */
uint64_t spapr_qtest_register(QTestState *qts, unsigned cpu, const char *name);

/**
 * spapr_qtest_fdt: the flattened device tree of a machine, for g_free()
 */
void *spapr_qtest_fdt(QTestState *qts);

/** spapr_qtest_rtas_token: a service's token; it is an error if it has none */
uint32_t spapr_qtest_rtas_token(const void *fdt, const char *name);

/**
 * spapr_qtest_rtas: call RTAS as a guest does, through H_RTAS
 * @buf: guest address that is free for the argument buffer
 * @token: the service
 * @args: @nargs argument cells
 * @rets: where @nret return cells are put, the status first
 *
 * Asserts that the hypercall itself succeeds and that nothing is written around
 * the return cells.
 *
 * Returns: the status, 0 when @nret is 0
 */
int32_t spapr_qtest_rtas(QTestState *qts, uint64_t buf, uint32_t token,
                         unsigned nargs, const uint32_t *args,
                         unsigned nret, uint32_t *rets);

/**
 * spapr_qtest_await_migration: wait for this status of a migration, which may
 * not end in any other way
 */
void spapr_qtest_await_migration(QTestState *qts, const char *goal);

/**
 * spapr_qtest_await_taken: wait until QEMU has read all that was written to a
 * Unix socket; with the next answer of qtest it has dealt with it
 */
void spapr_qtest_await_taken(int fd);

/**
 * spapr_qtest_save: migrate a machine to a new file, and end it
 *
 * Returns: the file's path, for unlink() and g_free()
 */
char *spapr_qtest_save(QTestState *qts);

/**
 * spapr_qtest_load: migrate a machine that was started with "-incoming defer"
 * from a file. (One that began at once might be over before QMP tells of it.)
 */
void spapr_qtest_load(QTestState *qts, const char *path);

/** spapr_qtest_load_fails: the same with a file that can't be loaded */
void spapr_qtest_load_fails(QTestState *qts, const char *path);

/**
 * spapr_qtest_fail: start a machine that ends by itself, with status 1
 *
 * Returns: what it has to say, for g_free()
 */
char *spapr_qtest_fail(const char *options);

/**
 * spapr_qtest_state_refused: start a machine from a saved state that is not as
 * it should be, which it says with @word in it
 * @path: of a file, into which the @len bytes of @state are written
 */
void spapr_qtest_state_refused(const char *options, const char *path,
                               const char *state, size_t len,
                               const char *word);

/**
 * spapr_qtest_after_refusal: a machine that has refused a saved one in which a
 * number of @size bytes @at some place is another, @value; and goes on
 */
QTestState *spapr_qtest_after_refusal(const char *options, const char *path,
                                      char *state, size_t len, char *at,
                                      uint64_t value, size_t size);

/**
 * spapr_qtest_section: where a saved machine has what a device has saved
 * @state: of @len bytes
 * @name: the device's, as the stream has it
 * @size: where the size in bytes is put
 */
char *spapr_qtest_section(char *state, size_t len, const char *name,
                          size_t *size);

/**
 * spapr_qtest_number_refused: the same as spapr_qtest_state_refused(), of a
 * state in which a number of @size bytes @at some place is another, @value
 */
void spapr_qtest_number_refused(const char *options, const char *path,
                                char *state, size_t len, char *at,
                                uint64_t value, size_t size, const char *word);

/**
 * spapr_qtest_refused: start a machine that refuses its @options, with one line
 * that has the words @which and @why in it
 */
void spapr_qtest_refused(const char *options, const char *which,
                         const char *why);

/* A machine whose RTAS is called; its memory is free from ARGS on, mostly */
typedef struct SpaprRtasGuest {
    QTestState *qts;
    void *fdt;
} SpaprRtasGuest;

/** spapr_rtas_guest_start: a machine with 256 MiB, and other @options */
SpaprRtasGuest spapr_rtas_guest_start(const char *options);
void spapr_rtas_guest_stop(SpaprRtasGuest *guest);

/**
 * spapr_rtas_guest_migrate: save the machine's state in a file, end it, and
 * start another one from it, with the same @options
 */
void spapr_rtas_guest_migrate(SpaprRtasGuest *guest, const char *options);

/* Where argument buffers are put */
#define SPAPR_RTAS_GUEST_ARGS   (64 * 1024 * 1024)

/** spapr_rtas_guest_call: call a service by name; @nret includes the status */
int32_t spapr_rtas_guest_call(SpaprRtasGuest *guest, const char *name,
                              unsigned nargs, const uint32_t *args,
                              unsigned nret, uint32_t *rets);

/* A service that returns nothing but its status */
#define spapr_rtas_guest_status(guest, name, ...)                       \
    ({                                                                  \
        const uint32_t args_[] = { 0, ##__VA_ARGS__ };                  \
        uint32_t rets_[1];                                              \
                                                                        \
        spapr_rtas_guest_call((guest), (name),                          \
                              ARRAY_SIZE(args_) - 1, args_ + 1,         \
                              1, rets_);                                \
    })

/** spapr_rtas_guest_cell: a cell of a property of /rtas, which must be there */
uint32_t spapr_rtas_guest_cell(SpaprRtasGuest *guest, const char *name,
                               unsigned i);

/** spapr_rtas_guest_has: whether /rtas has a property */
bool spapr_rtas_guest_has(SpaprRtasGuest *guest, const char *name);

/** spapr_rtas_guest_open_errinjct: open the facility; its token */
uint32_t spapr_rtas_guest_open_errinjct(SpaprRtasGuest *guest);

/** spapr_rtas_guest_errinjct_class: token of a class of errors, by name */
uint32_t spapr_rtas_guest_errinjct_class(SpaprRtasGuest *guest,
                                         const char *name);

/** spapr_qtest_untouched: memory must have nothing but bytes 0xa5 */
void spapr_qtest_untouched(QTestState *qts, uint64_t addr, size_t len);

#endif /* TESTS_QTEST_SPAPR_QTEST_H */
