/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the table of run-time abstraction services
 *
 * A service is called with a buffer in guest memory: three cells (token,
 * number of arguments, number of return values), then the arguments, then
 * room for the return values, all big endian (LoPAR, "RTAS Argument Call
 * Buffer"). Handlers see neither the buffer nor the counts: the table copies
 * in, checks, and copies out.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/ppc/spapr_rtas.h"
#include "target/ppc/cpu.h"
#include "trace.h"

/* Token 0 stands for "no such service" in firmware; any other base will do */
#define RTAS_TOKEN_BASE 0x1000

/* Offsets in the argument buffer */
#define RTAS_BUF_CELLS  12

typedef struct SpaprRtasService {
    const char *name;
    unsigned nargs;         /* the most there may be */
    unsigned optional;      /* as many of the last may be left out */
    unsigned nret;
    SpaprRtasFn *fn;
    unsigned other_nret;    /* with so many return cells it is other_fn */
    SpaprRtasFn *other_fn;  /* NULL: there is no such version */
    void *opaque;
    uint64_t count;
} SpaprRtasService;

struct SpaprRtasTable {
    GArray *services;       /* SpaprRtasService, by token; those without a
                               name and handler are none */
    GHashTable *by_name;    /* name -> token */
    uint32_t failed;        /* the last service with a hardware error, or 0 */
};

SpaprRtasTable *spapr_rtas_table_new(void)
{
    SpaprRtasTable *table = g_new0(SpaprRtasTable, 1);

    table->services = g_array_new(false, false, sizeof(SpaprRtasService));
    table->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    return table;
}

void spapr_rtas_table_free(SpaprRtasTable *table)
{
    g_hash_table_unref(table->by_name);
    g_array_unref(table->services);
    g_free(table);
}

void spapr_rtas_register_optional(SpaprRtasTable *table, const char *name,
                                  unsigned nargs, unsigned optional,
                                  unsigned nret,
                                  SpaprRtasFn *fn, void *opaque)
{
    SpaprRtasService service = {
        .name = name, .nargs = nargs, .optional = optional, .nret = nret,
        .fn = fn, .opaque = opaque,
    };
    uint32_t token = RTAS_TOKEN_BASE + table->services->len;

    g_assert(nargs <= SPAPR_RTAS_MAX_CELLS && nret <= SPAPR_RTAS_MAX_CELLS);
    g_assert(optional <= nargs);
    g_assert(!g_hash_table_contains(table->by_name, name));
    g_hash_table_insert(table->by_name, (gpointer)name,
                        GUINT_TO_POINTER(token));
    g_array_append_val(table->services, service);
}

void spapr_rtas_register(SpaprRtasTable *table, const char *name,
                         unsigned nargs, unsigned nret,
                         SpaprRtasFn *fn, void *opaque)
{
    spapr_rtas_register_optional(table, name, nargs, 0, nret, fn, opaque);
}

void spapr_rtas_skip(SpaprRtasTable *table)
{
    const SpaprRtasService nobody = { .name = NULL };

    g_array_append_val(table->services, nobody);
}

/* The handler for a call with such counts; NULL when there may be none */
static SpaprRtasFn *service_fn(const SpaprRtasService *service,
                               unsigned nargs, unsigned nret)
{
    if (nargs > service->nargs || nargs < service->nargs - service->optional) {
        return NULL;
    }
    if (nret == service->nret) {
        return service->fn;
    }
    return nret == service->other_nret ? service->other_fn : NULL;
}

static SpaprRtasService *rtas_service(SpaprRtasTable *table, uint32_t token)
{
    if (token < RTAS_TOKEN_BASE ||
        token - RTAS_TOKEN_BASE >= table->services->len) {
        return NULL;
    }
    return &g_array_index(table->services, SpaprRtasService,
                          token - RTAS_TOKEN_BASE);
}

uint32_t spapr_rtas_token(SpaprRtasTable *table, const char *name)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(table->by_name, name));
}

void spapr_rtas_register_version(SpaprRtasTable *table, const char *name,
                                 unsigned nret, SpaprRtasFn *fn)
{
    SpaprRtasService *service = rtas_service(table,
                                             spapr_rtas_token(table, name));

    g_assert(service && !service->other_fn && nret != service->nret);
    g_assert(nret <= SPAPR_RTAS_MAX_CELLS);
    service->other_nret = nret;
    service->other_fn = fn;
}

static bool read_cells(hwaddr pa, uint32_t *cells, unsigned n)
{
    if (address_space_read(&address_space_memory, pa, MEMTXATTRS_UNSPECIFIED,
                           cells, n * sizeof(*cells)) != MEMTX_OK) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        be32_to_cpus(&cells[i]);
    }
    return true;
}

static bool write_cells(hwaddr pa, uint32_t *cells, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        cpu_to_be32s(&cells[i]);
    }
    return address_space_write(&address_space_memory, pa,
                               MEMTXATTRS_UNSPECIFIED, cells,
                               n * sizeof(*cells)) == MEMTX_OK;
}

/*
 * Call @service (NULL when there is none) and store what it returns; the first
 * return cell is the status word. A mismatch of counts is a parameter error,
 * and then only the status word is written.
 */
static target_long rtas_run(SpaprRtasTable *table, SpaprRtasService *service,
                            PowerPCCPU *cpu,
                            unsigned nargs, hwaddr args_pa,
                            unsigned nret, hwaddr rets_pa)
{
    uint32_t args[SPAPR_RTAS_MAX_CELLS] = { 0 };
    uint32_t rets[SPAPR_RTAS_MAX_CELLS + 1] = { 0 };
    SpaprRtasFn *fn = service ? service_fn(service, nargs, nret) : NULL;

    if (!fn) {
        if (!nret) {
            return H_PARAMETER;
        }
        rets[0] = RTAS_OUT_PARAM_ERROR;
        return write_cells(rets_pa, rets, 1) ? H_SUCCESS : H_PARAMETER;
    }
    if (!read_cells(args_pa, args, nargs)) {
        return H_PARAMETER;
    }
    service->count++;
    rets[0] = fn(cpu, service->opaque, args, rets + 1);
    if (rets[0] == (uint32_t)RTAS_OUT_HW_ERROR) {
        table->failed = RTAS_TOKEN_BASE +
            (service - (SpaprRtasService *)table->services->data);
    }
    trace_spapr_rtas(service->name, nargs, nret, rets[0]);
    return write_cells(rets_pa, rets, nret) ? H_SUCCESS : H_PARAMETER;
}

target_long spapr_rtas_call(SpaprRtasTable *table, PowerPCCPU *cpu,
                            hwaddr args_pa)
{
    uint32_t head[RTAS_BUF_CELLS / sizeof(uint32_t)];
    uint32_t token, nargs, nret;
    SpaprRtasService *service;

    if (!read_cells(args_pa, head, ARRAY_SIZE(head))) {
        return H_PARAMETER;
    }
    token = head[0];
    nargs = head[1];
    nret = head[2];
    /*
     * With more cells than any service takes, the header is not to be trusted
     * for the place of the status word either.
     */
    if (nargs > SPAPR_RTAS_MAX_CELLS || nret > SPAPR_RTAS_MAX_CELLS) {
        return H_PARAMETER;
    }
    service = rtas_service(table, token);
    if (!service) {
        trace_spapr_rtas_unknown(token);
    }
    args_pa += RTAS_BUF_CELLS;
    return rtas_run(table, service, cpu, nargs, args_pa,
                    nret, args_pa + nargs * sizeof(uint32_t));
}

target_long spapr_rtas_call_by_name(SpaprRtasTable *table, PowerPCCPU *cpu,
                                    const char *name,
                                    unsigned nargs, hwaddr args_pa,
                                    unsigned nret, hwaddr rets_pa)
{
    uint32_t token = spapr_rtas_token(table, name);

    if (!token) {
        return H_PARAMETER;
    }
    return rtas_run(table, rtas_service(table, token), cpu,
                    nargs, args_pa, nret, rets_pa);
}

uint32_t spapr_rtas_failed(SpaprRtasTable *table)
{
    return table->failed;
}

void spapr_rtas_set_failed(SpaprRtasTable *table, uint32_t token)
{
    table->failed = token;
}

void spapr_rtas_populate_dt(SpaprRtasTable *table, DtNode *rtas)
{
    for (guint i = 0; i < table->services->len; i++) {
        const char *name =
            g_array_index(table->services, SpaprRtasService, i).name;

        if (name) {
            dt_prop_u32(rtas, name, RTAS_TOKEN_BASE + i);
        }
    }
}
