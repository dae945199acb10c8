/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what is near to what
 *
 * LoPAR, "Non Uniform Memory Access (NUMA) Option". Memory and processors have
 * an associativity list, the numbers of the domains that they are in from the
 * largest to the smallest; "ibm,associativity-reference-points" tells which
 * places in the list matter. What the list says of distances depends on the
 * form that the guest has negotiated:
 *
 *  form 0  nothing, but that there are nodes;
 *  form 1  two nodes are the farther apart the larger the smallest domain that
 *          they share. Linux takes 10 for the same node and twice as much for
 *          each step, so that only 10, 20, 40, 80 and 160 can be told.
 *  form 2  nothing; distances stand in a table. It came after the public LoPAR;
 *          Linux, Documentation/arch/powerpc/associativity.rst.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/ppc/spapr_cas.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_numa.h"

/* The place of the NUMA node in an associativity list, counted from 1 */
#define NODE_LEVEL          SPAPR_NUMA_LEVELS

/* A processor's list has the processor itself behind the node */
#define CPU_LEVELS          (SPAPR_NUMA_LEVELS + 1)

/* Between nodes, when the user says nothing of distances */
#define DEFAULT_DISTANCE    20

/* H_HOME_NODE_ASSOCIATIVITY: kinds of processor identifier, and results */
#define VPHN_PROC_NO        1
#define VPHN_PROC_INDEX     2
#define VPHN_REGS           6
#define VPHN_FIELDS         (VPHN_REGS * 4)
#define VPHN_SHORT          0x8000
#define VPHN_UNUSED         0xffff

/* The distance from one node to another as a guest with form 2 reads it */
static uint8_t numa_distance(const SpaprNuma *numa, unsigned from, unsigned to)
{
    if (numa->state->have_numa_distance) {
        return numa->state->nodes[from].distance[to];
    }
    return from == to ? NUMA_DISTANCE_MIN : DEFAULT_DISTANCE;
}

/* Form 1 knows no direction: the longer way counts */
static uint8_t mutual_distance(const SpaprNuma *numa, unsigned a, unsigned b)
{
    return MAX(numa_distance(numa, a, b), numa_distance(numa, b, a));
}

/*
 * Form 1, one level: nodes no farther apart than @limit share a domain, which
 * has the number of its first node. Domains can't overlap, so that nodes which
 * are near to a third are near to each other.
 */
static void numa_fold_level(SpaprNuma *numa, unsigned level, uint8_t limit)
{
    unsigned n = numa->state->num_nodes;

    for (unsigned a = 0; a < n; a++) {
        numa->domains[a][level] = a;
    }
    for (unsigned a = 0; a < n; a++) {
        for (unsigned b = a + 1; b < n; b++) {
            uint32_t keep = MIN(numa->domains[a][level],
                                numa->domains[b][level]);
            uint32_t drop = MAX(numa->domains[a][level],
                                numa->domains[b][level]);

            if (keep == drop || mutual_distance(numa, a, b) > limit) {
                continue;
            }
            for (unsigned i = 0; i < n; i++) {
                if (numa->domains[i][level] == drop) {
                    numa->domains[i][level] = keep;
                }
            }
        }
    }
}

/* Each distance becomes the nearest of those that form 1 can tell */
static void numa_fold(SpaprNuma *numa)
{
    static const uint8_t limits[SPAPR_NUMA_LEVELS] = {
        (80 + 160) / 2, (40 + 80) / 2, (20 + 40) / 2, 0
    };

    for (unsigned level = 0; level < SPAPR_NUMA_LEVELS; level++) {
        numa_fold_level(numa, level, limits[level]);
    }
}

static SpaprAffinityForm numa_form(SpaprNuma *numa)
{
    return spapr_cas_affinity_form(SPAPR_MODULE(numa)->hv->cas);
}

/* A node's associativity list, without its length */
static void numa_list(SpaprNuma *numa, unsigned id, uint32_t *list)
{
    if (numa_form(numa) == SPAPR_AFFINITY_FORM1) {
        memcpy(list, numa->domains[id], sizeof(numa->domains[id]));
    } else {
        memset(list, 0, SPAPR_NUMA_LEVELS * sizeof(*list));
        list[NODE_LEVEL - 1] = id;
    }
}

void spapr_numa_node_dt(SpaprNuma *numa, DtNode *node, unsigned id)
{
    uint32_t cells[1 + SPAPR_NUMA_LEVELS] = { SPAPR_NUMA_LEVELS };

    numa_list(numa, id, cells + 1);
    dt_prop_cells_n(node, "ibm,associativity", cells, ARRAY_SIZE(cells));
}

void spapr_numa_cpu_dt(SpaprNuma *numa, DtNode *node, PowerPCCPU *cpu)
{
    uint32_t cells[1 + CPU_LEVELS] = { CPU_LEVELS };

    numa_list(numa, cpu->node_id, cells + 1);
    cells[CPU_LEVELS] = cpu->vcpu_id;
    dt_prop_cells_n(node, "ibm,associativity", cells, ARRAY_SIZE(cells));
}

static void numa_add_reference_points(SpaprNuma *numa, DtNode *rtas)
{
    static const char name[] = "ibm,associativity-reference-points";

    switch (numa_form(numa)) {
    case SPAPR_AFFINITY_FORM0:
        /* What has uniform access, and within it a group: both the node */
        dt_prop_cells(rtas, name, NODE_LEVEL, NODE_LEVEL);
        break;
    case SPAPR_AFFINITY_FORM1:
        dt_prop_cells(rtas, name, 4, 3, 2, 1);
        break;
    case SPAPR_AFFINITY_FORM2:
        dt_prop_cells(rtas, name, NODE_LEVEL);
        break;
    }
}

/* How many domains there can be, and are, at each level */
static void numa_add_domain_counts(SpaprNuma *numa, DtNode *rtas)
{
    unsigned n = numa->state->num_nodes;
    const uint32_t cells[] = { CPU_LEVELS, n, n, n, n, numa->max_cpus };

    dt_prop_cells_n(rtas, "ibm,max-associativity-domains", cells,
                    ARRAY_SIZE(cells));
    dt_prop_cells_n(rtas, "ibm,current-associativity-domains", cells,
                    ARRAY_SIZE(cells));
}

/* Form 2: the nodes' numbers, and a square table of bytes in that order */
static void numa_add_distances(SpaprNuma *numa, DtNode *rtas)
{
    unsigned n = numa->state->num_nodes;
    g_autofree uint32_t *index = g_new(uint32_t, 1 + n);
    size_t size = sizeof(uint32_t) + n * n;
    g_autofree uint8_t *table = g_malloc(size);
    uint8_t *entry = table + sizeof(uint32_t);

    index[0] = n;
    stl_be_p(table, n * n);
    for (unsigned from = 0; from < n; from++) {
        index[1 + from] = from;
        for (unsigned to = 0; to < n; to++) {
            *entry++ = numa_distance(numa, from, to);
        }
    }
    dt_prop_cells_n(rtas, "ibm,numa-lookup-index-table", index, 1 + n);
    dt_prop(rtas, "ibm,numa-distance-table", table, size);
}

static void numa_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprNuma *numa = SPAPR_NUMA(module);
    DtNode *rtas = dt_get(root, "rtas");

    numa_add_reference_points(numa, rtas);
    numa_add_domain_counts(numa, rtas);
    if (numa_form(numa) == SPAPR_AFFINITY_FORM2) {
        numa_add_distances(numa, rtas);
    }
}

/*
 * H_HOME_NODE_ASSOCIATIVITY, LoPAR "H_HOME_NODE_ASSOCIATIVITY"; R4: kind of
 * identifier, 1 or 2, R5: processor number. R4 to R9: its associativity list,
 * in fields of 16 bits, two of them for a number that needs more than 15.
 *
 * The number of a physical processor, kind 2, which a dispatch trace log has,
 * is that of the virtual one: nothing else is known of ours.
 *
 * Returns: H_SUCCESS; H_PARAMETER for another kind; H_P2 for a number that no
 * processor has
 */
static target_long h_home_node_associativity(PowerPCCPU *cpu, void *opaque,
                                             target_ulong *args)
{
    uint32_t list[CPU_LEVELS];
    uint16_t fields[VPHN_FIELDS];
    unsigned used = 0;
    PowerPCCPU *target;

    if (args[0] != VPHN_PROC_NO && args[0] != VPHN_PROC_INDEX) {
        return H_PARAMETER;
    }
    target = spapr_cpu_by_server(args[1]);
    if (!target) {
        return H_P2;
    }
    numa_list(opaque, target->node_id, list);
    list[CPU_LEVELS - 1] = target->vcpu_id;
    for (int i = 0; i < CPU_LEVELS; i++) {
        if (list[i] < VPHN_SHORT) {
            fields[used++] = VPHN_SHORT | list[i];
        } else {
            fields[used++] = list[i] >> 16;
            fields[used++] = list[i];
        }
    }
    while (used < VPHN_FIELDS) {
        fields[used++] = VPHN_UNUSED;
    }
    for (int i = 0; i < VPHN_REGS; i++) {
        args[i] = 0;
        for (int j = 0; j < 4; j++) {
            args[i] = args[i] << 16 | fields[4 * i + j];
        }
    }
    return H_SUCCESS;
}

static void numa_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                                SpaprRtasTable *rtas)
{
    powerpc_register_hypercall(hcalls, H_HOME_NODE_ASSOCIATIVITY,
                               "H_HOME_NODE_ASSOCIATIVITY", "hcall-vphn",
                               h_home_node_associativity, module);
}

static void numa_realize(DeviceState *dev, Error **errp)
{
    SpaprNuma *numa = SPAPR_NUMA(dev);
    const NumaState *state = numa->state;

    if (state->hmat_enabled) {
        error_setg(errp, "hmat=on: the board has no ACPI tables");
        return;
    }
    for (int i = 0; i < state->num_nodes; i++) {
        if (!QEMU_IS_ALIGNED(state->nodes[i].node_mem, SPAPR_LMB_SIZE)) {
            error_setg(errp, "-numa node,nodeid=%d: the node's memory must be "
                       "a multiple of %" PRIu64 " MiB", i,
                       (uint64_t)(SPAPR_LMB_SIZE / MiB));
            return;
        }
    }
    numa_fold(numa);
}

static void spapr_numa_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR NUMA";
    dc->realize = numa_realize;
    smc->register_calls = numa_register_calls;
    smc->populate_dt = numa_populate_dt;
}

static const TypeInfo spapr_numa_types[] = {
    {
        .name = TYPE_SPAPR_NUMA,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprNuma),
        .class_init = spapr_numa_class_init,
    },
};

DEFINE_TYPES(spapr_numa_types)
