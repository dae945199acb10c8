/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the hypercall table
 *
 * One table for each machine. It finds the owner of a token in constant time,
 * counts and traces calls, and tells the guest which function sets exist; it
 * knows nothing of what a call does.
 */

#include "qemu/osdep.h"
#include "exec/target_long.h"
#include "hw/ppc/spapr_hcall.h"
#include "trace.h"

/* LoPAR's tokens are multiples of 4; none is as high as this */
#define HCALL_LOPAR_END     0x800
#define HCALL_LOPAR_COUNT   (HCALL_LOPAR_END / 4)
#define HCALL_PRIVATE_COUNT 16

typedef struct SpaprHcall {
    const char *name;           /* NULL: nobody's */
    const char *function_set;
    PowerpcHcallFn *fn;
    void *opaque;
    uint64_t count;
} SpaprHcall;

struct SpaprHcallTable {
    SpaprHcall lopar[HCALL_LOPAR_COUNT];
    SpaprHcall private[HCALL_PRIVATE_COUNT];
};

SpaprHcallTable *spapr_hcall_table_new(void)
{
    return g_new0(SpaprHcallTable, 1);
}

void spapr_hcall_table_free(SpaprHcallTable *table)
{
    g_free(table);
}

/* The slot of a token, or NULL for one that no call can have */
static inline SpaprHcall *hcall_slot(SpaprHcallTable *table, target_ulong token)
{
    if (token < HCALL_LOPAR_END && !(token & 3)) {
        return &table->lopar[token / 4];
    }
    /* Unsigned arithmetic sends everything below the base out of range */
    if (token - H_PRIVATE_BASE < HCALL_PRIVATE_COUNT) {
        return &table->private[token - H_PRIVATE_BASE];
    }
    return NULL;
}

void powerpc_register_hypercall(SpaprHcallTable *table, unsigned token,
                                const char *name, const char *function_set,
                                PowerpcHcallFn *fn, void *opaque)
{
    SpaprHcall *hcall = hcall_slot(table, token);

    g_assert(hcall && !hcall->name);
    *hcall = (SpaprHcall) {
        .name = name,
        .function_set = function_set,
        .fn = fn,
        .opaque = opaque,
    };
}

void powerpc_register_hypercalls(SpaprHcallTable *table,
                                 const PowerpcHcallInfo *calls, size_t n,
                                 void *opaque)
{
    for (size_t i = 0; i < n; i++) {
        powerpc_register_hypercall(table, calls[i].token, calls[i].name,
                                   calls[i].function_set, calls[i].fn, opaque);
    }
}

target_long spapr_hcall(SpaprHcallTable *table, PowerPCCPU *cpu,
                        target_ulong token, target_ulong *args)
{
    SpaprHcall *hcall = hcall_slot(table, token);
    target_long ret;

    if (!hcall || !hcall->name) {
        trace_spapr_hcall_unknown(token);
        return H_FUNCTION;
    }
    hcall->count++;
    trace_spapr_hcall(hcall->name, token, args[0], args[1], args[2], args[3]);
    ret = hcall->fn(cpu, hcall->opaque, args);
    trace_spapr_hcall_return(hcall->name, ret);
    return ret;
}

uint64_t spapr_hcall_count(SpaprHcallTable *table, unsigned token)
{
    SpaprHcall *hcall = hcall_slot(table, token);

    return hcall ? hcall->count : 0;
}

void spapr_hcall_populate_dt(SpaprHcallTable *table, DtNode *rtas)
{
    g_autoptr(GPtrArray) sets = g_ptr_array_new();

    for (int i = 0; i < HCALL_LOPAR_COUNT; i++) {
        const char *set = table->lopar[i].function_set;

        if (set && !g_ptr_array_find_with_equal_func(sets, set, g_str_equal,
                                                     NULL)) {
            g_ptr_array_add(sets, (gpointer)set);
        }
    }
    dt_prop_strings(rtas, "ibm,hypertas-functions",
                    (const char *const *)sets->pdata, sets->len);
}
