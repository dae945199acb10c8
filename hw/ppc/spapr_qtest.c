/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the board's own commands of the qtest protocol
 *
 * They call the hypervisor as a guest would, with no guest running. A call
 * runs on the thread of its processor, since handlers count on that.
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "hw/core/cpu.h"
#include "hw/ppc/spapr_hypervisor.h"
#include "hw/ppc/spapr_qtest.h"
#include "system/qtest.h"
#include "target/ppc/cpu.h"

#define HCALL_ARGS 9    /* R4 to R12 */

typedef struct QtestHcall {
    uint64_t token;
    target_ulong args[HCALL_ARGS];
    target_long ret;
} QtestHcall;

typedef struct QtestRtas {
    const char *name;
    unsigned nargs;
    uint64_t args_addr;
    unsigned nret;
    uint64_t rets_addr;
    target_long ret;
} QtestRtas;

/*
 * The commands have no opaque; but every processor knows the hypervisor it
 * runs under.
 */
static SpaprHypervisor *hypervisor_of(CPUState *cs)
{
    return SPAPR_HYPERVISOR(POWERPC_CPU(cs)->vhyp);
}

static void hcall_on_cpu(CPUState *cs, run_on_cpu_data data)
{
    QtestHcall *call = data.host_ptr;

    call->ret = spapr_hcall(hypervisor_of(cs)->hcalls, POWERPC_CPU(cs),
                            call->token, call->args);
}

static void rtas_on_cpu(CPUState *cs, run_on_cpu_data data)
{
    QtestRtas *call = data.host_ptr;

    call->ret = spapr_rtas_call_by_name(hypervisor_of(cs)->rtas,
                                        POWERPC_CPU(cs), call->name,
                                        call->nargs, call->args_addr,
                                        call->nret, call->rets_addr);
}

static bool parse_u64(const char *word, uint64_t *value)
{
    return qemu_strtou64(word, NULL, 0, value) == 0;
}

/* The next words of a request: [CPU] TOKEN [ARG...] */
static const char *parse_hcall(gchar **words, CPUState **cs, QtestHcall *call)
{
    guint n = g_strv_length(words);
    unsigned index;
    uint64_t arg;

    if (n < 2 || n > 2 + HCALL_ARGS) {
        return "hcall needs a CPU, a token and at most 9 arguments";
    }
    if (qemu_strtoui(words[0], NULL, 0, &index) || index > INT_MAX) {
        return "bad CPU index";
    }
    *cs = qemu_get_cpu(index);
    if (!*cs) {
        return "no such CPU";
    }
    if (!parse_u64(words[1], &call->token)) {
        return "bad token";
    }
    for (guint i = 2; i < n; i++) {
        if (!parse_u64(words[i], &arg)) {
            return "bad argument";
        }
        call->args[i - 2] = arg;
    }
    return NULL;
}

static void command_hcall(CharBackend *chr, gchar **words)
{
    g_autoptr(GString) reply = g_string_new("OK");
    QtestHcall call = { 0 };
    CPUState *cs = NULL;
    const char *error = parse_hcall(words, &cs, &call);

    if (error) {
        qtest_sendf(chr, "FAIL %s\n", error);
        return;
    }
    run_on_cpu(cs, hcall_on_cpu, RUN_ON_CPU_HOST_PTR(&call));
    g_string_append_printf(reply, " 0x%" PRIx64, (uint64_t)call.ret);
    for (int i = 0; i < HCALL_ARGS; i++) {
        g_string_append_printf(reply, " 0x%" PRIx64, (uint64_t)call.args[i]);
    }
    qtest_sendf(chr, "%s\n", reply->str);
}

/*
 * Many calls for one answer: words of CPU,TOKEN[,ARG...] each. What comes back
 * is the code of each, and after a malformed word nothing more is called.
 */
static void command_hcalls(CharBackend *chr, gchar **words)
{
    g_autoptr(GString) reply = g_string_new("OK");

    for (; *words; words++) {
        g_auto(GStrv) fields = g_strsplit(*words, ",", -1);
        QtestHcall call = { 0 };
        CPUState *cs = NULL;
        const char *error = parse_hcall(fields, &cs, &call);

        if (error) {
            qtest_sendf(chr, "FAIL %s\n", error);
            return;
        }
        run_on_cpu(cs, hcall_on_cpu, RUN_ON_CPU_HOST_PTR(&call));
        g_string_append_printf(reply, " 0x%" PRIx64, (uint64_t)call.ret);
    }
    qtest_sendf(chr, "%s\n", reply->str);
}

static void command_rtas(CharBackend *chr, gchar **words)
{
    QtestRtas call = { .name = words[0] };

    if (g_strv_length(words) != 5 ||
        qemu_strtoui(words[1], NULL, 0, &call.nargs) ||
        !parse_u64(words[2], &call.args_addr) ||
        qemu_strtoui(words[3], NULL, 0, &call.nret) ||
        !parse_u64(words[4], &call.rets_addr)) {
        qtest_sendf(chr, "FAIL rtas needs a name, and a count and an address "
                    "for arguments and for return values\n");
        return;
    }
    run_on_cpu(first_cpu, rtas_on_cpu, RUN_ON_CPU_HOST_PTR(&call));
    qtest_sendf(chr, "OK 0x%" PRIx64 "\n", (uint64_t)call.ret);
}

/* Returns: whether the command is one of ours */
static bool spapr_qtest_command(CharBackend *chr, gchar **words)
{
    if (g_str_equal(words[0], "hcall")) {
        command_hcall(chr, words + 1);
    } else if (g_str_equal(words[0], "hcalls")) {
        command_hcalls(chr, words + 1);
    } else if (g_str_equal(words[0], "rtas")) {
        command_rtas(chr, words + 1);
    } else {
        return false;
    }
    return true;
}

void spapr_qtest_init(void)
{
    if (qtest_enabled()) {
        qtest_set_command_cb(spapr_qtest_command);
    }
}
