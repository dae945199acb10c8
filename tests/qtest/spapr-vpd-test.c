/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: vital product data
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include <libfdt.h>
#include "spapr-qtest.h"

#define RAM_SIZE        (256 * MiB)
#define LOCATION        (65 * MiB)
#define AREA            (66 * MiB)
#define AREA_SIZE       4096

#define MORE            1

#define OPTIONS "-machine host-model=IBM,,8286-41a,host-serial=XX-10ab.E7C"

typedef struct Result {
    int32_t status;
    uint32_t next;
    uint32_t bytes;
} Result;

static Result get_vpd(SpaprRtasGuest *guest, uint32_t location, uint32_t area,
                      uint32_t size, uint32_t sequence)
{
    const uint32_t args[4] = { location, area, size, sequence };
    uint32_t rets[3];
    Result result;

    result.status = spapr_rtas_guest_call(guest, "ibm,get-vpd", 4, args, 3,
                                          rets);
    result.next = rets[1];
    result.bytes = rets[2];
    return result;
}

static void put_location(SpaprRtasGuest *guest, const char *location)
{
    qtest_memwrite(guest->qts, LOCATION, location, strlen(location) + 1);
}

/* All there is at a location, in parts of a size */
static GByteArray *collect(SpaprRtasGuest *guest, const char *location,
                           uint32_t size)
{
    g_autofree uint8_t *part = g_malloc(size);
    GByteArray *data = g_byte_array_new();
    uint32_t sequence = 1;
    Result result;

    put_location(guest, location);
    do {
        qtest_memset(guest->qts, AREA, 0xa5, AREA_SIZE);
        result = get_vpd(guest, LOCATION, AREA, size, sequence);
        g_assert_cmpint(result.status, >=, 0);
        g_assert_cmpuint(result.bytes, >, 0);
        g_assert_cmpuint(result.bytes, <=, size);
        spapr_qtest_untouched(guest->qts, AREA + result.bytes,
                              AREA_SIZE - result.bytes);
        qtest_memread(guest->qts, AREA, part, result.bytes);
        g_byte_array_append(data, part, result.bytes);
        g_assert_cmpuint(result.next, ==,
                         result.status == MORE ? sequence + 1 : 1);
        sequence = result.next;
    } while (result.status == MORE);
    return data;
}

/*
 * Read one stanza as PCI 2.1 has it; return what follows it
 * @keywords: where each keyword, "=", its value and a newline is put
 */
static const uint8_t *parse(const uint8_t *p, char **name, GString *keywords)
{
    const uint8_t *start = p, *end;
    uint8_t sum = 0;
    unsigned len;

    g_assert_cmphex(*p, ==, 0x82);
    len = lduw_le_p(p + 1);
    *name = g_strndup((const char *)p + 3, len);
    p += 3 + len;

    g_assert_cmphex(*p, ==, 0x90);
    len = lduw_le_p(p + 1);
    p += 3;
    for (end = p + len; p < end; p += 3 + p[2]) {
        g_string_append_printf(keywords, "%.2s=%.*s\n", p, p[2], p + 3);
    }
    g_assert_true(p == end);

    g_assert_cmphex(*p, ==, 0x79);
    for (const uint8_t *q = start; q < p; q++) {
        sum += *q;
    }
    sum += p[1];
    g_assert_cmphex(sum, ==, 0);
    return p + 2;
}

static void test_all(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(OPTIONS);
    g_autoptr(GByteArray) data = collect(&guest, "", AREA_SIZE);
    g_autofree char *system = NULL, *firmware = NULL;
    g_autoptr(GString) keywords = g_string_new(NULL);
    const uint8_t *p;

    p = parse(data->data, &system, keywords);
    g_assert_cmpstr(system, ==, "System VPD");
    g_assert_cmpstr(keywords->str, ==, "RT=VSYS\nTM=8286-41A\nSE=0AB.E7C\n"
                    "YL=U8286.41A.0AB.E7C\n");
    g_string_truncate(keywords, 0);
    p = parse(p, &firmware, keywords);
    g_assert_cmpstr(firmware, ==, "System Firmware");
    g_assert_true(g_str_has_prefix(keywords->str, "RL=QEMU "));
    g_assert_true(g_str_has_suffix(keywords->str,
                                   "\nYL=U8286.41A.0AB.E7C-Y1\n"));
    g_assert_true(p == data->data + data->len);

    /* As much as /rtas says at most */
    g_assert_cmpuint(spapr_rtas_guest_cell(&guest, "ibm,vpd-size", 0), >=,
                     data->len);
    /* R1-"ibm,get-vpd RTAS Call"-8 */
    g_assert_null(fdt_getprop(guest.fdt, 0, "ibm,vpd", NULL));
    g_assert_null(fdt_getprop(guest.fdt, 0, "ibm,loc-code", NULL));
    spapr_rtas_guest_stop(&guest);
}

/* Whatever the work area's size, it is the same data */
static void test_sequence(void)
{
    static const uint32_t sizes[] = { 1, 2, 3, 7, 64, 100, 4095 };
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    g_autoptr(GByteArray) whole = collect(&guest, "", AREA_SIZE);

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        g_autoptr(GByteArray) data = collect(&guest, "", sizes[i]);

        g_assert_cmpmem(data->data, data->len, whole->data, whole->len);
    }
    /* A work area of just that size */
    g_byte_array_unref(collect(&guest, "", whole->len));
    spapr_rtas_guest_stop(&guest);
}

static void check_location(const char *options, const char *type_model,
                           const char *serial, const char *location)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(options);
    g_autofree char *firmware = g_strdup_printf("%s-Y1", location);
    g_autofree char *expected = g_strdup_printf("RT=VSYS\nTM=%s\nSE=%s\n"
                                                "YL=%s\n", type_model, serial,
                                                location);
    g_autoptr(GByteArray) data = collect(&guest, location, AREA_SIZE);
    g_autoptr(GByteArray) other = collect(&guest, firmware, AREA_SIZE);
    g_autoptr(GString) keywords = g_string_new(NULL);
    g_autofree char *name = NULL, *other_name = NULL;

    g_assert_true(parse(data->data, &name, keywords) ==
                  data->data + data->len);
    g_assert_cmpstr(keywords->str, ==, expected);
    g_assert_true(parse(other->data, &other_name, keywords) ==
                  other->data + other->len);
    g_assert_cmpstr(other_name, ==, "System Firmware");
    spapr_rtas_guest_stop(&guest);
}

static void test_location(void)
{
    check_location("", "QEMU-000", "0000000", "UQEMU.000.0000000");
    check_location("-uuid 12345678-9abc-def0-1234-56789abcdef0",
                   "QEMU-000", "1234567", "UQEMU.000.1234567");
    check_location("-machine host-model=9105-22A,host-serial=1",
                   "9105-22A", "1", "U9105.22A.1");
    /* No type and model, and what a location code may not have */
    check_location("-machine host-model=laptop,host-serial=a_b/7",
                   "QEMU-000", "A_B/7", "UQEMU.000.A#B#7");
}

static void check_error(SpaprRtasGuest *guest, uint32_t location, uint32_t area,
                        uint32_t size, uint32_t sequence)
{
    Result result = get_vpd(guest, location, area, size, sequence);

    g_assert_cmpint(result.status, ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpuint(result.next, ==, 1);
    g_assert_cmpuint(result.bytes, ==, 0);
}

static void test_errors(void)
{
    static const char *const unknown[] = {
        "U", "UQEMU.000.000000", "UQEMU.000.0000000-Y2", "uqemu.000.0000000",
    };
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    g_autofree char *endless = g_strnfill(200, 'U');
    Result result;

    /* Locations that are no strings */
    put_location(&guest, endless);
    check_error(&guest, LOCATION, AREA, AREA_SIZE, 1);
    check_error(&guest, RAM_SIZE, AREA, AREA_SIZE, 1);
    check_error(&guest, 0xffffffff, AREA, AREA_SIZE, 1);
    qtest_writeb(guest.qts, RAM_SIZE - 1, 'U');
    check_error(&guest, RAM_SIZE - 1, AREA, AREA_SIZE, 1);
    /* Nothing is there */
    for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
        put_location(&guest, unknown[i]);
        check_error(&guest, LOCATION, AREA, AREA_SIZE, 1);
    }
    /* Work areas */
    put_location(&guest, "");
    check_error(&guest, LOCATION, AREA, 0, 1);
    check_error(&guest, LOCATION, RAM_SIZE, AREA_SIZE, 1);
    check_error(&guest, LOCATION, RAM_SIZE - 3, 4, 1);
    check_error(&guest, LOCATION, 0xffffffff, 1, 1);
    /* Sequence numbers that nobody gave out */
    check_error(&guest, LOCATION, AREA, AREA_SIZE, 0);
    check_error(&guest, LOCATION, AREA, AREA_SIZE, 2);
    result = get_vpd(&guest, LOCATION, AREA, 8, 1);
    g_assert_cmpint(result.status, ==, MORE);
    check_error(&guest, LOCATION, AREA, 8, 3);
    /* With that the sequence has ended */
    check_error(&guest, LOCATION, AREA, 8, 2);
    /* What it has been asked for, not what is asked for now, goes on */
    result = get_vpd(&guest, LOCATION, AREA, 8, 1);
    g_assert_cmpint(result.status, ==, MORE);
    put_location(&guest, "U");
    result = get_vpd(&guest, LOCATION, AREA, 8, 2);
    g_assert_cmpint(result.status, ==, MORE);
    /* A new sequence ends the old one */
    check_error(&guest, LOCATION, AREA, 8, 1);
    check_error(&guest, LOCATION, AREA, 8, 3);
    spapr_rtas_guest_stop(&guest);
}

/* A sequence goes on, unless the other machine is another one */
static void test_migration(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    Result result;

    put_location(&guest, "");
    result = get_vpd(&guest, LOCATION, AREA, 8, 1);
    g_assert_cmpint(result.status, ==, MORE);
    spapr_rtas_guest_migrate(&guest, "");
    result = get_vpd(&guest, LOCATION, AREA, 8, 2);
    g_assert_cmpint(result.status, ==, MORE);
    spapr_rtas_guest_migrate(&guest, "-machine host-serial=NEW");
    result = get_vpd(&guest, LOCATION, AREA, 8, 3);
    g_assert_cmpint(result.status, ==, -4);
    check_error(&guest, LOCATION, AREA, 8, 3);
    result = get_vpd(&guest, LOCATION, AREA, 8, 1);
    g_assert_cmpint(result.status, ==, MORE);
    spapr_rtas_guest_stop(&guest);
}

/* A stream that tells of more than there is gets nothing that is not there */
static void test_bad_migration(void)
{
    static const uint32_t offsets[] = { 0x1000, 0x40000000, UINT32_MAX };

    for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
        SpaprRtasGuest guest = spapr_rtas_guest_start("");
        g_autofree char *path = NULL;
        g_autofree char *state = NULL;
        size_t len, size;
        char *at;

        put_location(&guest, "");
        g_assert_cmpint(get_vpd(&guest, LOCATION, AREA, 8, 1).status, ==, MORE);
        path = spapr_qtest_save(guest.qts);
        g_assert_true(g_file_get_contents(path, &state, &len, NULL));
        /* The number of the next call, and where it goes on */
        at = spapr_qtest_section(state, len, "spapr-vpd", &size);
        g_assert_cmpuint(ldl_be_p(at + 4), ==, 8);
        stl_be_p(at + 4, offsets[i]);
        g_assert_true(g_file_set_contents(path, state, len, NULL));
        guest.qts = qtest_init("-machine pseries -nodefaults -m 256 "
                               "-incoming defer");
        spapr_qtest_load(guest.qts, path);
        unlink(path);
        qtest_memset(guest.qts, AREA, 0xa5, AREA_SIZE);
        g_assert_cmpint(get_vpd(&guest, LOCATION, AREA, AREA_SIZE, 2).status,
                        ==, -4);
        spapr_qtest_untouched(guest.qts, AREA, AREA_SIZE);
        spapr_rtas_guest_stop(&guest);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-vpd/all", test_all);
    qtest_add_func("spapr-vpd/sequence", test_sequence);
    qtest_add_func("spapr-vpd/location", test_location);
    qtest_add_func("spapr-vpd/errors", test_errors);
    qtest_add_func("spapr-vpd/migration", test_migration);
    qtest_add_func("spapr-vpd/bad-migration", test_bad_migration);

    return g_test_run();
}
