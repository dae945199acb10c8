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
 * @fn: the handler
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
 * spapr_hcall_count: how often @token has been called since start
 */
uint64_t spapr_hcall_count(SpaprHcallTable *table, unsigned token);

/**
 * spapr_hcall_populate_dt: "ibm,hypertas-functions" of the /rtas node, one word
 * for each function set that has a registered call
 */
void spapr_hcall_populate_dt(SpaprHcallTable *table, DtNode *rtas);

#endif /* HW_PPC_SPAPR_HCALL_H */
