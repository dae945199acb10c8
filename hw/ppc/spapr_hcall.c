/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the hypercall table
 *
 * One table for each machine. It finds the owner of a token in constant time,
 * counts and traces calls, and tells the guest which function sets exist; it
 * knows nothing of what a call does.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/timer.h"
#include "exec/target_long.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_hcall.h"
#include "trace.h"

/* LoPAR's tokens are multiples of 4; none is as high as this */
#define HCALL_LOPAR_END     0x800
#define HCALL_LOPAR_COUNT   (HCALL_LOPAR_END / 4)
#define HCALL_PRIVATE_COUNT 16
#define HCALL_COUNT         (HCALL_LOPAR_COUNT + HCALL_PRIVATE_COUNT)

typedef struct SpaprHcall {
    const char *name;           /* NULL: nobody's */
    const char *function_set;
    PowerpcHcallFn *fn;
    void *opaque;
    bool unlocked;
    bool withdrawn;             /* its function set is not promised now */
} SpaprHcall;

/*
 * Reading the host's clock for each call would cost as much as the shorter
 * calls themselves, so time is counted in ticks and converted when asked for.
 * Even so, of the calls that are short and many only some are timed, and stand
 * for those around them.
 */
#define TIME_EACH_BELOW     64  /* of the calls that a processor has made */
#define TIME_ONE_OF         16

struct SpaprHcallCounters {
    struct {
        uint64_t calls;
        uint64_t ticks;
    } slot[HCALL_COUNT];
};

struct SpaprHcallTable {
    SpaprHcall slot[HCALL_COUNT];
    SpaprHcallCounters retired;
    /* When the table was made, by both of the host's clocks */
    int64_t start_ticks;
    int64_t start_ns;
};

SpaprHcallTable *spapr_hcall_table_new(void)
{
    SpaprHcallTable *table = g_new0(SpaprHcallTable, 1);

    table->start_ticks = cpu_get_host_ticks();
    table->start_ns = get_clock();
    return table;
}

void spapr_hcall_table_free(SpaprHcallTable *table)
{
    g_free(table);
}

/* The slot of a token, or -1 for one that no call can have */
static inline int hcall_slot(target_ulong token)
{
    if (token < HCALL_LOPAR_END && !(token & 3)) {
        return token / 4;
    }
    /* Unsigned arithmetic sends everything below the base out of range */
    if (token - H_PRIVATE_BASE < HCALL_PRIVATE_COUNT) {
        return HCALL_LOPAR_COUNT + token - H_PRIVATE_BASE;
    }
    return -1;
}

/* The call of a token, or NULL when it has no owner */
static inline SpaprHcall *hcall_find(SpaprHcallTable *table, target_ulong token)
{
    int slot = hcall_slot(token);

    return slot >= 0 && table->slot[slot].name ? &table->slot[slot] : NULL;
}

static void hcall_register(SpaprHcallTable *table, const PowerpcHcallInfo *info,
                           void *opaque)
{
    int slot = hcall_slot(info->token);

    g_assert(slot >= 0 && !table->slot[slot].name);
    table->slot[slot] = (SpaprHcall) {
        .name = info->name,
        .function_set = info->function_set,
        .fn = info->fn,
        .opaque = opaque,
        .unlocked = info->unlocked,
    };
}

void powerpc_register_hypercall(SpaprHcallTable *table, unsigned token,
                                const char *name, const char *function_set,
                                PowerpcHcallFn *fn, void *opaque)
{
    const PowerpcHcallInfo info = {
        .token = token, .name = name, .function_set = function_set, .fn = fn,
    };

    hcall_register(table, &info, opaque);
}

void powerpc_register_hypercalls(SpaprHcallTable *table,
                                 const PowerpcHcallInfo *calls, size_t n,
                                 void *opaque)
{
    for (size_t i = 0; i < n; i++) {
        hcall_register(table, &calls[i], opaque);
    }
}

/* The one writer is the processor's thread, so adding need not be atomic */
static inline void counter_add(uint64_t *counter, uint64_t n)
{
    qatomic_set_u64(counter, qatomic_read_u64(counter) + n);
}

/* For how many calls, of those made without the BQL, the time of this counts */
static inline unsigned unlocked_weight(uint64_t calls)
{
    if (calls < TIME_EACH_BELOW) {
        return 1;
    }
    return calls % TIME_ONE_OF ? 0 : TIME_ONE_OF;
}

static target_long hcall_run(SpaprHcallTable *table, SpaprHcall *hcall,
                             PowerPCCPU *cpu, target_ulong token,
                             target_ulong *args)
{
    SpaprHcallCounters *counters = spapr_vcpu(cpu)->hcalls;
    int slot = hcall - table->slot;
    uint64_t calls = qatomic_read_u64(&counters->slot[slot].calls);
    unsigned weight = hcall->unlocked ? unlocked_weight(calls) : 1;
    int64_t start = weight ? cpu_get_host_ticks() : 0;
    target_long ret;

    trace_spapr_hcall(hcall->name, token, args[0], args[1], args[2], args[3]);
    ret = hcall->fn(cpu, hcall->opaque, args);
    trace_spapr_hcall_return(hcall->name, ret);
    qatomic_set_u64(&counters->slot[slot].calls, calls + 1);
    if (weight) {
        counter_add(&counters->slot[slot].ticks,
                    (cpu_get_host_ticks() - start) * weight);
    }
    return ret;
}

target_long spapr_hcall(SpaprHcallTable *table, PowerPCCPU *cpu,
                        target_ulong token, target_ulong *args)
{
    SpaprHcall *hcall = hcall_find(table, token);

    if (!hcall) {
        trace_spapr_hcall_unknown(token);
        return H_FUNCTION;
    }
    return hcall_run(table, hcall, cpu, token, args);
}

bool spapr_hcall_unlocked(SpaprHcallTable *table, PowerPCCPU *cpu,
                          target_ulong token, target_ulong *args,
                          target_long *ret)
{
    SpaprHcall *hcall = hcall_find(table, token);

    if (!hcall) {
        trace_spapr_hcall_unknown(token);
        *ret = H_FUNCTION;
        return true;
    }
    if (!hcall->unlocked) {
        return false;
    }
    *ret = hcall_run(table, hcall, cpu, token, args);
    return true;
}

/* Counters */

SpaprHcallCounters *spapr_hcall_counters_new(void)
{
    return g_new0(SpaprHcallCounters, 1);
}

void spapr_hcall_counters_retire(SpaprHcallTable *table,
                                 SpaprHcallCounters *counters)
{
    for (int i = 0; i < HCALL_COUNT; i++) {
        table->retired.slot[i].calls += counters->slot[i].calls;
        table->retired.slot[i].ticks += counters->slot[i].ticks;
    }
    g_free(counters);
}

void spapr_hcall_visit(SpaprHcallTable *table, SpaprHcallCounters *counters,
                       SpaprHcallVisitor *visitor, void *opaque)
{
    int64_t ticks = cpu_get_host_ticks() - table->start_ticks;
    double ns_per_tick = ticks > 0 ?
        (double)(get_clock() - table->start_ns) / ticks : 1;

    if (!counters) {
        counters = &table->retired;
    }
    for (int i = 0; i < HCALL_COUNT; i++) {
        if (table->slot[i].name) {
            visitor(table->slot[i].name,
                    qatomic_read_u64(&counters->slot[i].calls),
                    qatomic_read_u64(&counters->slot[i].ticks) * ns_per_tick,
                    opaque);
        }
    }
}

/* Device tree */

void spapr_hcall_promise(SpaprHcallTable *table, const char *function_set,
                         bool promised)
{
    for (int i = 0; i < HCALL_COUNT; i++) {
        if (!g_strcmp0(table->slot[i].function_set, function_set)) {
            table->slot[i].withdrawn = !promised;
        }
    }
}

void spapr_hcall_populate_dt(SpaprHcallTable *table, DtNode *rtas)
{
    g_autoptr(GPtrArray) sets = g_ptr_array_new();

    for (int i = 0; i < HCALL_COUNT; i++) {
        const char *set = table->slot[i].function_set;

        if (set && !table->slot[i].withdrawn &&
            !g_ptr_array_find_with_equal_func(sets, set, g_str_equal, NULL)) {
            g_ptr_array_add(sets, (gpointer)set);
        }
    }
    dt_prop_strings(rtas, "ibm,hypertas-functions",
                    (const char *const *)sets->pdata, sets->len);
}
