/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the hypercall table
 */

#ifndef HW_PPC_SPAPR_HCALL_H
#define HW_PPC_SPAPR_HCALL_H

#include "exec/target_long.h"
#include "hw/ppc/papr.h"
#include "hw/ppc/spapr_dt.h"
#include "target/ppc/cpu-qom.h"

typedef struct SpaprHcallTable SpaprHcallTable;

/* How often one processor has made each call, and how long they took */
typedef struct SpaprHcallCounters SpaprHcallCounters;

/**
 * PowerpcHcallFn:
 * @cpu: the calling virtual processor
 * @opaque: what the owner registered, usually the owner itself
 * @args: the guest's R4 to R12, in and out
 *
 * Returns: the H_* code for the guest's R3
 */
typedef target_long PowerpcHcallFn(PowerPCCPU *cpu, void *opaque,
                                   target_ulong *args);

SpaprHcallTable *spapr_hcall_table_new(void);
void spapr_hcall_table_free(SpaprHcallTable *table);

/**
 * powerpc_register_hypercall: give a hypercall to its owner
 * @table: the machine's table
 * @token: a multiple of 4 below 0x800, or a private token from
 *         H_PRIVATE_BASE up
 * @name: the LoPAR's name, "H_..."
 * @function_set: the word of "ibm,hypertas-functions" that promises the call,
 *                or NULL for calls that no word names
 * @fn: the handler; it is run with the BQL held
 * @opaque: handed to @fn
 *
 * Two owners for one token is a programming error and aborts at start.
 */
void powerpc_register_hypercall(SpaprHcallTable *table, unsigned token,
                                const char *name, const char *function_set,
                                PowerpcHcallFn *fn, void *opaque);

/* A call, for owners that bring many of them */
typedef struct PowerpcHcallInfo {
    unsigned token;
    const char *name;
    const char *function_set;
    PowerpcHcallFn *fn;
    /*
     * The handler may be run without the BQL, in an RCU read-side section: it
     * touches nothing but its processor, constant data, and what has a lock of
     * its own. Where it needs the BQL after all, it takes BQL_LOCK_GUARD().
     */
    bool unlocked;
} PowerpcHcallInfo;

/** powerpc_register_hypercalls: give @n hypercalls to the owner @opaque */
void powerpc_register_hypercalls(SpaprHcallTable *table,
                                 const PowerpcHcallInfo *calls, size_t n,
                                 void *opaque);

/**
 * spapr_hcall: run a hypercall
 *
 * Returns: the handler's code, or H_FUNCTION for a token without an owner
 */
target_long spapr_hcall(SpaprHcallTable *table, PowerPCCPU *cpu,
                        target_ulong token, target_ulong *args);

/**
 * spapr_hcall_unlocked: run a hypercall that needs no BQL
 * @ret: where the handler's code is put
 *
 * Returns: false, with nothing done, when the call has to go to spapr_hcall()
 */
bool spapr_hcall_unlocked(SpaprHcallTable *table, PowerPCCPU *cpu,
                          target_ulong token, target_ulong *args,
                          target_long *ret);

/* A processor's counters. Only its own thread counts; anybody may read. */
SpaprHcallCounters *spapr_hcall_counters_new(void);
/** spapr_hcall_counters_retire: free @counters; the table keeps their sums */
void spapr_hcall_counters_retire(SpaprHcallTable *table,
                                 SpaprHcallCounters *counters);

/**
 * SpaprHcallVisitor:
 * @name: of a hypercall that has an owner
 * @calls: how often it has been made since start
 * @ns: nanoseconds that its handler took, all calls together; of those made
 *      often and without the BQL, estimated from one in some
 */
typedef void SpaprHcallVisitor(const char *name, uint64_t calls, uint64_t ns,
                               void *opaque);

/**
 * spapr_hcall_visit: tell of every call, in the order of tokens
 * @counters: of a processor, or NULL for those of processors that are gone
 */
void spapr_hcall_visit(SpaprHcallTable *table, SpaprHcallCounters *counters,
                       SpaprHcallVisitor *visitor, void *opaque);

/**
 * spapr_hcall_promise: whether a function set is promised to the guest, as all
 * are at first. Its calls stay; they say by themselves that they are not for it.
 */
void spapr_hcall_promise(SpaprHcallTable *table, const char *function_set,
                         bool promised);

/**
 * spapr_hcall_populate_dt: "ibm,hypertas-functions" of the /rtas node, one word
 * for each function set that has a registered call and is promised
 */
void spapr_hcall_populate_dt(SpaprHcallTable *table, DtNode *rtas);

#endif /* HW_PPC_SPAPR_HCALL_H */
