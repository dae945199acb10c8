/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest of the sPAPR board: non-volatile memory
 *
 * LoPAR, "NVRAM Access Functions", and ch. "Non-Volatile Memory" for what is in
 * it.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"
#include <libfdt.h>

#define BOARD       "-machine pseries -nodefaults -display none -m 256 "
#define RAM_SIZE    (256 * MiB)

/* Guest memory that the tests use; the machine's own data lie elsewhere */
#define RTAS_BUF    0x800000
#define BUF         0x1000000
#define CANARY      0xc5
#define CANARY_LEN  32

#define NODE        "/vdevice/nvram@70000000"
#define UNIT        0x70000000
#define SIZE        (64 * KiB)
#define MIN_SIZE    (8 * KiB)
#define MAX_SIZE    (1 * MiB)

/* CHRP partitions */
#define PART_SYSTEM 0x70
#define PART_FREE   0x7f
#define PART_HEADER 16
#define PART_UNIT   16

/* A machine, and what its NVRAM should hold */
typedef struct Guest {
    QTestState *qts;
    uint32_t fetch;
    uint32_t store;
    uint8_t *model;
    size_t size;
} Guest;

/* A directory for the files of a test */
static char *tmp_dir;

static char *tmp_path(const char *name)
{
    return g_build_filename(tmp_dir, name, NULL);
}

/* A pattern that repeats late and has every value */
static uint8_t pattern(size_t n, unsigned seed)
{
    return (n + seed) * 7 + n / 256;
}

static uint8_t *pattern_new(size_t size, unsigned seed)
{
    uint8_t *data = g_malloc(size);

    for (size_t i = 0; i < size; i++) {
        data[i] = pattern(i, seed);
    }
    return data;
}

/* A file of @size bytes, from which a drive is made; for g_free() */
static char *image_new(const char *name, const uint8_t *data, size_t size)
{
    char *path = tmp_path(name);
    g_autofree uint8_t *zeroes = g_malloc0(size);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, (const char *)(data ?: zeroes), size, &error);
    g_assert_no_error(error);
    return path;
}

static void image_check(const char *path, const uint8_t *data, size_t size)
{
    g_autofree char *found = NULL;
    g_autoptr(GError) error = NULL;
    gsize len;

    g_file_get_contents(path, &found, &len, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(found, len, data, size);
}

static char *drive_option(const char *path)
{
    return g_strdup_printf("-drive if=pflash,format=raw,file=%s", path);
}

static int32_t nvram_call(Guest *guest, uint32_t token, uint32_t offset,
                          uint32_t buf, uint32_t len, uint32_t *num)
{
    const uint32_t args[] = { offset, buf, len };
    uint32_t rets[2];

    spapr_qtest_rtas(guest->qts, RTAS_BUF, token, ARRAY_SIZE(args), args,
                     ARRAY_SIZE(rets), rets);
    *num = rets[1];
    return rets[0];
}

/* Fetch, and see that the buffer is filled and nothing around it */
static void fetch(Guest *guest, uint32_t offset, uint8_t *data, uint32_t len)
{
    uint32_t total = len + 2 * CANARY_LEN, num;
    g_autofree uint8_t *buf = g_malloc(total);

    qtest_memset(guest->qts, BUF, CANARY, total);
    g_assert_cmpint(nvram_call(guest, guest->fetch, offset, BUF + CANARY_LEN,
                               len, &num), ==, RTAS_OUT_SUCCESS);
    g_assert_cmpuint(num, ==, len);
    qtest_bufread(guest->qts, BUF, buf, total);
    for (int i = 0; i < CANARY_LEN; i++) {
        g_assert_cmphex(buf[i], ==, CANARY);
        g_assert_cmphex(buf[total - 1 - i], ==, CANARY);
    }
    memcpy(data, buf + CANARY_LEN, len);
}

/* NVRAM holds what the model says */
static void check_contents(Guest *guest)
{
    g_autofree uint8_t *data = g_malloc(guest->size);

    fetch(guest, 0, data, guest->size);
    g_assert_cmpmem(data, guest->size, guest->model, guest->size);
}

static void store(Guest *guest, uint32_t offset, const uint8_t *data,
                  uint32_t len)
{
    uint32_t num;

    if (len) {
        qtest_bufwrite(guest->qts, BUF, data, len);
        memcpy(guest->model + offset, data, len);
    }
    g_assert_cmpint(nvram_call(guest, guest->store, offset, BUF, len, &num), ==,
                    RTAS_OUT_SUCCESS);
    g_assert_cmpuint(num, ==, len);
}

/* The model starts with what NVRAM has */
static Guest guest_start(const char *options)
{
    Guest guest = { .qts = qtest_initf(BOARD "%s", options) };
    g_autofree void *fdt = spapr_qtest_fdt(guest.qts);
    const void *bytes = fdt_getprop(fdt, fdt_path_offset(fdt, NODE), "#bytes",
                                    NULL);

    g_assert_nonnull(bytes);
    guest.size = ldl_be_p(bytes);
    guest.model = g_malloc(guest.size);
    guest.fetch = spapr_qtest_rtas_token(fdt, "nvram-fetch");
    guest.store = spapr_qtest_rtas_token(fdt, "nvram-store");
    fetch(&guest, 0, guest.model, guest.size);
    return guest;
}

static Guest guest_start_drive(const char *path)
{
    g_autofree char *drive = drive_option(path);

    return guest_start(drive);
}

static void guest_stop(Guest *guest)
{
    qtest_quit(guest->qts);
    g_free(guest->model);
}

/* At the borders of NVRAM, and where pages and words have theirs */
static void test_borders(void)
{
    static const struct {
        uint32_t offset, len;
    } ranges[] = {
        { 0, SIZE }, { 0, 1 }, { SIZE - 1, 1 }, { 1, SIZE - 1 },
        { 0, SIZE - 1 }, { 0, 0 }, { SIZE, 0 }, { SIZE - 1, 0 },
        { 4095, 2 }, { 4096, 4096 }, { 3, 5 }, { SIZE / 2, SIZE / 2 },
    };
    Guest guest = guest_start("");

    for (int i = 0; i < ARRAY_SIZE(ranges); i++) {
        g_autofree uint8_t *data = pattern_new(ranges[i].len, i + 1);
        /* A place, even for nothing */
        g_autofree uint8_t *found = g_malloc(ranges[i].len + 1);

        store(&guest, ranges[i].offset, data, ranges[i].len);
        fetch(&guest, ranges[i].offset, found, ranges[i].len);
        g_assert_cmpmem(found, ranges[i].len, data, ranges[i].len);
        check_contents(&guest);
    }
    guest_stop(&guest);
}

static void check_refused_call(Guest *guest, uint32_t token, uint32_t offset,
                               uint32_t buf, uint32_t len, int32_t status)
{
    uint32_t num;

    g_assert_cmpint(nvram_call(guest, token, offset, buf, len, &num), ==,
                    status);
    g_assert_cmpuint(num, ==, 0);
}

/* Offset and length may overflow in 32 bits, and then be in range */
static void test_out_of_range(void)
{
    static const struct {
        uint32_t offset, len;
    } ranges[] = {
        { SIZE, 1 }, { SIZE - 1, 2 }, { 0, SIZE + 1 }, { SIZE + 1, 0 },
        { SIZE + 1, 1 }, { 1, SIZE }, { UINT32_MAX, 0 }, { UINT32_MAX, 1 },
        { UINT32_MAX, 2 }, { 1, UINT32_MAX }, { 2, UINT32_MAX },
        { 0, UINT32_MAX }, { SIZE, -(uint32_t)SIZE },
        { 16, -(uint32_t)16 }, { 1u << 31, 1u << 31 },
        { UINT32_MAX, UINT32_MAX },
    };
    Guest guest = guest_start("");
    uint8_t buf[CANARY_LEN], expected[CANARY_LEN];

    memset(expected, CANARY, sizeof(expected));
    qtest_memset(guest.qts, BUF, CANARY, sizeof(expected));
    for (int i = 0; i < ARRAY_SIZE(ranges); i++) {
        check_refused_call(&guest, guest.fetch, ranges[i].offset, BUF,
                           ranges[i].len, RTAS_OUT_PARAM_ERROR);
        check_refused_call(&guest, guest.store, ranges[i].offset, BUF,
                           ranges[i].len, RTAS_OUT_PARAM_ERROR);
        /* Also when the buffer is none either */
        check_refused_call(&guest, guest.fetch, ranges[i].offset, RAM_SIZE,
                           ranges[i].len, RTAS_OUT_PARAM_ERROR);
        check_refused_call(&guest, guest.store, ranges[i].offset, RAM_SIZE,
                           ranges[i].len, RTAS_OUT_PARAM_ERROR);
    }
    qtest_memread(guest.qts, BUF, buf, sizeof(buf));
    g_assert_cmpmem(buf, sizeof(buf), expected, sizeof(expected));
    check_contents(&guest);
    guest_stop(&guest);
}

static void test_bad_buffer(void)
{
    static const struct {
        uint32_t buf, len;
    } bad[] = {
        { RAM_SIZE, 1 }, { RAM_SIZE - 8, 16 }, { RAM_SIZE - 1, SIZE },
        { 1u << 31, 1 }, { UINT32_MAX, 1 }, { UINT32_MAX - 7, 16 },
    };
    Guest guest = guest_start("");
    g_autofree uint8_t *data = pattern_new(16, 1);
    uint8_t found[16];
    uint32_t num;

    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        check_refused_call(&guest, guest.fetch, 0, bad[i].buf, bad[i].len,
                           RTAS_OUT_HW_ERROR);
        check_refused_call(&guest, guest.store, 0, bad[i].buf, bad[i].len,
                           RTAS_OUT_HW_ERROR);
        check_contents(&guest);
    }
    /* The last bytes of memory are as good as any; nothing goes anywhere */
    qtest_memwrite(guest.qts, RAM_SIZE - 16, data, 16);
    g_assert_cmpint(nvram_call(&guest, guest.store, 100, RAM_SIZE - 16, 16,
                               &num), ==, RTAS_OUT_SUCCESS);
    memcpy(guest.model + 100, data, 16);
    check_contents(&guest);
    qtest_memset(guest.qts, RAM_SIZE - 16, 0, 16);
    g_assert_cmpint(nvram_call(&guest, guest.fetch, 100, RAM_SIZE - 16, 16,
                               &num), ==, RTAS_OUT_SUCCESS);
    qtest_memread(guest.qts, RAM_SIZE - 16, found, 16);
    g_assert_cmpmem(found, 16, data, 16);
    g_assert_cmpint(nvram_call(&guest, guest.fetch, 0, RAM_SIZE, 0, &num), ==,
                    RTAS_OUT_SUCCESS);
    g_assert_cmpint(nvram_call(&guest, guest.store, 0, RAM_SIZE, 0, &num), ==,
                    RTAS_OUT_SUCCESS);
    guest_stop(&guest);
}

static void test_reset(void)
{
    Guest guest = guest_start("-prom-env a=b");
    g_autofree uint8_t *data = pattern_new(SIZE, 3);

    store(&guest, 0, data, SIZE);
    qtest_system_reset(guest.qts);
    check_contents(&guest);
    guest_stop(&guest);
}

static void test_node(void)
{
    QTestState *qts = qtest_init(BOARD);
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int node = fdt_path_offset(fdt, NODE);
    int len;

    g_assert_cmpint(node, >=, 0);
    g_assert_cmphex(ldl_be_p(fdt_getprop(fdt, node, "reg", &len)), ==, UNIT);
    g_assert_cmpint(len, ==, 4);
    g_assert_cmphex(ldl_be_p(fdt_getprop(fdt, node, "#bytes", &len)), ==, SIZE);
    g_assert_cmpint(len, ==, 4);
    g_assert_cmpstr(fdt_getprop(fdt, node, "device_type", NULL), ==, "nvram");
    g_assert_cmpstr(fdt_getprop(fdt, node, "compatible", NULL), ==,
                    "qemu,spapr-nvram");
    /* LoPAR: it has no interrupt */
    g_assert_null(fdt_getprop(fdt, node, "interrupts", &len));
    qtest_quit(qts);
}

/* LoPAR, "NVRAM Partitions": bytes added with the carry going round */
static uint8_t part_checksum(const uint8_t *header)
{
    unsigned sum = header[0];

    for (int i = 2; i < PART_HEADER; i++) {
        sum += header[i];
        sum = (sum & 0xff) + (sum >> 8);
    }
    return sum;
}

/* Returns: the size of the partition at @header, header included */
static size_t check_part(const uint8_t *header, uint8_t signature,
                         const char *name)
{
    char padded[12] = { };

    strpadcpy(padded, sizeof(padded), name, 0);
    g_assert_cmphex(header[0], ==, signature);
    g_assert_cmphex(header[1], ==, part_checksum(header));
    g_assert_cmpmem(header + 4, 12, padded, 12);
    return lduw_be_p(header + 2) * PART_UNIT;
}

/*
 * Two partitions fill NVRAM; the first has the variables, given with a NULL at
 * the end, and nothing else is anywhere. Returns: the size of the first.
 */
static size_t check_formatted(const uint8_t *data, size_t size,
                              const char *const *vars)
{
    size_t used = check_part(data, PART_SYSTEM, "common");
    size_t at = PART_HEADER;

    g_assert_cmpuint(used, <, size);
    for (; *vars; vars++) {
        g_assert_cmpuint(at + strlen(*vars) + 1, <, used);
        g_assert_cmpstr((const char *)data + at, ==, *vars);
        at += strlen(*vars) + 1;
    }
    g_assert_true(buffer_is_zero(data + at, used - at));
    g_assert_cmpuint(used + check_part(data + used, PART_FREE, "wwwwwwwwwwww"),
                     ==, size);
    at = used + PART_HEADER;
    g_assert_true(at == size || buffer_is_zero(data + at, size - at));
    return used;
}

static void test_default(void)
{
    static const char *const none[] = { NULL };
    Guest guest = guest_start("");

    g_assert_cmpuint(guest.size, ==, SIZE);
    /* Firmware can't enlarge it, so it has room for variables */
    g_assert_cmpuint(check_formatted(guest.model, SIZE, none), >=, 2 * KiB);
    guest_stop(&guest);
}

static void test_prom_env(void)
{
    static const char *const vars[] = {
        "auto-boot?=false", "boot-command=boot disk", "empty=", NULL,
    };
    Guest guest = guest_start("-prom-env auto-boot?=false "
                              "-prom-env 'boot-command=boot disk' "
                              "-prom-env empty=");

    check_formatted(guest.model, SIZE, vars);
    guest_stop(&guest);
}

/* As many variables as there is room for, and one byte more */
static void test_prom_env_full(void)
{
    /* Header, variable, end marker, rounded up, and the other header */
    size_t room = MIN_SIZE - 3 * PART_HEADER - 1;
    g_autofree char *var = g_strnfill(room, 'v');
    g_autofree char *path = image_new("full", NULL, MIN_SIZE);
    g_autofree char *drive = drive_option(path);
    g_autofree char *fits = NULL, *toolong = NULL;
    const char *const vars[] = { var, NULL };
    Guest guest;

    fits = g_strdup_printf("%s -prom-env %s", drive, var);
    guest = guest_start(fits);
    g_assert_cmpuint(check_formatted(guest.model, MIN_SIZE, vars), ==,
                     MIN_SIZE - PART_HEADER);
    guest_stop(&guest);

    toolong = g_strdup_printf("%s -prom-env v%s", drive, var);
    spapr_qtest_refused(toolong, "NVRAM", "-prom-env");
    unlink(path);
}

/* What the file has is there, and what is stored is in the file at once */
static void check_drive(size_t size)
{
    g_autofree uint8_t *data = pattern_new(size, 5);
    g_autofree uint8_t *other = pattern_new(size, 6);
    g_autofree char *path = image_new("drive", data, size);
    Guest guest = guest_start_drive(path);

    g_assert_cmpuint(guest.size, ==, size);
    g_assert_cmpmem(guest.model, size, data, size);

    store(&guest, 1, other, 1);
    image_check(path, guest.model, size);
    store(&guest, 511, other + 511, 514);
    image_check(path, guest.model, size);
    store(&guest, size - 1, other, 1);
    image_check(path, guest.model, size);
    store(&guest, 0, other, 0);
    check_refused_call(&guest, guest.store, size - 1, BUF, 2,
                       RTAS_OUT_PARAM_ERROR);
    check_refused_call(&guest, guest.store, 0, RAM_SIZE - 8, 16,
                       RTAS_OUT_HW_ERROR);
    image_check(path, guest.model, size);
    check_contents(&guest);
    store(&guest, 0, other, size);
    guest_stop(&guest);

    image_check(path, other, size);
    guest = guest_start_drive(path);
    g_assert_cmpmem(guest.model, size, other, size);
    guest_stop(&guest);
    unlink(path);
}

static void test_drive(void)
{
    check_drive(MIN_SIZE);
    check_drive(SIZE);
    check_drive(MAX_SIZE);
}

/* Users of -blockdev have no -drive */
static void test_global_drive(void)
{
    g_autofree uint8_t *data = pattern_new(SIZE, 2);
    g_autofree char *path = image_new("global", data, SIZE);
    g_autofree char *options = g_strdup_printf(
        "-blockdev raw,node-name=n0,file.driver=file,file.filename=%s "
        "-global spapr-nvram.drive=n0", path);
    Guest guest = guest_start(options);

    g_assert_cmpmem(guest.model, guest.size, data, SIZE);
    store(&guest, 9, data, 9);
    image_check(path, guest.model, SIZE);
    guest_stop(&guest);
    unlink(path);
}

/* A fresh start for variables is one for the drive; but not before it runs */
static void test_drive_prom_env(void)
{
    static const char *const vars[] = { "one=1", "two=2", NULL };
    g_autofree uint8_t *data = pattern_new(SIZE, 8);
    g_autofree char *path = image_new("prom-env", data, SIZE);
    g_autofree char *drive = drive_option(path);
    g_autofree char *options = g_strdup_printf(
        "%s -prom-env one=1 -prom-env two=2 -S", drive);
    Guest guest = guest_start(options);

    check_formatted(guest.model, SIZE, vars);
    image_check(path, data, SIZE);
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'cont' }");
    image_check(path, guest.model, SIZE);
    guest_stop(&guest);
    unlink(path);
}

/* A drive that doesn't take it: the guest is told, and keeps what it had */
static void test_drive_error(void)
{
    g_autofree uint8_t *data = pattern_new(SIZE, 4);
    g_autofree char *path = image_new("broken", data, SIZE);
    g_autofree char *options = g_strdup_printf(
        "-drive if=pflash,driver=raw,file.driver=blkdebug,"
        "file.image.driver=file,file.image.filename=%s,"
        "file.inject-error.0.event=none,file.inject-error.0.iotype=write,"
        "file.inject-error.0.once=on", path);
    Guest guest = guest_start(options);

    check_refused_call(&guest, guest.store, 0, BUF, 1000, RTAS_OUT_HW_ERROR);
    g_assert_cmpmem(guest.model, SIZE, data, SIZE);
    check_contents(&guest);
    image_check(path, data, SIZE);
    store(&guest, 100, data, 1000);
    check_contents(&guest);
    image_check(path, guest.model, SIZE);
    guest_stop(&guest);
    unlink(path);
}

static void check_drive_refused(size_t size, const char *more, const char *why)
{
    g_autofree char *path = image_new("refused", NULL, size);
    g_autofree char *drive = drive_option(path);
    g_autofree char *options = g_strdup_printf("%s%s", drive, more);

    spapr_qtest_refused(options, "-drive if=pflash", why);
    unlink(path);
}

static void test_bad_drive(void)
{
    check_drive_refused(0, "", "size");
    check_drive_refused(MIN_SIZE - 512, "", "size");
    check_drive_refused(MAX_SIZE + 512, "", "size");
    check_drive_refused(SIZE, ",readonly=on", "read-only");
    spapr_qtest_refused("-drive if=pflash", "-drive if=pflash", "size");
}

/* RTAS calls don't say which, so there is one */
static void test_second(void)
{
    g_autofree char *path = image_new("second", NULL, SIZE);
    g_autofree char *options = g_strdup_printf(
        "-drive if=none,id=d0,format=raw,file=%s -device spapr-nvram,drive=d0",
        path);
    QTestState *qts;

    spapr_qtest_refused("-device spapr-nvram", "-device spapr-nvram", "-drive");
    spapr_qtest_refused("-device spapr-nvram,reg=0x71000000",
                        "-device spapr-nvram", "-drive");
    spapr_qtest_refused("-device spapr-nvram,reg=0x70000000",
                        "-device spapr-nvram", "already");
    spapr_qtest_refused(options, "-device spapr-nvram", "-drive");
    spapr_qtest_refused("-drive if=pflash,index=1,driver=null-co,size=64k",
                        "-drive", "unit=1");
    unlink(path);

    qts = qtest_init(BOARD);
    qobject_unref(qtest_qmp_assert_failure_ref(
        qts, "{ 'execute': 'device_add',"
             "  'arguments': { 'driver': 'spapr-nvram' } }"));
    qtest_quit(qts);
}

/* Save a machine in a file, and end it */
static void guest_save(Guest *guest, const char *uri)
{
    qtest_qmp_assert_success(guest->qts, "{ 'execute': 'migrate',"
                             "  'arguments': { 'uri': %s } }", uri);
    spapr_qtest_await_migration(guest->qts, "completed");
    qtest_quit(guest->qts);
    guest->qts = NULL;
}

/* Go on with another machine, which has been told not to run yet */
static void guest_load(Guest *guest, const char *options, const char *uri)
{
    guest->qts = qtest_initf(BOARD "-S -incoming defer %s", options);
    qtest_qmp_assert_success(guest->qts, "{ 'execute': 'migrate-incoming',"
                             "  'arguments': { 'uri': %s } }", uri);
    spapr_qtest_await_migration(guest->qts, "completed");
}

static void guest_continue(Guest *guest)
{
    qtest_qmp_assert_success(guest->qts, "{ 'execute': 'cont' }");
}

static void test_migration(void)
{
    g_autofree char *state = tmp_path("state");
    g_autofree char *uri = g_strdup_printf("file:%s", state);
    g_autofree uint8_t *data = pattern_new(SIZE, 11);
    Guest guest = guest_start("-prom-env here=1");

    store(&guest, 0, data, SIZE);
    guest_save(&guest, uri);
    guest_load(&guest, "-prom-env there=1", uri);
    check_contents(&guest);
    guest_continue(&guest);
    check_contents(&guest);
    store(&guest, 7, data, 100);
    check_contents(&guest);
    guest_stop(&guest);
    unlink(state);
}

/* The target has a drive of its own, which gets the contents when it runs */
static void test_migration_drive(void)
{
    g_autofree char *state = tmp_path("state");
    g_autofree char *uri = g_strdup_printf("exec:cat > %s", state);
    g_autofree char *uri_in = g_strdup_printf("exec:cat %s", state);
    g_autofree uint8_t *before = pattern_new(SIZE, 20);
    g_autofree uint8_t *data = pattern_new(SIZE, 21);
    g_autofree char *from = image_new("from", NULL, SIZE);
    g_autofree char *to = image_new("to", before, SIZE);
    g_autofree char *drive = drive_option(to);
    Guest guest = guest_start_drive(from);

    store(&guest, 0, data, SIZE);
    guest_save(&guest, uri);
    image_check(from, data, SIZE);

    guest_load(&guest, drive, uri_in);
    check_contents(&guest);
    image_check(to, before, SIZE);
    guest_continue(&guest);
    image_check(to, data, SIZE);
    check_contents(&guest);
    store(&guest, 1000, before, 1000);
    image_check(to, guest.model, SIZE);
    guest_stop(&guest);
    image_check(from, data, SIZE);

    unlink(from);
    unlink(to);
    unlink(state);
}

/* Both ends have the same drive, as on shared storage, and both are alive */
static void test_migration_shared(void)
{
    g_autofree char *state = tmp_path("state");
    g_autofree char *uri = g_strdup_printf("file:%s", state);
    g_autofree uint8_t *data = pattern_new(SIZE, 31);
    g_autofree char *path = image_new("shared", NULL, SIZE);
    g_autofree char *drive = drive_option(path);
    Guest source = guest_start_drive(path);
    Guest target = source;

    target.qts = qtest_initf(BOARD "-incoming defer %s", drive);
    store(&source, 0, data, SIZE);
    qtest_qmp_assert_success(source.qts, "{ 'execute': 'migrate',"
                             "  'arguments': { 'uri': %s } }", uri);
    spapr_qtest_await_migration(source.qts, "completed");
    qtest_qmp_assert_success(target.qts, "{ 'execute': 'migrate-incoming',"
                             "  'arguments': { 'uri': %s } }", uri);
    qtest_qmp_eventwait(target.qts, "RESUME");
    check_contents(&target);
    image_check(path, data, SIZE);
    store(&target, 10, data, 10);
    image_check(path, target.model, SIZE);
    qtest_quit(source.qts);
    image_check(path, target.model, SIZE);
    guest_stop(&target);
    unlink(path);
    unlink(state);
}

/* A target whose drive is of another size says so */
static void test_migration_size(void)
{
    g_autofree char *state = tmp_path("state");
    g_autofree char *uri = g_strdup_printf("file:%s", state);
    g_autofree char *path = image_new("other", NULL, MIN_SIZE);
    g_autofree char *drive = drive_option(path);
    g_autofree char *options = g_strdup_printf("-m 256 %s -incoming %s",
                                               drive, uri);
    g_autofree char *errors = NULL;
    g_autofree uint8_t *zeroes = g_malloc0(MIN_SIZE);
    Guest guest = guest_start("");

    guest_save(&guest, uri);
    g_free(guest.model);
    errors = spapr_qtest_fail(options);
    g_assert_nonnull(strstr(errors, "the NVRAM's size differs"));
    image_check(path, zeroes, MIN_SIZE);
    unlink(path);
    unlink(state);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int ret;

    g_test_init(&argc, &argv, NULL);
    tmp_dir = g_dir_make_tmp("spapr-nvram-XXXXXX", &error);
    g_assert_no_error(error);

    qtest_add_func("spapr-nvram/borders", test_borders);
    qtest_add_func("spapr-nvram/out-of-range", test_out_of_range);
    qtest_add_func("spapr-nvram/bad-buffer", test_bad_buffer);
    qtest_add_func("spapr-nvram/reset", test_reset);
    qtest_add_func("spapr-nvram/node", test_node);
    qtest_add_func("spapr-nvram/contents/default", test_default);
    qtest_add_func("spapr-nvram/contents/prom-env", test_prom_env);
    qtest_add_func("spapr-nvram/contents/prom-env-full", test_prom_env_full);
    qtest_add_func("spapr-nvram/drive/contents", test_drive);
    qtest_add_func("spapr-nvram/drive/global", test_global_drive);
    qtest_add_func("spapr-nvram/drive/prom-env", test_drive_prom_env);
    qtest_add_func("spapr-nvram/drive/error", test_drive_error);
    qtest_add_func("spapr-nvram/drive/bad", test_bad_drive);
    qtest_add_func("spapr-nvram/second", test_second);
    qtest_add_func("spapr-nvram/migration/no-drive", test_migration);
    qtest_add_func("spapr-nvram/migration/drive", test_migration_drive);
    qtest_add_func("spapr-nvram/migration/shared", test_migration_shared);
    qtest_add_func("spapr-nvram/migration/size", test_migration_size);
    ret = g_test_run();

    rmdir(tmp_dir);
    g_free(tmp_dir);
    return ret;
}
