/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the statistics of hypercalls
 *
 * The monitor's query-stats and "info stats" show, for the machine and for each
 * processor, how often every hypercall was made ("H_ENTER") and how long that
 * took ("H_ENTER-time"). Counted is in the hypercall table; here is but what
 * turns it into answers, so that nobody pays for them who doesn't ask.
 */

#include "qemu/osdep.h"
#include "qapi/util.h"
#include "hw/core/cpu.h"
#include "hw/ppc/spapr.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_stats.h"
#include "system/stats.h"

#define TIME_SUFFIX "-time"

/* A sum over processors; one entry for each hypercall, in the table's order */
typedef struct HcallSum {
    const char *name;
    uint64_t calls;
    uint64_t ns;
} HcallSum;

typedef struct HcallSums {
    GArray *sums;       /* HcallSum */
    guint next;         /* which one the visitor's next call is about */
} HcallSums;

static SpaprHypervisor *the_hypervisor(void)
{
    return SPAPR_MACHINE(qdev_get_machine())->hv;
}

static void sum_visit(const char *name, uint64_t calls, uint64_t ns,
                      void *opaque)
{
    HcallSums *s = opaque;
    HcallSum *sum;

    if (s->next == s->sums->len) {
        g_array_set_size(s->sums, s->next + 1);
    }
    sum = &g_array_index(s->sums, HcallSum, s->next++);
    sum->name = name;
    sum->calls += calls;
    sum->ns += ns;
}

/* Counters of NULL are those of the processors that are gone */
static void sum_add(HcallSums *s, SpaprHcallCounters *counters)
{
    s->next = 0;
    spapr_hcall_visit(the_hypervisor()->hcalls, counters, sum_visit, s);
}

static void stats_prepend(StatsList **list, strList *names, const char *name,
                          uint64_t value)
{
    Stats *stats;

    if (!apply_str_list_filter(name, names)) {
        return;
    }
    stats = g_new0(Stats, 1);
    stats->name = g_strdup(name);
    stats->value = g_new0(StatsValue, 1);
    stats->value->type = QTYPE_QNUM;
    stats->value->u.scalar = value;
    QAPI_LIST_PREPEND(*list, stats);
}

/* "info stats" wants the values in the order of the schema */
static StatsList *stats_list(HcallSums *s, strList *names)
{
    StatsList *list = NULL;

    for (guint i = s->sums->len; i-- > 0; ) {
        HcallSum *sum = &g_array_index(s->sums, HcallSum, i);
        g_autofree char *time = g_strconcat(sum->name, TIME_SUFFIX, NULL);

        stats_prepend(&list, names, time, sum->ns);
        stats_prepend(&list, names, sum->name, sum->calls);
    }
    return list;
}

static void add_entry(StatsResultList **result, HcallSums *s, strList *names,
                      const char *path)
{
    StatsList *list = stats_list(s, names);

    if (list) {
        add_stats_entry(result, STATS_PROVIDER_SPAPR, path, list);
    }
}

static void query_vm(StatsResultList **result, strList *names)
{
    g_autoptr(GArray) sums = g_array_new(false, true, sizeof(HcallSum));
    HcallSums s = { .sums = sums };
    CPUState *cs;

    sum_add(&s, NULL);
    CPU_FOREACH(cs) {
        sum_add(&s, spapr_vcpu(POWERPC_CPU(cs))->hcalls);
    }
    add_entry(result, &s, names, NULL);
}

static void query_vcpus(StatsResultList **result, strList *names,
                        strList *targets)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        g_autofree char *path = object_get_canonical_path(OBJECT(cs));
        g_autoptr(GArray) sums = g_array_new(false, true, sizeof(HcallSum));
        HcallSums s = { .sums = sums };

        if (apply_str_list_filter(path, targets)) {
            sum_add(&s, spapr_vcpu(POWERPC_CPU(cs))->hcalls);
            add_entry(result, &s, names, path);
        }
    }
}

static void query_stats(StatsResultList **result, StatsTarget target,
                        strList *names, strList *targets, Error **errp)
{
    switch (target) {
    case STATS_TARGET_VM:
        query_vm(result, names);
        break;
    case STATS_TARGET_VCPU:
        query_vcpus(result, names, targets);
        break;
    default:
        break;
    }
}

static StatsSchemaValue *schema_value(const char *name, const char *suffix)
{
    StatsSchemaValue *value = g_new0(StatsSchemaValue, 1);

    value->name = g_strconcat(name, suffix, NULL);
    value->type = STATS_TYPE_CUMULATIVE;
    return value;
}

static StatsSchemaValueList *schema_list(HcallSums *s)
{
    StatsSchemaValueList *list = NULL;

    for (guint i = s->sums->len; i-- > 0; ) {
        const char *name = g_array_index(s->sums, HcallSum, i).name;
        StatsSchemaValue *time = schema_value(name, TIME_SUFFIX);

        time->has_unit = true;
        time->unit = STATS_UNIT_SECONDS;
        time->has_base = true;
        time->base = 10;
        time->exponent = -9;
        QAPI_LIST_PREPEND(list, time);
        QAPI_LIST_PREPEND(list, schema_value(name, ""));
    }
    return list;
}

static void query_schemas(StatsSchemaList **result, Error **errp)
{
    g_autoptr(GArray) sums = g_array_new(false, true, sizeof(HcallSum));
    HcallSums s = { .sums = sums };

    sum_add(&s, NULL);
    add_stats_schema(result, STATS_PROVIDER_SPAPR, STATS_TARGET_VM,
                     schema_list(&s));
    add_stats_schema(result, STATS_PROVIDER_SPAPR, STATS_TARGET_VCPU,
                     schema_list(&s));
}

void spapr_stats_init(void)
{
    add_stats_callbacks(STATS_PROVIDER_SPAPR, query_stats, query_schemas);
}
