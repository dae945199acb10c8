/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the statistics of hypercalls
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "spapr-qtest.h"

#define CPUS 2

static QTestState *start(void)
{
    return qtest_initf("-machine pseries,firmware=vof -nodefaults -m 256 "
                       "-smp %d,maxcpus=4", CPUS);
}

/* The answer to query-stats with these arguments, a JSON object's members */
static QList *query(QTestState *qts, const char *args)
{
    g_autofree char *object = g_strdup_printf("{%s}", args);
    g_autoptr(QDict) response =
        qtest_qmp(qts, "{ 'execute': 'query-stats', 'arguments': %p }",
                  qobject_from_json(object, &error_abort));

    g_assert_true(qdict_haskey(response, "return"));
    return qobject_ref(qdict_get_qlist(response, "return"));
}

/* A value of an entry; -1 when it has none of this name */
static int64_t entry_value(QDict *entry, const char *name)
{
    const QListEntry *at;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(entry, "stats"), at) {
        QDict *stats = qobject_to(QDict, qlist_entry_obj(at));

        if (g_str_equal(qdict_get_str(stats, "name"), name)) {
            return qdict_get_int(stats, "value");
        }
    }
    return -1;
}

static size_t entry_count(QDict *entry)
{
    return qlist_size(qdict_get_qlist(entry, "stats"));
}

/* The one entry of an answer */
static QDict *sole_entry(QList *answer)
{
    QDict *entry;

    g_assert_cmpuint(qlist_size(answer), ==, 1);
    entry = qobject_to(QDict, qlist_entry_obj(qlist_first(answer)));
    g_assert_cmpstr(qdict_get_str(entry, "provider"), ==, "spapr");
    return entry;
}

static int64_t vm_value(QTestState *qts, const char *name)
{
    g_autoptr(QList) answer = query(qts, "'target': 'vm'");

    return entry_value(sole_entry(answer), name);
}

/* The path of a processor, as query-cpus-fast tells it */
static char *cpu_path(QTestState *qts, unsigned index)
{
    g_autoptr(QDict) response =
        qtest_qmp(qts, "{ 'execute': 'query-cpus-fast' }");
    const QListEntry *at;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(response, "return"), at) {
        QDict *cpu = qobject_to(QDict, qlist_entry_obj(at));

        if (qdict_get_int(cpu, "cpu-index") == index) {
            return g_strdup(qdict_get_str(cpu, "qom-path"));
        }
    }
    g_assert_not_reached();
}

static int64_t vcpu_value(QTestState *qts, unsigned index, const char *name)
{
    g_autofree char *path = cpu_path(qts, index);
    g_autofree char *args =
        g_strdup_printf("'target': 'vcpu', 'vcpus': ['%s']", path);
    g_autoptr(QList) answer = query(qts, args);
    QDict *entry = sole_entry(answer);

    g_assert_cmpstr(qdict_get_str(entry, "qom-path"), ==, path);
    return entry_value(entry, name);
}

static void call(QTestState *qts, unsigned cpu, uint64_t token, unsigned times)
{
    const uint64_t args[] = { 0 };

    while (times--) {
        spapr_qtest_hcall(qts, cpu, token, args, 1, NULL);
    }
}

/* Each call is counted where it is made, and under its own name */
static void test_calls(void)
{
    QTestState *qts = start();

    g_assert_cmpint(vm_value(qts, "H_SET_SPRG0"), ==, 0);
    call(qts, 0, H_SET_SPRG0, 3);
    call(qts, 1, H_SET_SPRG0, 5);
    call(qts, 1, H_PROD, 1);
    g_assert_cmpint(vm_value(qts, "H_SET_SPRG0"), ==, 8);
    g_assert_cmpint(vm_value(qts, "H_PROD"), ==, 1);
    g_assert_cmpint(vcpu_value(qts, 0, "H_SET_SPRG0"), ==, 3);
    g_assert_cmpint(vcpu_value(qts, 1, "H_SET_SPRG0"), ==, 5);
    g_assert_cmpint(vcpu_value(qts, 0, "H_PROD"), ==, 0);
    g_assert_cmpint(vcpu_value(qts, 1, "H_PROD"), ==, 1);

    /* What nobody owns is nobody's to count */
    call(qts, 0, 0x7fc, 1);
    g_assert_cmpint(vm_value(qts, "H_SET_SPRG0"), ==, 8);

    /* They tell of the host's work, which a reset does not undo */
    qtest_system_reset(qts);
    g_assert_cmpint(vm_value(qts, "H_SET_SPRG0"), ==, 8);
    qtest_quit(qts);
}

/* Time goes by in a call, and in no other */
static void test_time(void)
{
    const uint64_t bytes = 32 * 1024 * 1024;
    QTestState *qts = start();
    int64_t before, ns;

    g_assert_cmpint(vm_value(qts, "H_LOGICAL_MEMOP-time"), ==, 0);
    before = g_get_monotonic_time();
    g_assert_cmpint(hcall(qts, H_PRIVATE_LOGICAL_MEMOP, 64 << 20, 128 << 20, 3,
                          bytes / 8, 0), ==, H_SUCCESS);
    ns = vm_value(qts, "H_LOGICAL_MEMOP-time");
    /* No host copies more than 1 TB/s */
    g_assert_cmpint(ns, >, bytes / 1000);
    g_assert_cmpint(ns / 1000, <=, g_get_monotonic_time() - before + 1000);
    g_assert_cmpint(vm_value(qts, "H_SET_SPRG0-time"), ==, 0);
    g_assert_cmpint(vcpu_value(qts, 1, "H_LOGICAL_MEMOP-time"), ==, 0);
    qtest_quit(qts);
}

static void test_filter(void)
{
    QTestState *qts = start();
    QList *answer;

    call(qts, 0, H_PROD, 2);

    answer = query(qts, "'target': 'vm', 'providers': "
                   "[{ 'provider': 'spapr', 'names': ['H_PROD'] }]");
    g_assert_cmpuint(entry_count(sole_entry(answer)), ==, 1);
    g_assert_cmpint(entry_value(sole_entry(answer), "H_PROD"), ==, 2);
    qobject_unref(answer);

    /* There is nothing to tell of a call that isn't there */
    answer = query(qts, "'target': 'vm', 'providers': "
                   "[{ 'provider': 'spapr', 'names': ['H_NONE'] }]");
    g_assert_true(qlist_empty(answer));
    qobject_unref(answer);
    answer = query(qts, "'target': 'vm', 'providers': "
                   "[{ 'provider': 'kvm' }]");
    g_assert_true(qlist_empty(answer));
    qobject_unref(answer);
    answer = query(qts, "'target': 'cryptodev'");
    g_assert_true(qlist_empty(answer));
    qobject_unref(answer);

    answer = query(qts, "'target': 'vcpu'");
    g_assert_cmpuint(qlist_size(answer), ==, CPUS);
    qobject_unref(answer);
    answer = query(qts, "'target': 'vcpu', 'vcpus': ['/machine']");
    g_assert_true(qlist_empty(answer));
    qobject_unref(answer);
    qtest_quit(qts);
}

/* @at: two values of a schema, a number of calls and their time */
static void check_schema_pair(const QListEntry *at)
{
    QDict *calls = qobject_to(QDict, qlist_entry_obj(at));
    QDict *time = qobject_to(QDict, qlist_entry_obj(qlist_next(at)));
    g_autofree char *name =
        g_strconcat(qdict_get_str(calls, "name"), "-time", NULL);

    g_assert_true(g_str_has_prefix(name, "H_"));
    g_assert_cmpstr(qdict_get_str(calls, "type"), ==, "cumulative");
    g_assert_false(qdict_haskey(calls, "unit"));
    g_assert_cmpstr(qdict_get_str(time, "name"), ==, name);
    g_assert_cmpstr(qdict_get_str(time, "type"), ==, "cumulative");
    g_assert_cmpstr(qdict_get_str(time, "unit"), ==, "seconds");
    g_assert_cmpint(qdict_get_int(time, "base"), ==, 10);
    g_assert_cmpint(qdict_get_int(time, "exponent"), ==, -9);
}

static void test_schema(void)
{
    QTestState *qts = start();
    g_autoptr(QDict) response =
        qtest_qmp(qts, "{ 'execute': 'query-stats-schemas',"
                  " 'arguments': { 'provider': 'spapr' } }");
    g_autoptr(QList) values = query(qts, "'target': 'vm'");
    QList *schemas = qdict_get_qlist(response, "return");
    const QListEntry *at, *value;

    g_assert_cmpuint(qlist_size(schemas), ==, 2);
    QLIST_FOREACH_ENTRY(schemas, at) {
        QDict *schema = qobject_to(QDict, qlist_entry_obj(at));
        QList *stats = qdict_get_qlist(schema, "stats");

        g_assert_cmpuint(qlist_size(stats), ==,
                         entry_count(sole_entry(values)));
        for (value = qlist_first(stats); value;
             value = qlist_next(qlist_next(value))) {
            check_schema_pair(value);
        }
    }
    qtest_quit(qts);
}

static void test_hmp(void)
{
    QTestState *qts = start();
    char *text;

    call(qts, 1, H_PROD, 7);
    text = qtest_hmp(qts, "info stats vm");
    g_assert_nonnull(strstr(text, "H_PROD (cumulative): 7"));
    g_assert_nonnull(strstr(text, "H_ENTER-time (cumulative, ns): 0"));
    g_free(text);
    text = qtest_hmp(qts, "info stats vm H_PROD spapr");
    g_assert_cmpstr(g_strstrip(text), ==, "H_PROD (cumulative): 7");
    g_free(text);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/spapr/stats/calls", test_calls);
    qtest_add_func("/spapr/stats/time", test_time);
    qtest_add_func("/spapr/stats/filter", test_filter);
    qtest_add_func("/spapr/stats/schema", test_schema);
    qtest_add_func("/spapr/stats/hmp", test_hmp);

    return g_test_run();
}
