/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest of the sPAPR board: capabilities, the cap-* options
 *
 * Their values, what a guest finds of them in the device tree and by
 * hypercalls, what its instructions do, and which machines a guest may move
 * between.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"
#include <libfdt.h>

#define BIT_BE(n)       (1ull << (63 - (n)))

#define LPCR_LD         BIT_BE(46)
#define LPCR_AIL        (BIT_BE(39) | BIT_BE(40))
#define MSR_VSX         BIT_BE(40)

/* H_GET_CPU_CHARACTERISTICS */
#define ORI31           BIT_BE(0)
#define BCCTRL_SERIAL   BIT_BE(1)
#define ORI30           BIT_BE(2)
#define L1D_PRIVATE     BIT_BE(4)
#define CCACHE_OFF      BIT_BE(7)
#define FLUSH_ASSIST    BIT_BE(9)
#define SECURITY        BIT_BE(0)
#define FLUSH_L1D       BIT_BE(1)
#define SPEC_BARRIER    BIT_BE(2)
#define FLUSH_CCACHE    BIT_BE(5)
#define NO_FLUSHES      (BIT_BE(7) | BIT_BE(8) | BIT_BE(9))

#define SET_MODE_AIL    3

/* Guest memory that nothing else uses */
#define AREA            (64 * MiB)

static QTestState *start(const char *cpu, const char *caps)
{
    return qtest_initf("-machine pseries%s%s -nodefaults -m 512M -cpu %s",
                       *caps ? "," : "", caps, cpu);
}

static uint64_t reg(QTestState *qts, const char *name)
{
    g_autofree char *text = qtest_hmp(qts, "p/x $%s", name);
    uint64_t value;
    char *end;

    value = g_ascii_strtoull(text, &end, 16);
    g_assert_true(end != text);
    return value;
}

/* Values */

static void assert_switch(QTestState *qts, const char *name, bool want)
{
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': "
                             "{ 'path': '/machine', 'property': %s } }", name);

    g_assert_true(qdict_haskey(reply, "return"));
    g_assert_cmpint(qdict_get_bool(reply, "return"), ==, want);
    qobject_unref(reply);
}

static void assert_word(QTestState *qts, const char *name, const char *want)
{
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': "
                             "{ 'path': '/machine', 'property': %s } }", name);

    g_assert_cmpstr(qdict_get_try_str(reply, "return"), ==, want);
    qobject_unref(reply);
}

static void assert_size(QTestState *qts, const char *name, uint64_t want)
{
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': "
                             "{ 'path': '/machine', 'property': %s } }", name);

    g_assert_cmpuint(qdict_get_try_int(reply, "return", -1), ==, want);
    qobject_unref(reply);
}

static void test_defaults(void)
{
    static const struct {
        const char *cpu;
        bool isa300;
    } models[] = {
        { "power8", false }, { "power9", true }, { "power10", true },
    };

    for (int i = 0; i < ARRAY_SIZE(models); i++) {
        QTestState *qts = start(models[i].cpu, "");

        assert_switch(qts, "cap-htm", false);
        assert_switch(qts, "cap-vsx", true);
        assert_switch(qts, "cap-dfp", true);
        assert_word(qts, "cap-cfpc", "fixed");
        assert_word(qts, "cap-sbbc", "fixed");
        assert_word(qts, "cap-ibs", "fixed-na");
        assert_size(qts, "cap-hpt-max-page-size", 16 * GiB);
        assert_switch(qts, "cap-nested-hv", false);
        assert_switch(qts, "cap-nested-papr", false);
        assert_switch(qts, "cap-large-decr", models[i].isa300);
        assert_switch(qts, "cap-ccf-assist", false);
        assert_switch(qts, "cap-fwnmi", true);
        assert_switch(qts, "cap-rpt-invalidate", models[i].isa300);
        assert_switch(qts, "cap-ail-mode-3", true);
        qtest_quit(qts);
    }
}

/* What the user says is what is there */
static void test_values(void)
{
    static const char *const words[] = {
        "broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na",
    };
    QTestState *qts;

    for (int i = 0; i < ARRAY_SIZE(words); i++) {
        g_autofree char *caps = g_strdup_printf("cap-ibs=%s", words[i]);

        qts = start("power9", caps);
        assert_word(qts, "cap-ibs", words[i]);
        qtest_quit(qts);
    }
    qts = start("power9", "cap-htm=off,cap-vsx=off,cap-dfp=off,"
                "cap-cfpc=workaround,cap-sbbc=broken,cap-nested-hv=off,"
                "cap-nested-papr=off,cap-large-decr=off,cap-ccf-assist=on,"
                "cap-hpt-max-page-size=64K,cap-fwnmi=off,"
                "cap-rpt-invalidate=off,cap-ail-mode-3=off");
    assert_switch(qts, "cap-htm", false);
    assert_switch(qts, "cap-vsx", false);
    assert_switch(qts, "cap-dfp", false);
    assert_word(qts, "cap-cfpc", "workaround");
    assert_word(qts, "cap-sbbc", "broken");
    assert_size(qts, "cap-hpt-max-page-size", 64 * KiB);
    assert_switch(qts, "cap-nested-hv", false);
    assert_switch(qts, "cap-nested-papr", false);
    assert_switch(qts, "cap-large-decr", false);
    assert_switch(qts, "cap-ccf-assist", true);
    assert_switch(qts, "cap-fwnmi", false);
    assert_switch(qts, "cap-rpt-invalidate", false);
    assert_switch(qts, "cap-ail-mode-3", false);
    qtest_quit(qts);
}

static void test_refused(void)
{
    static const struct {
        const char *options, *which, *why;
    } cases[] = {
        { "-machine cap-htm=on", "cap-htm=on: TCG", "use cap-htm=off" },
        { "-machine cap-nested-hv=on", "cap-nested-hv=on:",
          "use cap-nested-hv=off" },
        { "-machine cap-nested-papr=on", "cap-nested-papr=on:",
          "use cap-nested-papr=off" },
        { "-cpu power8 -machine cap-large-decr=on", "cap-large-decr=on: "
          "processors before POWER9", "use cap-large-decr=off" },
        { "-cpu power9 -machine max-cpu-compat=power8,cap-large-decr=on",
          "cap-large-decr=on: processors before POWER9",
          "use cap-large-decr=off" },
        { "-cpu power8 -machine cap-rpt-invalidate=on",
          "cap-rpt-invalidate=on: processors before POWER9",
          "use cap-rpt-invalidate=off" },
        { "-machine cap-cfpc=mended", "cap-cfpc=mended",
          "broken, workaround, fixed" },
        { "-machine cap-sbbc=fixed-ibs", "cap-sbbc=fixed-ibs",
          "broken, workaround, fixed" },
        { "-machine cap-ibs=fixed", "cap-ibs=fixed:",
          "broken, workaround, fixed-ibs, fixed-ccd, fixed-na" },
        { "-machine cap-hpt-max-page-size=65537",
          "cap-hpt-max-page-size=65537", "power of two" },
        { "-machine cap-hpt-max-page-size=2K",
          "cap-hpt-max-page-size=2048", "4K or more" },
        { "-machine cap-hpt-max-page-size=0",
          "cap-hpt-max-page-size=0", "power of two" },
        { "-machine cap-hpt-max-page-size=big",
          "cap-hpt-max-page-size", "size" },
        { "-machine cap-vsx=1.5", "cap-vsx", "on" },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        spapr_qtest_refused(cases[i].options, cases[i].which, cases[i].why);
    }
}

/* The device tree */

static const void *cpu_prop(const void *fdt, const char *name, int *len)
{
    int cpu = fdt_first_subnode(fdt, fdt_path_offset(fdt, "/cpus"));

    return fdt_getprop(fdt, cpu, name, len);
}

/* A property of one cell, or -1 when it isn't there */
static int64_t cpu_cell(const void *fdt, const char *name)
{
    int len;
    const void *prop = cpu_prop(fdt, name, &len);

    g_assert_true(!prop || len == 4);
    return prop ? ldl_be_p(prop) : -1;
}

static bool pa_feature(const void *fdt, unsigned byte, unsigned bit)
{
    int len;
    const uint8_t *prop = cpu_prop(fdt, "ibm,pa-features", &len);

    g_assert_nonnull(prop);
    g_assert_cmpint(len, >, 2 + byte);
    return prop[2 + byte] & (0x80 >> bit);
}

static void test_vsx_dt(void)
{
    static const char *const models[] = { "power8", "power9", "power10" };

    for (int i = 0; i < ARRAY_SIZE(models); i++) {
        QTestState *qts = start(models[i], "");
        g_autofree void *with = spapr_qtest_fdt(qts);
        g_autofree void *without = NULL;

        qtest_quit(qts);
        qts = start(models[i], "cap-vsx=off");
        without = spapr_qtest_fdt(qts);
        qtest_quit(qts);
        g_assert_cmpint(cpu_cell(with, "ibm,vmx"), ==, 2);
        g_assert_cmpint(cpu_cell(without, "ibm,vmx"), ==, 1);
        g_assert_true(pa_feature(with, 18, 0));
        g_assert_false(pa_feature(without, 18, 0));
        g_assert_false(pa_feature(with, 22, 0));
    }
}

static void test_dfp_dt(void)
{
    QTestState *qts = start("power9", "");
    g_autofree void *with = spapr_qtest_fdt(qts);
    g_autofree void *without = NULL;

    qtest_quit(qts);
    qts = start("power9", "cap-dfp=off");
    without = spapr_qtest_fdt(qts);
    qtest_quit(qts);
    g_assert_cmpint(cpu_cell(with, "ibm,dfp"), ==, 2);
    g_assert_cmpint(cpu_cell(without, "ibm,dfp"), ==, -1);
}

/* "ibm,segment-page-sizes", as "12(12,16) 16(16)" */
static char *page_sizes(const void *fdt)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int len;
    const uint32_t *cell = cpu_prop(fdt, "ibm,segment-page-sizes", &len);
    const uint32_t *end = cell + len / 4;

    while (cell < end) {
        uint32_t count = be32_to_cpu(cell[2]);

        g_string_append_printf(text, "%s%u(", text->len ? " " : "",
                               be32_to_cpu(cell[0]));
        cell += 3;
        for (; count; count--, cell += 2) {
            g_string_append_printf(text, "%u%s", be32_to_cpu(cell[0]),
                                   count > 1 ? "," : ")");
        }
    }
    g_assert_true(cell == end);
    return g_string_free(g_steal_pointer(&text), false);
}

static void test_page_size(void)
{
    static const struct {
        const char *caps, *sizes;
        int64_t enter;
    } cases[] = {
        { "", "12(12,16,24) 16(16,24) 24(24) 34(34)", H_SUCCESS },
        { "cap-hpt-max-page-size=16G", "12(12,16,24) 16(16,24) 24(24) 34(34)",
          H_SUCCESS },
        { "cap-hpt-max-page-size=16M", "12(12,16,24) 16(16,24) 24(24)",
          H_SUCCESS },
        { "cap-hpt-max-page-size=1M", "12(12,16) 16(16)", H_PARAMETER },
        { "cap-hpt-max-page-size=64K", "12(12,16) 16(16)", H_PARAMETER },
        { "cap-hpt-max-page-size=4K", "12(12)", H_PARAMETER },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = start("power8", cases[i].caps);
        g_autofree void *fdt = spapr_qtest_fdt(qts);
        g_autofree char *sizes = page_sizes(fdt);

        g_assert_cmpstr(sizes, ==, cases[i].sizes);
        /* A valid page of 16M in a segment of such, coherent memory */
        g_assert_cmpint(hcall(qts, H_ENTER, 0, 0, 0x5, 0x10), ==,
                        cases[i].enter);
        g_assert_cmpint(hcall(qts, H_ENTER, 0, 8, 0x1, 0x10), ==, H_SUCCESS);
        qtest_quit(qts);
    }
}

/* Hypercalls */

static void test_characteristics(void)
{
    static const struct {
        const char *caps;
        uint64_t character, behaviour;
    } cases[] = {
        { "cap-cfpc=fixed,cap-sbbc=fixed,cap-ibs=fixed-na", 0, NO_FLUSHES },
        { "cap-cfpc=broken", 0, SECURITY | FLUSH_L1D },
        { "cap-cfpc=workaround", ORI30 | L1D_PRIVATE, SECURITY | FLUSH_L1D },
        { "cap-sbbc=broken", 0, SECURITY | SPEC_BARRIER | NO_FLUSHES },
        { "cap-sbbc=workaround", ORI31, SECURITY | SPEC_BARRIER | NO_FLUSHES },
        { "cap-ibs=broken", 0, NO_FLUSHES },
        { "cap-ibs=workaround", 0, SECURITY | FLUSH_CCACHE | NO_FLUSHES },
        { "cap-ibs=workaround,cap-ccf-assist=on", FLUSH_ASSIST,
          SECURITY | FLUSH_CCACHE | NO_FLUSHES },
        { "cap-ibs=fixed-ibs", BCCTRL_SERIAL, NO_FLUSHES },
        { "cap-ibs=fixed-ccd", CCACHE_OFF, NO_FLUSHES },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = start("power9", cases[i].caps);
        uint64_t rets[SPAPR_QTEST_REGS];

        g_assert_cmpint(hcall_rets(qts, rets, H_GET_CPU_CHARACTERISTICS), ==,
                        H_SUCCESS);
        g_assert_cmphex(rets[0], ==, cases[i].character);
        g_assert_cmphex(rets[1], ==, cases[i].behaviour);
        qtest_quit(qts);
    }
}

static void test_ail(void)
{
    QTestState *qts = start("power9", "cap-ail-mode-3=off");

    g_assert_cmpint(hcall(qts, H_SET_MODE, 3, SET_MODE_AIL, 0, 0), ==,
                    H_UNSUPPORTED_FLAG - 62);
    g_assert_cmphex(reg(qts, "lpcr") & LPCR_AIL, ==, 0);
    g_assert_cmpint(hcall(qts, H_SET_MODE, 2, SET_MODE_AIL, 0, 0), ==,
                    H_SUCCESS);
    g_assert_cmphex(reg(qts, "lpcr") & LPCR_AIL, ==, BIT_BE(39));
    qtest_quit(qts);

    qts = start("power9", "");
    g_assert_cmpint(hcall(qts, H_SET_MODE, 3, SET_MODE_AIL, 0, 0), ==,
                    H_SUCCESS);
    g_assert_cmphex(reg(qts, "lpcr") & LPCR_AIL, ==, LPCR_AIL);
    qtest_quit(qts);
}

/* Whether /rtas promises a function set */
static bool has_set(QTestState *qts, const char *word)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);

    return fdt_stringlist_search(fdt, fdt_path_offset(fdt, "/rtas"),
                                 "ibm,hypertas-functions", word) >= 0;
}

static bool has_service(QTestState *qts, const char *name)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);

    return fdt_getprop(fdt, fdt_path_offset(fdt, "/rtas"), name, NULL);
}

static void test_rpt_invalidate(void)
{
    QTestState *qts = start("power10", "");

    g_assert_true(has_set(qts, "hcall-rpt-invalidate"));
    g_assert_cmpint(hcall(qts, H_RPT_INVALIDATE), !=, H_FUNCTION);
    qtest_quit(qts);

    qts = start("power10", "cap-rpt-invalidate=off");
    g_assert_false(has_set(qts, "hcall-rpt-invalidate"));
    g_assert_cmpint(hcall(qts, H_RPT_INVALIDATE), ==, H_FUNCTION);
    qtest_quit(qts);
}

static void test_fwnmi(void)
{
    QTestState *qts = start("power9", "");

    g_assert_true(has_service(qts, "ibm,nmi-register"));
    g_assert_true(has_service(qts, "ibm,nmi-interlock"));
    qtest_quit(qts);

    qts = start("power9", "cap-fwnmi=off");
    g_assert_false(has_service(qts, "ibm,nmi-register"));
    g_assert_false(has_service(qts, "ibm,nmi-interlock"));
    qtest_quit(qts);
}

/* The large decrementer */

/* Has the guest's firmware been told of it, and is it there? */
static void assert_decr(QTestState *qts, int64_t bits)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);

    g_assert_cmpint(cpu_cell(fdt, "ibm,dec-bits"), ==, bits);
    g_assert_cmphex(reg(qts, "lpcr") & LPCR_LD, ==, bits > 32 ? LPCR_LD : 0);
}

static void check_decr(const char *cpu, const char *options, int64_t bits)
{
    QTestState *qts = start(cpu, options);

    assert_decr(qts, bits);
    qtest_system_reset(qts);
    assert_decr(qts, bits);
    qtest_quit(qts);
}

static void test_decr(void)
{
    check_decr("power8", "", -1);
    check_decr("power9", "", 56);
    check_decr("power10", "", 56);
    check_decr("power9", "cap-large-decr=off", -1);
    check_decr("power10", "max-cpu-compat=power9", 56);
    /* The architecture before has none */
    check_decr("power10", "max-cpu-compat=power8", -1);
}

/* Ask for an architecture level */
static void cas(QTestState *qts, uint32_t pvr)
{
    uint8_t vec[64] = { 0 };

    stl_be_p(vec, 0xffffffff);
    stl_be_p(vec + 4, pvr);
    stl_be_p(vec + 8, 0xff000000);
    stl_be_p(vec + 12, 0x0fffffff);
    qtest_memwrite(qts, AREA, vec, sizeof(vec));
    g_assert_cmpint(hcall(qts, H_PRIVATE_CAS, AREA, AREA + 1 * MiB, 1 * MiB),
                    ==, H_SUCCESS);
}

/* The level that the guest negotiates decides */
static void test_decr_negotiated(void)
{
    QTestState *qts = start("power9", "");

    g_assert_cmphex(reg(qts, "lpcr") & LPCR_LD, ==, LPCR_LD);
    cas(qts, 0x0f000004);
    g_assert_cmphex(reg(qts, "lpcr") & LPCR_LD, ==, 0);
    cas(qts, 0x0f000005);
    g_assert_cmphex(reg(qts, "lpcr") & LPCR_LD, ==, LPCR_LD);
    cas(qts, 0x0f000004);
    qtest_system_reset(qts);
    assert_decr(qts, 56);
    qtest_quit(qts);
}

/* Instructions, with TCG */

#define PROGRAM_VECTOR  0x700
#define VMX_VECTOR      0xf20
#define VSX_VECTOR      0xf40
#define RESULT          0x2000

/* The instructions to try leave what they have to say in R3 */
static const uint32_t before[] = {
    0x7c8000a6,     /* mfmsr r4 */
    0x60842000,     /* ori r4,r4,FP */
    0x64840280,     /* oris r4,r4,VEC and VSX */
    0x7c800124,     /* mtmsr r4 */
    0x4c00012c,     /* isync */
    0x7ca000a6,     /* mfmsr r5 */
    0xf8a02008,     /* std r5,RESULT+8(0) */
    0x38600001,     /* li r3,1 */
};
static const uint32_t after[] = {
    0xf8602000,     /* std r3,RESULT(0) */
    0x48000000,     /* b . */
};

static uint32_t *put_words(uint32_t *to, const uint32_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        *to++ = cpu_to_be32(words[i]);
    }
    return to;
}

/* Run a guest that executes up to two instructions; returns its result */
static uint64_t run_guest(const char *cpu, const char *caps, uint64_t *msr,
                          const uint32_t *insns, unsigned n)
{
    static const unsigned vectors[] = {
        PROGRAM_VECTOR, VMX_VECTOR, VSX_VECTOR,
    };
    g_autofree uint32_t *image = g_malloc0(0x3000);
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    QTestState *qts;
    uint64_t result = 0;
    int fd = g_file_open_tmp("spapr-caps-XXXXXX", &path, &error);
    uint32_t *at;

    g_assert_no_error(error);
    at = put_words(image + 0x100 / 4, before, ARRAY_SIZE(before));
    at = put_words(at, insns, n);
    put_words(at, after, ARRAY_SIZE(after));
    for (int i = 0; i < ARRAY_SIZE(vectors); i++) {
        const uint32_t li_r3 = 0x38600000 | vectors[i];

        at = put_words(image + vectors[i] / 4, &li_r3, 1);
        put_words(at, after, ARRAY_SIZE(after));
    }
    g_assert_cmpint(write(fd, image, 0x3000), ==, 0x3000);
    close(fd);
    qts = qtest_initf("-accel tcg -machine pseries%s%s -nodefaults -m 512M "
                      "-cpu %s -bios %s", *caps ? "," : "", caps, cpu, path);
    unlink(path);
    for (int tries = 0; !result && tries < 2000; tries++) {
        g_usleep(10 * 1000);
        result = qtest_readq(qts, RESULT);
    }
    *msr = qtest_readq(qts, RESULT + 8);
    qtest_quit(qts);
    return result;
}

static void check_insn(const char *cpu, const char *caps, uint32_t insn,
                       uint64_t want)
{
    uint64_t msr;

    g_assert_cmphex(run_guest(cpu, caps, &msr, &insn, 1), ==, want);
    g_assert_cmphex(msr & MSR_VSX, ==,
                    strstr(caps, "cap-vsx=off") ? 0 : MSR_VSX);
}

static void test_vsx_insns(void)
{
    static const struct {
        const char *cpu;
        uint32_t insn;
    } insns[] = {
        { "power8", 0xf0011300 },       /* xvadddp vs0,vs1,vs2 */
        { "power8", 0xf0011490 },       /* xxlor vs0,vs1,vs2 */
        { "power8", 0x7c001e98 },       /* lxvd2x vs0,0,r3 */
        { "power10", 0x7c001a18 },      /* lxvx vs0,0,r3 */
    };

    for (int i = 0; i < ARRAY_SIZE(insns); i++) {
        uint32_t insn = insns[i].insn;
        uint64_t msr, got;

        check_insn(insns[i].cpu, "", insn, 1);
        /* Whether it is illegal or unavailable depends on the instruction */
        got = run_guest(insns[i].cpu, "cap-vsx=off", &msr, &insn, 1);
        g_assert_true(got == PROGRAM_VECTOR || got == VSX_VECTOR);
        g_assert_cmphex(msr & MSR_VSX, ==, 0);
        /* Vectors and floating point stay: vand v0,v0,v0; fmr f0,f1 */
        check_insn(insns[i].cpu, "cap-vsx=off", 0x10000404, 1);
        check_insn(insns[i].cpu, "cap-vsx=off", 0xfc000890, 1);
    }
}

static void test_dfp_insns(void)
{
    check_insn("power9", "", 0xec022004, 1);      /* dadd f0,f2,f4 */
    check_insn("power9", "cap-dfp=off", 0xec022004, PROGRAM_VECTOR);
    check_insn("power9", "cap-dfp=off", 0xfc000890, 1);
}

static void test_decr_insns(void)
{
    static const uint32_t insns[] = {
        0x786345c6,     /* sldi r3,r3,40 */
        0x7c7603a6,     /* mtdec r3 */
        0x7c7602a6,     /* mfdec r3 */
        0x60630001,     /* ori r3,r3,1 */
    };
    uint64_t msr, got;

    got = run_guest("power9", "", &msr, insns, ARRAY_SIZE(insns));
    g_assert_cmphex(got, >, 1ull << 39);
    g_assert_cmphex(got, <=, 1ull << 40);
    got = run_guest("power9", "cap-large-decr=off", &msr, insns,
                    ARRAY_SIZE(insns));
    g_assert_cmphex(got, <=, UINT32_MAX);
}

/* Migration */

#define ARGS "-nodefaults -m 512M -cpu power9 "

/* Save a machine with such capabilities to a file, for unlink() and g_free() */
static char *save(const char *caps)
{
    return spapr_qtest_save(qtest_initf(ARGS "-machine pseries%s%s",
                                        *caps ? "," : "", caps));
}

static void check_moves(const char *from, const char *to)
{
    g_autofree char *path = save(from);
    QTestState *qts = qtest_initf(ARGS "-machine pseries%s%s -incoming defer",
                                  *to ? "," : "", to);

    spapr_qtest_load(qts, path);
    unlink(path);
    qtest_quit(qts);
}

static void check_stays(const char *from, const char *to, const char *here,
                        const char *there)
{
    g_autofree char *path = save(from);
    g_autofree char *options = g_strdup_printf(
        ARGS "%s%s -incoming file:%s", *to ? "-machine " : "", to, path);
    g_autofree char *errors = spapr_qtest_fail(options);

    g_assert_nonnull(strstr(errors, here));
    g_assert_nonnull(strstr(errors, there));
    unlink(path);
}

static void test_migration(void)
{
    check_moves("", "");
    /* What is more doesn't hurt a guest, nor what it can't tell */
    check_moves("cap-vsx=off,cap-dfp=off,cap-cfpc=broken,"
                "cap-large-decr=off,cap-hpt-max-page-size=64K",
                "cap-cfpc=workaround");
    check_moves("cap-ibs=fixed-na", "cap-ibs=fixed-ibs");
    /* What is less does */
    check_stays("", "cap-vsx=off", "cap-vsx=off", "cap-vsx=on");
    check_stays("", "cap-dfp=off", "cap-dfp=off", "cap-dfp=on");
    check_stays("", "cap-large-decr=off", "cap-large-decr=off",
                "cap-large-decr=on");
    check_stays("cap-cfpc=workaround", "cap-cfpc=broken", "cap-cfpc=broken",
                "cap-cfpc=workaround");
    check_stays("", "cap-sbbc=workaround", "cap-sbbc=workaround",
                "cap-sbbc=fixed");
    check_stays("cap-ibs=fixed-ibs", "cap-ibs=workaround",
                "cap-ibs=workaround", "cap-ibs=fixed-ibs");
    check_stays("cap-hpt-max-page-size=16M", "cap-hpt-max-page-size=64K",
                "cap-hpt-max-page-size=64 KiB",
                "cap-hpt-max-page-size=16 MiB");
    check_stays("cap-ccf-assist=on", "", "cap-ccf-assist=off",
                "cap-ccf-assist=on");
    check_stays("", "cap-fwnmi=off", "cap-fwnmi=off", "cap-fwnmi=on");
    check_stays("", "cap-rpt-invalidate=off", "cap-rpt-invalidate=off",
                "cap-rpt-invalidate=on");
    check_stays("", "cap-ail-mode-3=off", "cap-ail-mode-3=off",
                "cap-ail-mode-3=on");
}

/* Another value than any that exists comes from no machine of ours */
static void test_migration_garbage(void)
{
    static const char name[] = "spapr-caps";
    g_autofree char *path = save("");
    g_autofree char *options = g_strdup_printf(ARGS "-incoming file:%s", path);
    g_autofree char *errors = NULL;
    g_autofree char *stream = NULL;
    char *at;
    size_t size;

    g_assert_true(g_file_get_contents(path, &stream, &size, NULL));
    at = memmem(stream, size, name, strlen(name));
    g_assert_nonnull(at);
    /* Behind the name: instance and version; then a value for each, cap-ibs */
    at += strlen(name) + 8 + 5;
    g_assert_cmpint(*at, ==, 4);
    *at = 5;
    g_assert_true(g_file_set_contents(path, stream, size, NULL));
    errors = spapr_qtest_fail(options);
    g_assert_nonnull(strstr(errors, "cap-ibs"));
    g_assert_nonnull(strstr(errors, "number 5"));
    unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr/caps/defaults", test_defaults);
    qtest_add_func("spapr/caps/values", test_values);
    qtest_add_func("spapr/caps/refused", test_refused);
    qtest_add_func("spapr/caps/dt/vsx", test_vsx_dt);
    qtest_add_func("spapr/caps/dt/dfp", test_dfp_dt);
    qtest_add_func("spapr/caps/page-size", test_page_size);
    qtest_add_func("spapr/caps/characteristics", test_characteristics);
    qtest_add_func("spapr/caps/ail-mode-3", test_ail);
    qtest_add_func("spapr/caps/rpt-invalidate", test_rpt_invalidate);
    qtest_add_func("spapr/caps/fwnmi", test_fwnmi);
    qtest_add_func("spapr/caps/large-decr", test_decr);
    qtest_add_func("spapr/caps/large-decr/negotiated", test_decr_negotiated);
    if (qtest_has_accel("tcg")) {
        qtest_add_func("spapr/caps/insns/vsx", test_vsx_insns);
        qtest_add_func("spapr/caps/insns/dfp", test_dfp_insns);
        qtest_add_func("spapr/caps/insns/decr", test_decr_insns);
    }
    qtest_add_func("spapr/caps/migration", test_migration);
    qtest_add_func("spapr/caps/migration/garbage", test_migration_garbage);
    return g_test_run();
}
