/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: errors that a guest injects into itself
 *
 * The facility has one user at a time, known by the token that it got.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "exec/address-spaces.h"
#include "hw/ppc/spapr_errinjct.h"
#include "hw/ppc/spapr_memory.h"
#include "migration/vmstate.h"
#include "trace.h"

/* "Real address of a 1 KB buffer on a 1 KB boundary" */
#define WORK_BUFFER_SIZE    (SPAPR_ERRINJCT_CELLS * sizeof(uint32_t))

/* The services have this besides the common ones: not open, or already */
#define STATUS_OPEN         (-4)

/* Classes are numbered from this on; 0 could be taken for none */
#define CLASS_TOKEN_BASE    1

typedef struct ErrinjctClass {
    const char *name;
    SpaprErrinjctFn *fn;
    void *opaque;
} ErrinjctClass;

void spapr_errinjct_add(SpaprErrinjct *errinjct, const char *name,
                        SpaprErrinjctFn *fn, void *opaque)
{
    const ErrinjctClass class = { .name = name, .fn = fn, .opaque = opaque };

    g_array_append_val(errinjct->classes, class);
}

/*
 * ibm,open-errinjct: LoPAR, "Error Injection Option"
 *
 * Return cells: the open token, and only then the status: 0, or -4 when
 * somebody has the facility. The LoPAR knows that they are the wrong way round.
 */
static int32_t open_errinjct(PowerPCCPU *cpu, void *opaque,
                             const uint32_t *args, uint32_t *outs)
{
    SpaprErrinjct *errinjct = opaque;

    if (errinjct->open_token) {
        outs[0] = STATUS_OPEN;
        return 0;
    }
    /* Positive as a status would be, so that nobody takes it for an error */
    errinjct->last_token = errinjct->last_token % INT32_MAX + 1;
    errinjct->open_token = errinjct->last_token;
    outs[0] = RTAS_OUT_SUCCESS;
    return errinjct->open_token;
}

static bool is_user(const SpaprErrinjct *errinjct, uint32_t token)
{
    return token && token == errinjct->open_token;
}

static int32_t read_buffer(SpaprErrinjct *errinjct, uint32_t addr,
                           uint32_t *cells)
{
    SpaprMemory *memory = SPAPR_MODULE(errinjct)->hv->memory;

    if (!QEMU_IS_ALIGNED(addr, WORK_BUFFER_SIZE) ||
        !spapr_memory_is_ram(memory, addr, WORK_BUFFER_SIZE) ||
        address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                           cells, WORK_BUFFER_SIZE) != MEMTX_OK) {
        return RTAS_OUT_PARAM_ERROR;
    }
    for (int i = 0; i < SPAPR_ERRINJCT_CELLS; i++) {
        be32_to_cpus(&cells[i]);
    }
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,errinjct: the same section
 *
 * Argument cells: the class of errors, the open token, real address of the work
 * buffer. Status: 0, -4 when the caller has not opened the facility, -3 for a
 * class that is not there, a buffer that is not aligned or not memory, or one
 * that does not make sense to the class, -2 when as many errors as there may be
 * are on their way.
 */
static int32_t do_errinjct(PowerPCCPU *cpu, void *opaque,
                           const uint32_t *args, uint32_t *outs)
{
    SpaprErrinjct *errinjct = opaque;
    uint32_t cells[SPAPR_ERRINJCT_CELLS] = { 0 };
    ErrinjctClass *class;
    int32_t status;

    if (!is_user(errinjct, args[1])) {
        return STATUS_OPEN;
    }
    if (args[0] < CLASS_TOKEN_BASE ||
        args[0] - CLASS_TOKEN_BASE >= errinjct->classes->len) {
        return RTAS_OUT_PARAM_ERROR;
    }
    class = &g_array_index(errinjct->classes, ErrinjctClass,
                           args[0] - CLASS_TOKEN_BASE);
    if (!class->fn) {
        return RTAS_OUT_PARAM_ERROR;
    }
    status = read_buffer(errinjct, args[2], cells);
    if (status == RTAS_OUT_SUCCESS) {
        status = class->fn(cpu, class->opaque, cells);
    }
    trace_spapr_errinjct(class->name, cells[0], cells[1], status);
    return status;
}

/*
 * ibm,close-errinjct: the same section
 *
 * Argument cell: the open token. Status: 0, or -4 when that is not the token of
 * whoever has opened the facility. Errors that are on their way stay so.
 */
static int32_t close_errinjct(PowerPCCPU *cpu, void *opaque,
                              const uint32_t *args, uint32_t *outs)
{
    SpaprErrinjct *errinjct = opaque;

    if (!is_user(errinjct, args[0])) {
        return STATUS_OPEN;
    }
    errinjct->open_token = 0;
    return RTAS_OUT_SUCCESS;
}

static void errinjct_register_calls(SpaprModule *module,
                                    SpaprHcallTable *hcalls,
                                    SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "ibm,open-errinjct", 0, 2, open_errinjct, module);
    spapr_rtas_register(rtas, "ibm,errinjct", 3, 1, do_errinjct, module);
    spapr_rtas_register(rtas, "ibm,close-errinjct", 1, 1, close_errinjct,
                        module);
}

/* "ibm,errinjct-tokens": each name with its NUL, then its token */
static void errinjct_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprErrinjct *errinjct = SPAPR_ERRINJCT(module);
    g_autoptr(GByteArray) tokens = g_byte_array_new();

    for (guint i = 0; i < errinjct->classes->len; i++) {
        const ErrinjctClass *class =
            &g_array_index(errinjct->classes, ErrinjctClass, i);
        uint32_t token = cpu_to_be32(CLASS_TOKEN_BASE + i);

        if (!class->fn) {
            continue;
        }
        g_byte_array_append(tokens, (const uint8_t *)class->name,
                            strlen(class->name) + 1);
        g_byte_array_append(tokens, (uint8_t *)&token, sizeof(token));
    }
    dt_prop(dt_get(root, "rtas"), "ibm,errinjct-tokens",
            tokens->data, tokens->len);
}

static void errinjct_reset_hold(Object *obj, ResetType type)
{
    SPAPR_ERRINJCT(obj)->open_token = 0;
}

static void errinjct_init(Object *obj)
{
    SPAPR_ERRINJCT(obj)->classes = g_array_new(false, false,
                                               sizeof(ErrinjctClass));
}

static void errinjct_finalize(Object *obj)
{
    g_array_unref(SPAPR_ERRINJCT(obj)->classes);
}

static const VMStateDescription vmstate_spapr_errinjct = {
    .name = TYPE_SPAPR_ERRINJCT,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(open_token, SpaprErrinjct),
        VMSTATE_UINT32(last_token, SpaprErrinjct),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_errinjct_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR error injection";
    dc->vmsd = &vmstate_spapr_errinjct;
    RESETTABLE_CLASS(oc)->phases.hold = errinjct_reset_hold;
    smc->register_calls = errinjct_register_calls;
    smc->populate_dt = errinjct_populate_dt;
}

static const TypeInfo spapr_errinjct_types[] = {
    {
        .name = TYPE_SPAPR_ERRINJCT,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprErrinjct),
        .instance_init = errinjct_init,
        .instance_finalize = errinjct_finalize,
        .class_init = spapr_errinjct_class_init,
    },
};

DEFINE_TYPES(spapr_errinjct_types)
