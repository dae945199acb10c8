/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the table of run-time abstraction services
 */

#ifndef HW_PPC_SPAPR_RTAS_H
#define HW_PPC_SPAPR_RTAS_H

#include "exec/target_long.h"
#include "hw/ppc/papr.h"
#include "hw/ppc/spapr_dt.h"
#include "target/ppc/cpu-qom.h"

typedef struct SpaprRtasTable SpaprRtasTable;

/* No call of the LoPAR has more argument or return cells than this */
#define SPAPR_RTAS_MAX_CELLS 16

/*
 * The size of the RTAS code that firmware copies for the guest: SLOF's and
 * VOF's are some 20 bytes; the rest of the page is room.
 */
#define SPAPR_RTAS_BLOB_SIZE 2048

/**
 * SpaprRtasFn:
 * @cpu: the calling virtual processor
 * @opaque: what the owner registered
 * @args: the argument cells, as many as were registered
 * @outs: the return cells behind the status word, zeroed; as many as were
 *        registered, less one
 *
 * Returns: the status word, one of RTAS_OUT_*
 */
typedef int32_t SpaprRtasFn(PowerPCCPU *cpu, void *opaque,
                            const uint32_t *args, uint32_t *outs);

SpaprRtasTable *spapr_rtas_table_new(void);
void spapr_rtas_table_free(SpaprRtasTable *table);

/**
 * spapr_rtas_register: give a service to its owner and allot its token
 * @table: the machine's table
 * @name: the property of /rtas that holds the token
 * @nargs: number of argument cells
 * @nret: number of return cells, the status word included; 0 for the few
 *        services that firmware calls without asking for a status
 * @fn: the handler
 * @opaque: handed to @fn
 *
 * A call with other counts is answered with -3 (parameter error).
 * Registering a name twice is a programming error and aborts at start.
 */
void spapr_rtas_register(SpaprRtasTable *table, const char *name,
                         unsigned nargs, unsigned nret,
                         SpaprRtasFn *fn, void *opaque);

/**
 * spapr_rtas_skip: leave out the token of a service that this machine has not
 *
 * A guest keeps its tokens when it moves to a machine that has the service; so
 * those of services that are registered later must be the same.
 */
void spapr_rtas_skip(SpaprRtasTable *table);

/**
 * spapr_rtas_register_optional: the same for a service that may be called with
 * fewer arguments
 * @nargs: number of argument cells when all are given
 * @optional: how many of them, the last ones, may be left out; the handler
 *            finds 0 there
 */
void spapr_rtas_register_optional(SpaprRtasTable *table, const char *name,
                                  unsigned nargs, unsigned optional,
                                  unsigned nret,
                                  SpaprRtasFn *fn, void *opaque);

/**
 * spapr_rtas_register_version: a service that is registered already may be
 * called with another number of return cells too
 * @nret: that number; in all else it is as the other is
 * @fn: the handler of such calls
 */
void spapr_rtas_register_version(SpaprRtasTable *table, const char *name,
                                 unsigned nret, SpaprRtasFn *fn);

/** spapr_rtas_token: the token of a service, or 0 when there is none */
uint32_t spapr_rtas_token(SpaprRtasTable *table, const char *name);

/**
 * spapr_rtas_call: run the service whose argument buffer the guest passed
 * @args_pa: guest real address of the buffer (token, nargs, nret, cells)
 *
 * Returns: H_SUCCESS when the service ran or its status word tells why not,
 * H_PARAMETER when the buffer can't be read or written or has no room for a
 * status word.
 */
target_long spapr_rtas_call(SpaprRtasTable *table, PowerPCCPU *cpu,
                            hwaddr args_pa);

/**
 * spapr_rtas_call_by_name: run a service with separate argument and return
 * arrays; the qtest protocol's "rtas" command is made so
 *
 * Returns: as spapr_rtas_call(), and H_PARAMETER for an unknown name
 */
target_long spapr_rtas_call_by_name(SpaprRtasTable *table, PowerPCCPU *cpu,
                                    const char *name,
                                    unsigned nargs, hwaddr args_pa,
                                    unsigned nret, hwaddr rets_pa);

/**
 * spapr_rtas_failed: token of the last service that returned -1, a hardware
 * error; 0 when there is none, or it has been told of
 *
 * spapr_rtas_set_failed: put in another one, or 0
 */
uint32_t spapr_rtas_failed(SpaprRtasTable *table);
void spapr_rtas_set_failed(SpaprRtasTable *table, uint32_t token);

/**
 * spapr_rtas_populate_dt: one token property in /rtas for each service
 */
void spapr_rtas_populate_dt(SpaprRtasTable *table, DtNode *rtas);

#endif /* HW_PPC_SPAPR_RTAS_H */
