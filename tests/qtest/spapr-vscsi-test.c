/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest of the sPAPR board: virtual SCSI
 *
 * LoPAR, app. "A Protocol for VSCSI Communications". Disks are files, with
 * which what the guest has read and written is compared. One of the disks takes
 * minutes for each request, so that they are in flight for as long as a test
 * wants it.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/scsi/spapr_srp.h"
#include "qobject/qdict.h"
#include "scsi/constants.h"
#include "spapr-guest.h"
#include "spapr-vio-qtest.h"

#define DISK_SIZE       (4 * MiB)
#define BLOCK           512

/* Guest memory: queue, information units, descriptor tables, data */
#define QUEUE           (32 * MiB)
#define IUS             (34 * MiB)
#define TABLE           (36 * MiB)
#define BUFFER          (64 * MiB)
#define BUFFER_SIZE     (4 * MiB)

/* Their I/O addresses are others */
#define QUEUE_IOBA      0x100000
#define IU_IOBA         0x200000
#define TABLE_IOBA      0x400000
#define BUFFER_IOBA     0x800000
#define NOTHING_IOBA    0x4000000

#define IU_SIZE         256
#define SLOTS           256
#define LIMIT           240
#define MAX_TRANSFER    (2 * MiB)

#define INIT            (0xc001ULL << 48)
#define INIT_COMPLETE   (0xc002ULL << 48)
#define CLOSED          (0xff02ULL << 48)
#define PING            (0x8006ULL << 48 | (uint64_t)VSCSI_INLINE_PING << 32)
#define PONG            (0x8006ULL << 48 |                              \
                         (uint64_t)VSCSI_INLINE_PING_RESPONSE << 32)

#define LUN(bus, target, unit)                                          \
    ((uint64_t)(VSCSI_LUN_METHOD | (target) << VSCSI_LUN_TARGET_SHIFT | \
                (bus) << VSCSI_LUN_BUS_SHIFT | (unit)) << 48)
#define DISK            LUN(0, 0, 0)    /* an ordinary one */
#define SLOW            LUN(0, 2, 3)    /* as slow as can be */
#define ABSENT          LUN(3, 5, 1)
#define REPORT_UNIT     ((uint64_t)VSCSI_LUN_REPORT_LUNS << 48)

#define SENSE(key, asc, ascq)   ((key) << 16 | (asc) << 8 | (ascq))
#define NO_UNIT         SENSE(5, 0x25, 0)
#define BAD_FIELD       SENSE(5, 0x24, 0)
#define BAD_OPCODE      SENSE(5, 0x20, 0)
#define BAD_LBA         SENSE(5, 0x21, 0)
#define BAD_MEMORY      SENSE(0xb, 0, 6)
#define RESET           SENSE(6, 0x29, 0)
#define LUNS_CHANGED    SENSE(6, 0x3f, 0xe)

#define SECOND          (1000 * 1000 * 1000LL)

static char *tmp_dir;

typedef struct Vscsi {
    VioDev dev;
    QTestState *qts;
    char *disk;             /* images */
    char *slow;
    uint8_t *want;          /* contents of @disk */
} Vscsi;

/* An information unit; its place is its tag, more or less */
typedef struct Iu {
    uint8_t data[IU_SIZE];
    unsigned len;
    unsigned slot;
} Iu;

typedef struct Rsp {
    uint8_t data[IU_SIZE];
    uint8_t format;
    uint8_t crq_status;
    uint16_t len;
    uint64_t tag;
} Rsp;

#define TAG(slot)       (0xdead000000000000 + (slot))

/*
 * The machine
 */

static char *image_new(const char *name, uint8_t **contents)
{
    char *path = g_build_filename(tmp_dir, name, NULL);
    uint8_t *data = g_malloc(DISK_SIZE);
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < DISK_SIZE / 4; i++) {
        stl_be_p(data + 4 * i, i * 2654435761u);
    }
    g_file_set_contents(path, (char *)data, DISK_SIZE, &error);
    g_assert_no_error(error);
    if (contents) {
        *contents = data;
    } else {
        g_free(data);
    }
    return path;
}

static char *machine_options(const Vscsi *v, const char *more)
{
    return g_strdup_printf(
        "-machine pseries -nodefaults -m 256 -device spapr-vscsi,id=vscsi "
        "-blockdev raw,node-name=disk,file.driver=file,file.filename=%s "
        "-device scsi-hd,bus=vscsi.0,id=disk0,drive=disk,channel=0,scsi-id=0,"
        "lun=0,serial=one "
        "-drive if=none,id=slow,format=raw,file=%s,throttling.bps-total=1 "
        "-device scsi-hd,bus=vscsi.0,id=slow0,drive=slow,channel=0,scsi-id=2,"
        "lun=3,serial=two %s", v->disk, v->slow, more);
}

static void map_memory(Vscsi *v)
{
    vio_map(&v->dev, IU_IOBA, IUS, SLOTS * IU_SIZE, TCE_RW);
    vio_map(&v->dev, TABLE_IOBA, TABLE, 16 * KiB, TCE_RW);
    vio_map(&v->dev, BUFFER_IOBA, BUFFER, BUFFER_SIZE, TCE_RW);
}

static Vscsi *start(const char *more)
{
    Vscsi *v = g_new0(Vscsi, 1);
    g_autofree char *options = NULL;

    v->disk = image_new("disk", &v->want);
    v->slow = image_new("slow", NULL);
    options = machine_options(v, more);
    v->qts = qtest_init(options);
    v->dev = vio_find(v->qts, "v-scsi", 0);
    map_memory(v);
    return v;
}

/* What is on the disk now; the machine writes through to the file */
static void check_disk(Vscsi *v)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize len;

    g_file_get_contents(v->disk, &data, &len, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(len, ==, DISK_SIZE);
    for (unsigned i = 0; i < DISK_SIZE; i += BLOCK) {
        g_assert_cmpmem(data + i, BLOCK, v->want + i, BLOCK);
    }
}

/* The machine has ended already */
static void discard(Vscsi *v)
{
    check_disk(v);
    unlink(v->disk);
    unlink(v->slow);
    g_free(v->disk);
    g_free(v->slow);
    g_free(v->want);
    g_free(v);
}

static void stop(Vscsi *v)
{
    qtest_quit(v->qts);
    discard(v);
}

/* Go on in another machine, from what is in the file */
static void resume(Vscsi *v, const char *path, const char *more)
{
    g_autofree char *incoming = g_strdup_printf("%s -incoming defer", more);
    g_autofree char *options = machine_options(v, incoming);

    v->qts = qtest_init(options);
    v->dev.qts = v->qts;
    spapr_qtest_load(v->qts, path);
    unlink(path);
}

static void migrate(Vscsi *v, const char *more)
{
    g_autofree char *path = spapr_qtest_save(v->qts);

    resume(v, path, more);
}

/*
 * Messages
 */

static uint64_t message(uint8_t header, uint8_t format, uint16_t len)
{
    return (uint64_t)header << 56 | (uint64_t)format << 48 | len;
}

static void put_iu(Vscsi *v, const Iu *iu)
{
    qtest_memwrite(v->qts, IUS + iu->slot * IU_SIZE, iu->data, IU_SIZE);
}

static void send_iu(Vscsi *v, uint8_t format, const Iu *iu)
{
    put_iu(v, iu);
    g_assert_cmpint(vio_crq_send(&v->dev, message(0x80, format, iu->len),
                                 IU_IOBA + iu->slot * IU_SIZE),
                    ==, H_SUCCESS);
}

static void send_srp(Vscsi *v, const Iu *iu)
{
    send_iu(v, VSCSI_FORMAT_SRP, iu);
}

/* The next message must be an answer, to whatever */
static Rsp take(Vscsi *v)
{
    Rsp rsp;
    uint64_t high;

    vio_crq_wait(&v->dev, &high, &rsp.tag);
    g_assert_cmphex(high >> 56, ==, 0x80);
    rsp.format = high >> 48;
    rsp.crq_status = high >> 32;
    rsp.len = high;
    g_assert_cmphex(rsp.tag - TAG(0), <, SLOTS);
    qtest_memread(v->qts, IUS + (rsp.tag - TAG(0)) * IU_SIZE, rsp.data,
                  IU_SIZE);
    return rsp;
}

static Rsp run(Vscsi *v, uint8_t format, const Iu *iu)
{
    Rsp rsp;

    send_iu(v, format, iu);
    rsp = take(v);
    g_assert_cmphex(rsp.tag, ==, TAG(iu->slot));
    g_assert_cmphex(rsp.format, ==, format);
    return rsp;
}

static void expect_none(Vscsi *v)
{
    /* What the main loop has still to do is done before it answers */
    for (int i = 0; i < 20; i++) {
        qobject_unref(qtest_qmp(v->qts, "{ 'execute': 'query-status' }"));
        vio_crq_expect_none(&v->dev);
        g_usleep(1000);
    }
}

static void iu_init(Iu *iu, unsigned slot, uint8_t opcode, unsigned len)
{
    *iu = (Iu) { .slot = slot, .len = len };
    iu->data[SRP_OFS_OPCODE] = opcode;
    stq_be_p(iu->data + SRP_OFS_TAG, TAG(slot));
}

static Iu login_iu(void)
{
    Iu iu;

    iu_init(&iu, 0, SRP_LOGIN_REQ, SRP_LOGIN_LEN);
    stl_be_p(iu.data + SRP_LOGIN_OFS_IU_LEN, IU_SIZE);
    stw_be_p(iu.data + SRP_LOGIN_OFS_FORMATS, SRP_LOGIN_FORMAT_DIRECT |
             SRP_LOGIN_FORMAT_INDIRECT);
    return iu;
}

static void login(Vscsi *v)
{
    Iu iu = login_iu();
    Rsp rsp = run(v, VSCSI_FORMAT_SRP, &iu);

    g_assert_cmphex(rsp.data[SRP_OFS_OPCODE], ==, SRP_LOGIN_RSP);
}

static void connect_again(Vscsi *v)
{
    vio_crq_open(&v->dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    login(v);
}

/*
 * Commands
 */

static Iu command(unsigned slot, uint64_t lun, const uint8_t *cdb, size_t len)
{
    Iu iu;

    iu_init(&iu, slot, SRP_CMD, SRP_CMD_LEN);
    stq_be_p(iu.data + SRP_CMD_OFS_LUN, lun);
    memcpy(iu.data + SRP_CMD_OFS_CDB, cdb, len);
    return iu;
}

#define COMMAND(slot, lun, ...)                                         \
    command(slot, lun, (const uint8_t[]) { __VA_ARGS__ },               \
            sizeof((const uint8_t[]) { __VA_ARGS__ }))

static void add_desc(Iu *iu, uint64_t addr, uint32_t len)
{
    uint8_t *desc = iu->data + iu->len;

    stq_be_p(desc + SRP_DESC_OFS_ADDR, addr);
    stl_be_p(desc + SRP_DESC_OFS_LEN, len);
    iu->len += SRP_DESC_LEN;
}

static void add_format(Iu *iu, bool out, unsigned format, unsigned count)
{
    iu->data[SRP_CMD_OFS_BUF_FORMATS] |= format << (out ? 4 : 0);
    iu->data[out ? SRP_CMD_OFS_OUT_COUNT : SRP_CMD_OFS_IN_COUNT] = count;
}

static void add_direct(Iu *iu, bool out, uint64_t addr, uint32_t len)
{
    add_format(iu, out, SRP_BUF_DIRECT, 1);
    add_desc(iu, addr, len);
}

/* The beginning of an indirect one, whose table is at @table */
static void add_table(Iu *iu, bool out, uint64_t table, uint32_t table_len,
                      uint32_t total, unsigned count)
{
    add_format(iu, out, SRP_BUF_INDIRECT, count);
    add_desc(iu, table, table_len);
    stl_be_p(iu->data + iu->len, total);
    iu->len += 4;
}

static Iu transfer(unsigned slot, uint64_t lun, bool out, uint32_t block,
                   uint16_t blocks)
{
    Iu iu = COMMAND(slot, lun, out ? WRITE_10 : READ_10);

    stl_be_p(iu.data + SRP_CMD_OFS_CDB + 2, block);
    stw_be_p(iu.data + SRP_CMD_OFS_CDB + 7, blocks);
    return iu;
}

/* With one buffer, at @offset */
static Iu transfer_at(unsigned slot, uint64_t lun, bool out, uint32_t block,
                      uint16_t blocks, uint32_t offset)
{
    Iu iu = transfer(slot, lun, out, block, blocks);

    add_direct(&iu, out, BUFFER_IOBA + offset, blocks * BLOCK);
    return iu;
}

static void check_good(const Rsp *rsp)
{
    g_assert_cmphex(rsp->format, ==, VSCSI_FORMAT_SRP);
    g_assert_cmphex(rsp->crq_status, ==, VSCSI_STATUS_OK);
    g_assert_cmpuint(rsp->len, ==, SRP_RSP_LEN);
    g_assert_cmphex(rsp->data[SRP_OFS_OPCODE], ==, SRP_RSP);
    g_assert_cmphex(ldq_be_p(rsp->data + SRP_OFS_TAG), ==, rsp->tag);
    g_assert_cmpuint(ldl_be_p(rsp->data + SRP_RSP_OFS_LIMIT_DELTA), ==, 1);
    g_assert_cmphex(rsp->data[SRP_RSP_OFS_STATUS], ==, GOOD);
    g_assert_cmphex(rsp->data[SRP_RSP_OFS_FLAGS] &
                    (SRP_RSP_DATA_VALID | SRP_RSP_SENSE_VALID), ==, 0);
}

/* The same, and all that there was to be moved was moved */
static void check_all(const Rsp *rsp)
{
    check_good(rsp);
    g_assert_cmphex(rsp->data[SRP_RSP_OFS_FLAGS], ==, 0);
}

static void check_residual(const Rsp *rsp, uint8_t flag, uint32_t bytes)
{
    bool out = flag & (SRP_RSP_OUT_OVER | SRP_RSP_OUT_UNDER);

    g_assert_cmphex(rsp->data[SRP_RSP_OFS_FLAGS] & flag, ==, flag);
    g_assert_cmpuint(ldl_be_p(rsp->data + (out ? SRP_RSP_OFS_OUT_RESIDUAL :
                                           SRP_RSP_OFS_IN_RESIDUAL)),
                     ==, bytes);
}

static void check_sense(const Rsp *rsp, uint8_t crq_status, uint32_t sense)
{
    const uint8_t *data = rsp->data + SRP_RSP_LEN;

    g_assert_cmphex(rsp->crq_status, ==, crq_status);
    g_assert_cmphex(rsp->data[SRP_OFS_OPCODE], ==, SRP_RSP);
    g_assert_cmphex(rsp->data[SRP_RSP_OFS_STATUS], ==, CHECK_CONDITION);
    g_assert_cmphex(rsp->data[SRP_RSP_OFS_FLAGS] & SRP_RSP_SENSE_VALID, !=, 0);
    g_assert_cmpuint(ldl_be_p(rsp->data + SRP_RSP_OFS_SENSE_LEN), ==, 18);
    g_assert_cmpuint(rsp->len, ==, SRP_RSP_LEN + 18);
    g_assert_cmphex(SENSE(data[2], data[12], data[13]), ==, sense);
}

static void check_code(const Rsp *rsp, uint8_t crq_status, uint8_t code)
{
    g_assert_cmphex(rsp->crq_status, ==, crq_status);
    g_assert_cmpuint(rsp->len, ==, SRP_RSP_LEN + SRP_RSP_DATA_LEN);
    g_assert_cmphex(rsp->data[SRP_OFS_OPCODE], ==, SRP_RSP);
    g_assert_cmphex(rsp->data[SRP_RSP_OFS_FLAGS], ==, SRP_RSP_DATA_VALID);
    g_assert_cmpuint(ldl_be_p(rsp->data + SRP_RSP_OFS_DATA_LEN), ==, 4);
    g_assert_cmphex(ldl_be_p(rsp->data + SRP_RSP_LEN), ==, code);
}

static Rsp run_srp(Vscsi *v, const Iu *iu)
{
    return run(v, VSCSI_FORMAT_SRP, iu);
}

/* A first command gets the unit attention of the reset */
static void clear_attention(Vscsi *v, uint64_t lun)
{
    Iu iu = COMMAND(0, lun, TEST_UNIT_READY);
    Rsp rsp = run_srp(v, &iu);

    check_sense(&rsp, VSCSI_STATUS_OK, RESET);
    rsp = run_srp(v, &iu);
    check_all(&rsp);
}

/* With a session, and disks that are ready */
static Vscsi *start_session(const char *more)
{
    Vscsi *v = start(more);

    connect_again(v);
    clear_attention(v, DISK);
    clear_attention(v, SLOW);
    return v;
}

/* The session works: a block is as it should be */
static void check_session(Vscsi *v)
{
    uint8_t data[BLOCK];
    Iu iu = transfer_at(7, DISK, false, 77, 1, MiB);
    Rsp rsp = run_srp(v, &iu);

    check_all(&rsp);
    qtest_memread(v->qts, BUFFER + MiB, data, sizeof(data));
    g_assert_cmpmem(data, BLOCK, v->want + 77 * BLOCK, BLOCK);
}

static void set_speed(Vscsi *v, unsigned bps)
{
    qtest_qmp_assert_success(
        v->qts, "{ 'execute': 'block_set_io_throttle', 'arguments': { 'id': "
        "'slow0', 'bps': %u, 'bps_rd': 0, 'bps_wr': 0, 'iops': 0, "
        "'iops_rd': 0, 'iops_wr': 0 } }", bps);
}

/* Have what is in flight be done */
static void release(Vscsi *v)
{
    set_speed(v, 0);
}

/*
 * Have requests in flight: slots from @first on read the slow disk. What comes
 * first goes through at once, and makes all others wait.
 */
static void fill_slow(Vscsi *v, unsigned first, unsigned n)
{
    Iu iu = transfer_at(first, SLOW, false, 0, 1, 0);
    Rsp rsp;

    set_speed(v, 1);
    rsp = run_srp(v, &iu);
    check_all(&rsp);
    for (unsigned i = 0; i < n; i++) {
        iu = transfer_at(first + i, SLOW, false, i, 1, i * BLOCK);
        send_srp(v, &iu);
    }
    expect_none(v);
}

/*
 * The connection
 */

static void test_login(void)
{
    Vscsi *v = start("");
    Iu iu = login_iu();
    Rsp rsp;

    vio_crq_open(&v->dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    rsp = run_srp(v, &iu);
    g_assert_cmphex(rsp.crq_status, ==, VSCSI_STATUS_OK);
    g_assert_cmpuint(rsp.len, ==, SRP_LOGIN_RSP_LEN);
    g_assert_cmphex(rsp.data[SRP_OFS_OPCODE], ==, SRP_LOGIN_RSP);
    g_assert_cmphex(ldq_be_p(rsp.data + SRP_OFS_TAG), ==, TAG(0));
    g_assert_cmpuint(ldl_be_p(rsp.data + SRP_LOGIN_RSP_OFS_LIMIT), ==, LIMIT);
    g_assert_cmpuint(ldl_be_p(rsp.data + SRP_LOGIN_RSP_OFS_MAX_IT), ==,
                     IU_SIZE);
    g_assert_cmpuint(ldl_be_p(rsp.data + SRP_LOGIN_RSP_OFS_MAX_TI), ==,
                     IU_SIZE);
    g_assert_cmphex(lduw_be_p(rsp.data + SRP_LOGIN_RSP_OFS_FORMATS), ==,
                    SRP_LOGIN_FORMAT_DIRECT | SRP_LOGIN_FORMAT_INDIRECT);
    stop(v);
}

static void test_login_refused(void)
{
    static const struct {
        uint32_t len;
        uint16_t formats;
        uint8_t flags;
        uint32_t reason;
    } bad[] = {
        { IU_SIZE + 1, 6, 0, SRP_LOGIN_REJ_IU_TOO_LARGE },
        { UINT32_MAX, 6, 0, SRP_LOGIN_REJ_IU_TOO_LARGE },
        { SRP_LOGIN_MIN_IU_LEN - 1, 6, 0, SRP_LOGIN_REJ_CHANNEL },
        { 0, 6, 0, SRP_LOGIN_REJ_CHANNEL },
        { IU_SIZE, 6, 1, SRP_LOGIN_REJ_MULTICHANNEL },
        { IU_SIZE, 0, 0, SRP_LOGIN_REJ_FORMATS },
        { IU_SIZE, 8, 0, SRP_LOGIN_REJ_FORMATS },
        { IU_SIZE, 0xffff, 0, SRP_LOGIN_REJ_FORMATS },
    };
    Vscsi *v = start("");

    vio_crq_open(&v->dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        Iu iu = login_iu();
        Rsp rsp;

        stl_be_p(iu.data + SRP_LOGIN_OFS_IU_LEN, bad[i].len);
        stw_be_p(iu.data + SRP_LOGIN_OFS_FORMATS, bad[i].formats);
        iu.data[SRP_LOGIN_OFS_FLAGS] = bad[i].flags;
        rsp = run_srp(v, &iu);
        g_assert_cmpuint(rsp.len, ==, SRP_LOGIN_REJ_LEN);
        g_assert_cmphex(rsp.data[SRP_OFS_OPCODE], ==, SRP_LOGIN_REJ);
        g_assert_cmphex(ldl_be_p(rsp.data + SRP_LOGIN_REJ_OFS_REASON), ==,
                        bad[i].reason);
        g_assert_cmphex(lduw_be_p(rsp.data + SRP_LOGIN_REJ_OFS_FORMATS), ==, 6);
    }
    /* Which doesn't keep anybody from doing it right */
    login(v);
    clear_attention(v, DISK);
    check_session(v);
    stop(v);
}

/* The connection gets closed, and opened again some time later */
static void expect_closed(Vscsi *v)
{
    vio_crq_expect(&v->dev, CLOSED, 0);
    g_assert_cmpint(vio_crq_send(&v->dev, INIT, 0), ==, H_CLOSED);
    expect_none(v);
}

static void expect_reopened(Vscsi *v)
{
    qtest_clock_step(v->qts, SECOND);
    vio_crq_expect(&v->dev, INIT, 0);
    g_assert_cmpint(vio_crq_send(&v->dev, INIT_COMPLETE, 0), ==, H_SUCCESS);
}

typedef struct Violation {
    uint8_t header;
    uint8_t format;
    uint8_t opcode;
    uint16_t len;
    uint64_t ioba;          /* 0: a good one */
} Violation;

static void check_violation(Vscsi *v, const Violation *bad)
{
    Iu iu;

    iu_init(&iu, 1, bad->opcode, bad->len);
    put_iu(v, &iu);
    g_assert_cmpint(vio_crq_send(&v->dev, message(bad->header, bad->format,
                                                  bad->len),
                                 bad->ioba ?: IU_IOBA + IU_SIZE),
                    ==, H_SUCCESS);
    expect_closed(v);
}

static void test_violations(void)
{
    static const Violation always[] = {
        { 0x81, 1, SRP_LOGIN_REQ, SRP_LOGIN_LEN },
        { 0xfe, 1, SRP_LOGIN_REQ, SRP_LOGIN_LEN },
        { 0x80, 0, SRP_LOGIN_REQ, SRP_LOGIN_LEN },
        { 0x80, 3, SRP_LOGIN_REQ, SRP_LOGIN_LEN },
        { 0x80, 5, SRP_LOGIN_REQ, SRP_LOGIN_LEN },
        { 0x80, 7, SRP_LOGIN_REQ, SRP_LOGIN_LEN },
        { 0x80, 255, SRP_LOGIN_REQ, SRP_LOGIN_LEN },
        { 0x80, 1, SRP_LOGIN_REQ, 0 }, { 0x80, 1, SRP_LOGIN_REQ, 15 },
        { 0x80, 1, SRP_LOGIN_REQ, SRP_LOGIN_LEN - 1 },
        { 0x80, 1, SRP_LOGIN_REQ, IU_SIZE + 1 },
        { 0x80, 1, SRP_LOGIN_REQ, 0xffff },
        { 0x80, 1, SRP_LOGIN_REQ, SRP_LOGIN_LEN, NOTHING_IOBA },
        { 0x80, 1, SRP_LOGIN_REQ, SRP_LOGIN_LEN, 1ULL << 63 },
        { 0x80, 1, SRP_LOGIN_REQ, SRP_LOGIN_LEN, UINT64_MAX - 8 },
        { 0x80, 1, SRP_LOGIN_REQ, SRP_LOGIN_LEN, TABLE_IOBA + 16 * KiB - 8 },
        { 0x80, 2, 0, 15 }, { 0x80, 2, 0, IU_SIZE + 1 },
        { 0x80, 2, 0, MAD_LEN, NOTHING_IOBA },
        { 0x80, 1, 4, 64 }, { 0x80, 1, SRP_RSP, 64 },
        { 0x80, 1, SRP_T_LOGOUT, 64 },
        { 0x80, 1, SRP_CMD, SRP_CMD_LEN - 1 },
        { 0x80, 1, SRP_TSK_MGMT, SRP_TSK_LEN - 1 },
    };
    static const Violation before_login[] = {
        { 0x80, 1, SRP_CMD, SRP_CMD_LEN },
        { 0x80, 1, SRP_TSK_MGMT, SRP_TSK_LEN },
        { 0x80, 1, SRP_I_LOGOUT, SRP_LOGOUT_LEN },
    };
    static const Violation after_login[] = {
        { 0xc0, 1 }, { 0xc0, 2 }, { 0x80, 1, SRP_LOGIN_REQ, SRP_LOGIN_LEN },
    };
    Vscsi *v = start("");

    vio_crq_open(&v->dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    for (unsigned i = 0; i < ARRAY_SIZE(before_login); i++) {
        check_violation(v, &before_login[i]);
        expect_reopened(v);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(always); i++) {
        check_violation(v, &always[i]);
        expect_reopened(v);
        login(v);
        check_violation(v, &always[i]);
        expect_reopened(v);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(after_login); i++) {
        Iu iu;

        login(v);
        iu_init(&iu, 1, after_login[i].opcode, after_login[i].len);
        put_iu(v, &iu);
        g_assert_cmpint(vio_crq_send(&v->dev, message(after_login[i].header,
                                                      after_login[i].format,
                                                      after_login[i].len),
                                     IU_IOBA + IU_SIZE), ==, H_SUCCESS);
        /* The queue itself answers the one that begins anew */
        if (after_login[i].header == 0xc0 && after_login[i].format == 1) {
            vio_crq_expect(&v->dev, INIT_COMPLETE, 0);
        }
        expect_closed(v);
        expect_reopened(v);
    }
    login(v);
    clear_attention(v, DISK);
    check_session(v);
    stop(v);
}

/* Nothing goes before the initialization messages; a new queue is the cure */
static void test_not_connected(void)
{
    Vscsi *v = start("");
    const Violation bad = { 0x80, 2, 0, MAD_LEN };

    g_assert_cmpint(vio_crq_register(&v->dev, QUEUE_IOBA, QUEUE, TCE_PAGE), ==,
                    H_SUCCESS);
    check_violation(v, &bad);
    g_assert_cmpint(vio_crq_free(&v->dev), ==, H_SUCCESS);
    connect_again(v);
    clear_attention(v, DISK);
    check_session(v);
    stop(v);
}

static void test_ping(void)
{
    Vscsi *v = start("");
    const uint64_t high = 0x8006ULL << 48;

    vio_crq_open(&v->dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    g_assert_cmpint(vio_crq_send(&v->dev, PING, 0), ==, H_SUCCESS);
    vio_crq_expect(&v->dev, PONG, 0);
    /* Where the text of the message has it */
    g_assert_cmpint(vio_crq_send(&v->dev, high | 0xf5ULL << 40, 0), ==,
                    H_SUCCESS);
    vio_crq_expect(&v->dev, high | 0xf6ULL << 40, 0);
    g_assert_cmpint(vio_crq_send(&v->dev, high, 0), ==, H_SUCCESS);
    g_assert_cmpint(vio_crq_send(&v->dev, PONG, 0), ==, H_SUCCESS);
    expect_none(v);
    stop(v);
}

static void test_logout(void)
{
    Vscsi *v = start_session("");
    Iu iu;

    iu_init(&iu, 1, SRP_I_LOGOUT, SRP_LOGOUT_LEN);
    send_srp(v, &iu);
    expect_closed(v);
    expect_reopened(v);
    login(v);
    check_session(v);
    /* With commands in flight, it is over when they are */
    fill_slow(v, 10, 2);
    send_srp(v, &iu);
    expect_none(v);
    release(v);
    vio_crq_expect(&v->dev, CLOSED, 0);
    expect_reopened(v);
    login(v);
    check_session(v);
    stop(v);
}

/* SLOF sends commands without a login, but then it has no TCEs either */
static void test_firmware(void)
{
    Vscsi *v = start("");
    g_autofree void *fdt = spapr_qtest_fdt(v->qts);
    uint32_t token = spapr_qtest_rtas_token(fdt, "ibm,set-tce-bypass");
    const uint32_t args[] = { v->dev.unit, 1 };
    Iu iu = COMMAND(1, DISK, TEST_UNIT_READY);
    Rsp rsp;

    spapr_qtest_rtas(v->qts, VIO_RTAS_BUF, token, 2, args, 0, NULL);
    g_assert_cmpint(hcall(v->qts, H_REG_CRQ, v->dev.unit, QUEUE, TCE_PAGE), ==,
                    H_SUCCESS);
    v->dev.crq_addr = QUEUE;
    v->dev.crq_size = TCE_PAGE;
    g_assert_cmpint(vio_crq_send(&v->dev, INIT, 0), ==, H_SUCCESS);
    vio_crq_expect(&v->dev, INIT_COMPLETE, 0);
    for (int i = 0; i < 2; i++) {
        put_iu(v, &iu);
        g_assert_cmpint(vio_crq_send(&v->dev, message(0x80, 1, iu.len),
                                     IUS + IU_SIZE), ==, H_SUCCESS);
        rsp = take(v);
    }
    check_all(&rsp);
    stop(v);
}

/*
 * Datagrams
 */

static Iu mad(unsigned slot, uint32_t type, uint16_t length, uint64_t buffer)
{
    Iu iu = { .slot = slot, .len = 32 };

    stl_be_p(iu.data + MAD_OFS_TYPE, type);
    stw_be_p(iu.data + MAD_OFS_LENGTH, length);
    stq_be_p(iu.data + MAD_OFS_TAG, TAG(slot));
    stq_be_p(iu.data + MAD_OFS_BUFFER, buffer);
    return iu;
}

static void check_mad(Vscsi *v, const Iu *iu, uint16_t status)
{
    Rsp rsp = run(v, VSCSI_FORMAT_MAD, iu);

    g_assert_cmphex(rsp.crq_status, ==, VSCSI_STATUS_OK);
    g_assert_cmpuint(rsp.len, ==, iu->len);
    g_assert_cmphex(lduw_be_p(rsp.data + MAD_OFS_STATUS), ==, status);
    stw_be_p(rsp.data + MAD_OFS_STATUS, lduw_be_p(iu->data + MAD_OFS_STATUS));
    g_assert_cmpmem(rsp.data, IU_SIZE, iu->data, IU_SIZE);
}

static Vscsi *start_connected(void)
{
    Vscsi *v = start("");

    vio_crq_open(&v->dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    return v;
}

static void test_mad_types(void)
{
    static const uint8_t types[] = {
        MAD_EMPTY_IU, MAD_ERROR_LOG, MAD_ADAPTER_INFO, MAD_CAPABILITIES,
        MAD_PHYS_ADAPTER_INFO,
    };
    Vscsi *v = start_connected();
    Iu iu;

    for (uint32_t type = 0; type < 16; type++) {
        if (type == 0 || type == 4 || type > MAD_FAST_FAIL) {
            iu = mad(1, type, 32, BUFFER_IOBA);
            check_mad(v, &iu, MAD_STATUS_NOT_SUPPORTED);
        }
    }
    iu = mad(1, UINT32_MAX, 32, BUFFER_IOBA);
    check_mad(v, &iu, MAD_STATUS_NOT_SUPPORTED);
    /* Too short for their buffer; then one that isn't there */
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        iu = mad(1, types[i], 148, BUFFER_IOBA);
        iu.len = MAD_BUFFER_LEN - 1;
        check_mad(v, &iu, MAD_STATUS_FAILED);
        if (types[i] != MAD_EMPTY_IU) {
            iu = mad(1, types[i], 148, NOTHING_IOBA);
            check_mad(v, &iu, MAD_STATUS_FAILED);
            iu = mad(1, types[i], 148, UINT64_MAX - 3);
            check_mad(v, &iu, MAD_STATUS_FAILED);
        }
    }
    iu = mad(1, MAD_FAST_FAIL, MAD_LEN, 0);
    iu.len = MAD_LEN;
    check_mad(v, &iu, MAD_STATUS_SUCCESS);
    iu = mad(1, MAD_PHYS_ADAPTER_INFO, 528, BUFFER_IOBA);
    check_mad(v, &iu, MAD_STATUS_FAILED);
    iu = mad(1, MAD_TAPE_PASSTHROUGH, MAD_TAPE_LEN, DISK);
    stl_be_p(iu.data + MAD_TAPE_OFS_VERSION, MAD_TAPE_VERSION);
    stl_be_p(iu.data + MAD_TAPE_OFS_ENABLE, MAD_TAPE_ENABLE);
    check_mad(v, &iu, MAD_STATUS_FAILED);
    stop(v);
}

static void test_mad_adapter_info(void)
{
    Vscsi *v = start_connected();
    Iu iu = mad(1, MAD_ADAPTER_INFO, MAD_INFO_LEN, BUFFER_IOBA);
    uint8_t info[MAD_INFO_LEN];

    qtest_memset(v->qts, BUFFER, 0xa5, TCE_PAGE);
    check_mad(v, &iu, MAD_STATUS_SUCCESS);
    qtest_memread(v->qts, BUFFER, info, sizeof(info));
    g_assert_cmpstr((char *)info + MAD_INFO_OFS_SRP_VERSION, ==, "16.a");
    g_assert_cmpstr((char *)info + MAD_INFO_OFS_NAME, ==, "QEMU");
    g_assert_cmpuint(ldl_be_p(info + MAD_INFO_OFS_MAD_VERSION), ==, 1);
    g_assert_cmpuint(ldl_be_p(info + MAD_INFO_OFS_OS), ==, MAD_INFO_OS_AIX);
    g_assert_cmpuint(ldl_be_p(info + MAD_INFO_OFS_MAX_TXU), ==, MAX_TRANSFER);
    spapr_qtest_untouched(v->qts, BUFFER + MAD_INFO_LEN,
                          TCE_PAGE - MAD_INFO_LEN);
    /* No more than it has room for */
    iu = mad(1, MAD_ADAPTER_INFO, MAD_INFO_MIN_LEN, BUFFER_IOBA + 2048);
    check_mad(v, &iu, MAD_STATUS_SUCCESS);
    spapr_qtest_untouched(v->qts, BUFFER + 2048 + MAD_INFO_MIN_LEN, 1024);
    iu = mad(1, MAD_ADAPTER_INFO, MAD_INFO_MIN_LEN - 1, BUFFER_IOBA);
    check_mad(v, &iu, MAD_STATUS_FAILED);
    stop(v);
}

static void put_capability(uint8_t *cap, uint32_t type, uint16_t len,
                           uint32_t data)
{
    stl_be_p(cap + MAD_CAP_OFS_TYPE, type);
    stw_be_p(cap + MAD_CAP_OFS_LENGTH, len);
    stw_be_p(cap + MAD_CAP_OFS_SUPPORT, 1);
    stl_be_p(cap + MAD_CAP_OFS_DATA, data);
}

static void test_mad_capabilities(void)
{
    const uint16_t len = MAD_CAPS_OFS_LIST + 3 * MAD_CAP_LEN;
    Vscsi *v = start_connected();
    Iu iu = mad(1, MAD_CAPABILITIES, len - MAD_CAP_LEN, BUFFER_IOBA);
    uint8_t caps[MAD_CAPS_OFS_LIST + 3 * MAD_CAP_LEN] = { };
    uint8_t *first = caps + MAD_CAPS_OFS_LIST;

    /* As Linux has it */
    stl_be_p(caps + MAD_CAPS_OFS_FLAGS, MAD_CAPS_LIST_SUPPORTED | 1);
    put_capability(first, MAD_CAP_MIGRATION, MAD_CAP_LEN, 1);
    put_capability(first + MAD_CAP_LEN, MAD_CAP_RESERVATION, MAD_CAP_LEN, 1);
    qtest_memwrite(v->qts, BUFFER, caps, sizeof(caps));
    check_mad(v, &iu, MAD_STATUS_SUCCESS);
    qtest_memread(v->qts, BUFFER, caps, sizeof(caps));
    g_assert_cmphex(ldl_be_p(caps + MAD_CAPS_OFS_FLAGS), ==,
                    MAD_CAPS_LIST_SUPPORTED | 1);
    g_assert_cmphex(lduw_be_p(first + MAD_CAP_OFS_SUPPORT), ==,
                    MAD_CAP_SUPPORTED);
    g_assert_cmphex(lduw_be_p(first + MAD_CAP_LEN + MAD_CAP_OFS_SUPPORT), ==,
                    MAD_CAP_SUPPORTED);

    /* Another level, and something that nobody knows */
    put_capability(first, MAD_CAP_MIGRATION, MAD_CAP_LEN, 2);
    put_capability(first + 2 * MAD_CAP_LEN, 3, MAD_CAP_LEN, 1);
    qtest_memwrite(v->qts, BUFFER, caps, sizeof(caps));
    iu = mad(1, MAD_CAPABILITIES, len, BUFFER_IOBA);
    check_mad(v, &iu, MAD_STATUS_SUCCESS);
    qtest_memread(v->qts, BUFFER, caps, sizeof(caps));
    g_assert_cmphex(ldl_be_p(caps + MAD_CAPS_OFS_FLAGS), ==,
                    MAD_CAPS_LIST_DATA | 1);
    g_assert_cmphex(lduw_be_p(first + MAD_CAP_OFS_SUPPORT), ==, MAD_CAP_DATA);
    g_assert_cmpuint(ldl_be_p(first + MAD_CAP_OFS_DATA), ==, 1);
    g_assert_cmphex(lduw_be_p(first + 2 * MAD_CAP_LEN + MAD_CAP_OFS_SUPPORT),
                    ==, MAD_CAP_UNSUPPORTED);

    /* Lists that aren't */
    for (uint16_t bad = 0; bad < len; bad++) {
        if (bad != len - MAD_CAP_LEN && bad != len - 2 * MAD_CAP_LEN) {
            iu = mad(1, MAD_CAPABILITIES, bad, BUFFER_IOBA);
            check_mad(v, &iu, MAD_STATUS_FAILED);
        }
    }
    iu = mad(1, MAD_CAPABILITIES, 0xffff, BUFFER_IOBA);
    check_mad(v, &iu, MAD_STATUS_FAILED);
    for (uint16_t bad = 0; bad < 2 * MAD_CAP_LEN; bad++) {
        if (bad < MAD_CAP_LEN) {
            put_capability(first + MAD_CAP_LEN, MAD_CAP_RESERVATION, bad, 1);
            qtest_memwrite(v->qts, BUFFER, caps, sizeof(caps));
            iu = mad(1, MAD_CAPABILITIES, len, BUFFER_IOBA);
            check_mad(v, &iu, MAD_STATUS_FAILED);
        }
    }
    put_capability(first + MAD_CAP_LEN, MAD_CAP_RESERVATION, 0xffff, 1);
    qtest_memwrite(v->qts, BUFFER, caps, sizeof(caps));
    iu = mad(1, MAD_CAPABILITIES, len, BUFFER_IOBA);
    check_mad(v, &iu, MAD_STATUS_FAILED);
    stop(v);
}

static void test_mad_error_log(void)
{
    Vscsi *v = start_connected();
    Iu iu = mad(1, MAD_ERROR_LOG, MAD_LOG_LEN, BUFFER_IOBA);

    /* Names without an end, of what can't be printed */
    qtest_memset(v->qts, BUFFER, 0xff, MAD_LOG_LEN);
    check_mad(v, &iu, MAD_STATUS_SUCCESS);
    iu = mad(1, MAD_ERROR_LOG, 0xffff, BUFFER_IOBA);
    check_mad(v, &iu, MAD_STATUS_SUCCESS);
    iu = mad(1, MAD_ERROR_LOG, MAD_LOG_LEN - 1, BUFFER_IOBA);
    check_mad(v, &iu, MAD_STATUS_FAILED);
    stop(v);
}

/* The guest hears why, and only then that it is over */
static void test_mad_empty_iu(void)
{
    Vscsi *v = start_connected();
    Iu iu = mad(3, MAD_EMPTY_IU, 32, BUFFER_IOBA);
    uint8_t logout[SRP_LOGOUT_LEN];

    for (int i = 0; i < 2; i++) {
        send_iu(v, VSCSI_FORMAT_MAD, &iu);
        expect_none(v);
        /* There is place for one */
        check_mad(v, &iu, MAD_STATUS_FAILED);
        g_assert_cmpint(vio_crq_send(&v->dev, message(0x80, 9, 64), 0), ==,
                        H_SUCCESS);
        vio_crq_expect(&v->dev, message(0x80, 1, SRP_LOGOUT_LEN), TAG(3));
        vio_crq_expect(&v->dev, CLOSED, 0);
        qtest_memread(v->qts, BUFFER, logout, sizeof(logout));
        g_assert_cmphex(logout[0], ==, SRP_T_LOGOUT);
        g_assert_cmphex(ldq_be_p(logout + SRP_OFS_TAG), ==, TAG(3));
        expect_reopened(v);
    }
    /* It lasts as long as the connection; and may be no memory at all */
    g_assert_cmpint(vio_crq_send(&v->dev, message(0x80, 9, 64), 0), ==,
                    H_SUCCESS);
    expect_closed(v);
    expect_reopened(v);
    iu = mad(3, MAD_EMPTY_IU, 32, NOTHING_IOBA);
    send_iu(v, VSCSI_FORMAT_MAD, &iu);
    g_assert_cmpint(vio_crq_send(&v->dev, message(0x80, 9, 64), 0), ==,
                    H_SUCCESS);
    expect_closed(v);
    stop(v);
}

/* The datagram itself is read-only: it can't be answered there */
static void test_mad_read_only(void)
{
    Vscsi *v = start_connected();
    Iu iu = mad(1, MAD_FAST_FAIL, MAD_LEN, 0);
    Rsp rsp;

    vio_map(&v->dev, IU_IOBA, IUS, TCE_PAGE, TCE_R);
    send_iu(v, VSCSI_FORMAT_MAD, &iu);
    rsp = take(v);
    g_assert_cmphex(rsp.format, ==, VSCSI_FORMAT_MAD);
    g_assert_cmphex(rsp.crq_status, ==, VSCSI_STATUS_NONRECOVERABLE);
    g_assert_cmpuint(rsp.len, ==, 0);
    stop(v);
}

/*
 * Data
 */

/* Pieces of memory, scattered, which together have @blocks */
typedef struct Piece {
    uint32_t offset;
    uint32_t len;
} Piece;

static unsigned scatter(Piece *pieces, unsigned n, uint32_t total)
{
    uint32_t left = total, part = total / n / 4 * 4;

    for (unsigned i = 0; i < n; i++) {
        /* Backwards, none at a page's beginning; the last one has the rest */
        bool last = i == n - 1;
        uint32_t len = last ? left : part - 4 * (i % 5);

        pieces[i] = (Piece) {
            last ? 12 : 12 + 16 * n + (n - 1 - i) * (part + 64), len
        };
        left -= len;
    }
    return n;
}

typedef enum Way { DIRECT, INDIRECT, EXTERNAL, EXTERNAL_PART } Way;

static void add_pieces(Vscsi *v, Iu *iu, bool out, Way way,
                       const Piece *pieces, unsigned n, uint32_t total)
{
    unsigned in_iu = way == INDIRECT ? n : way == EXTERNAL_PART ? 3 : 0;

    if (way == DIRECT) {
        add_direct(iu, out, BUFFER_IOBA + pieces[0].offset, pieces[0].len);
        return;
    }
    add_table(iu, out, way == INDIRECT ? NOTHING_IOBA : TABLE_IOBA,
              n * SRP_DESC_LEN, total, in_iu);
    for (unsigned i = 0; i < n; i++) {
        uint8_t desc[SRP_DESC_LEN] = { };

        stq_be_p(desc + SRP_DESC_OFS_ADDR, BUFFER_IOBA + pieces[i].offset);
        stl_be_p(desc + SRP_DESC_OFS_LEN, pieces[i].len);
        qtest_memwrite(v->qts, TABLE + i * SRP_DESC_LEN, desc, sizeof(desc));
        if (i < in_iu) {
            add_desc(iu, BUFFER_IOBA + pieces[i].offset, pieces[i].len);
        }
    }
}

/* Read, or write something new, and compare with the image */
static void check_transfer(Vscsi *v, bool out, Way way, unsigned n,
                           uint32_t block, uint32_t blocks)
{
    g_autofree Piece *pieces = g_new(Piece, n);
    uint32_t total = blocks * BLOCK;
    g_autofree uint8_t *data = g_malloc(total);
    uint8_t *want = v->want + block * BLOCK, *at = data;
    Iu iu = transfer(5, DISK, out, block, blocks);
    Rsp rsp;

    scatter(pieces, n, total);
    if (out) {
        for (uint32_t i = 0; i < total; i++) {
            want[i] += 1 + i / BLOCK;
        }
    } else {
        qtest_memset(v->qts, BUFFER, 0xa5, total + n * 80 + TCE_PAGE);
    }
    for (unsigned i = 0; i < n && out; i++) {
        qtest_bufwrite(v->qts, BUFFER + pieces[i].offset, want,
                       pieces[i].len);
        want += pieces[i].len;
    }
    add_pieces(v, &iu, out, way, pieces, n, total);
    rsp = run_srp(v, &iu);
    check_all(&rsp);
    if (out) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        qtest_bufread(v->qts, BUFFER + pieces[i].offset, at, pieces[i].len);
        at += pieces[i].len;
        /* Nothing in between */
        spapr_qtest_untouched(v->qts, BUFFER + pieces[i].offset +
                              pieces[i].len, 40);
    }
    for (uint32_t i = 0; i < blocks; i++) {
        g_assert_cmpmem(data + i * BLOCK, BLOCK, want + i * BLOCK, BLOCK);
    }
}

static void test_data(void)
{
    Vscsi *v = start_session("");

    for (int out = 1; out >= 0; out--) {
        check_transfer(v, out, DIRECT, 1, 0, 1);
        check_transfer(v, out, DIRECT, 1, 99, 64);
        check_transfer(v, out, DIRECT, 1, 1000, MAX_TRANSFER / BLOCK);
        check_transfer(v, out, INDIRECT, 1, 8191, 1);
        check_transfer(v, out, INDIRECT, 9, 5, 17);
        check_transfer(v, out, EXTERNAL, 1, 1, 7);
        check_transfer(v, out, EXTERNAL, 100, 8192 - 400, 400);
        check_transfer(v, out, EXTERNAL_PART, 40, 4000, 2048);
        check_transfer(v, out, EXTERNAL_PART, 256, 10, 4096);
        check_disk(v);
    }
    stop(v);
}

/* An additional CDB moves the descriptors */
static void test_additional_cdb(void)
{
    Vscsi *v = start_session("");
    Iu iu = transfer(5, DISK, false, 3, 1);
    uint8_t data[BLOCK];
    Rsp rsp;

    iu.data[SRP_CMD_OFS_ADD_CDB_LEN] = 16;
    iu.len += 16;
    add_direct(&iu, false, BUFFER_IOBA, BLOCK);
    rsp = run_srp(v, &iu);
    check_all(&rsp);
    qtest_memread(v->qts, BUFFER, data, sizeof(data));
    g_assert_cmpmem(data, BLOCK, v->want + 3 * BLOCK, BLOCK);
    stop(v);
}

static void test_residuals(void)
{
    Vscsi *v = start_session("");
    uint8_t data[4 * BLOCK];
    Iu iu = transfer(5, DISK, false, 20, 2);
    Rsp rsp;

    /* More room than there is data */
    qtest_memset(v->qts, BUFFER, 0xa5, 2 * TCE_PAGE);
    add_direct(&iu, false, BUFFER_IOBA, 2 * BLOCK + 100);
    rsp = run_srp(v, &iu);
    check_good(&rsp);
    check_residual(&rsp, SRP_RSP_IN_UNDER, 100);
    qtest_memread(v->qts, BUFFER, data, 2 * BLOCK);
    g_assert_cmpmem(data, 2 * BLOCK, v->want + 20 * BLOCK, 2 * BLOCK);
    spapr_qtest_untouched(v->qts, BUFFER + 2 * BLOCK, BLOCK);

    /* Less */
    for (unsigned room = 0; room < 4 * BLOCK; room += 300) {
        qtest_memset(v->qts, BUFFER, 0xa5, 2 * TCE_PAGE);
        iu = transfer(5, DISK, false, 20, 4);
        add_table(&iu, false, 0, 2 * SRP_DESC_LEN, room, 2);
        add_desc(&iu, BUFFER_IOBA, room / 3);
        add_desc(&iu, BUFFER_IOBA + room / 3, 2 * MiB);
        rsp = run_srp(v, &iu);
        check_good(&rsp);
        check_residual(&rsp, SRP_RSP_IN_OVER, 4 * BLOCK - room);
        qtest_memread(v->qts, BUFFER, data, room);
        g_assert_cmpmem(data, room, v->want + 20 * BLOCK, room);
        spapr_qtest_untouched(v->qts, BUFFER + room, BLOCK);
    }

    /* Data that the device sends less of than it was asked for */
    iu = COMMAND(5, DISK, REPORT_LUNS, 0, 0, 0, 0, 0, 0, 0, 0, 128);
    add_direct(&iu, false, BUFFER_IOBA, 255);
    rsp = run_srp(v, &iu);
    check_good(&rsp);
    check_residual(&rsp, SRP_RSP_IN_UNDER, 255 - 16);
    qtest_memread(v->qts, BUFFER, data, 16);
    g_assert_cmpmem(data, 16, "\0\0\0\x8\0\0\0\0\0\0\0\0\0\0\0", 16);

    /* Nothing is written that isn't there; what is too much is not looked at */
    iu = transfer(5, DISK, true, 30, 4);
    add_direct(&iu, true, BUFFER_IOBA, 3 * BLOCK);
    rsp = run_srp(v, &iu);
    check_sense(&rsp, VSCSI_STATUS_OK, BAD_MEMORY);
    check_residual(&rsp, SRP_RSP_OUT_OVER, BLOCK);
    check_disk(v);
    iu = transfer(5, DISK, true, 30, 1);
    qtest_memset(v->qts, BUFFER, 0x11, 4 * BLOCK);
    memset(v->want + 30 * BLOCK, 0x11, BLOCK);
    add_direct(&iu, true, BUFFER_IOBA, 4 * BLOCK);
    rsp = run_srp(v, &iu);
    check_good(&rsp);
    check_residual(&rsp, SRP_RSP_OUT_UNDER, 3 * BLOCK);

    /* Both directions: one of them is for nothing */
    iu = transfer(5, DISK, false, 20, 1);
    add_direct(&iu, true, BUFFER_IOBA + TCE_PAGE, 10);
    add_direct(&iu, false, BUFFER_IOBA, BLOCK);
    rsp = run_srp(v, &iu);
    check_good(&rsp);
    check_residual(&rsp, SRP_RSP_OUT_UNDER, 10);
    g_assert_cmphex(rsp.data[SRP_RSP_OFS_FLAGS] & SRP_RSP_IN_UNDER, ==, 0);
    qtest_memread(v->qts, BUFFER, data, BLOCK);
    g_assert_cmpmem(data, BLOCK, v->want + 20 * BLOCK, BLOCK);
    iu = COMMAND(5, DISK, TEST_UNIT_READY);
    add_direct(&iu, false, BUFFER_IOBA, BLOCK);
    rsp = run_srp(v, &iu);
    check_good(&rsp);
    check_residual(&rsp, SRP_RSP_IN_UNDER, BLOCK);
    stop(v);
}

/* Descriptors that make no sense */
static void test_bad_descriptors(void)
{
    static const struct {
        uint64_t table;
        uint32_t table_len;
        uint32_t total;
        unsigned count;
        uint64_t addr;
        uint32_t len;
        uint8_t status;
    } bad[] = {
        { 0, 15, 512, 1, BUFFER_IOBA, 512, VSCSI_STATUS_NONRECOVERABLE },
        { 0, 16, 512, 9, BUFFER_IOBA, 512, VSCSI_STATUS_NONRECOVERABLE },
        { 0, 16, 512, 255, BUFFER_IOBA, 512, VSCSI_STATUS_NONRECOVERABLE },
        { NOTHING_IOBA, 32, 512, 1, BUFFER_IOBA, 512,
          VSCSI_STATUS_NONRECOVERABLE },
        { 1ULL << 63, 32, 512, 1, BUFFER_IOBA, 512,
          VSCSI_STATUS_NONRECOVERABLE },
        { UINT64_MAX, 32, 512, 1, BUFFER_IOBA, 512,
          VSCSI_STATUS_NONRECOVERABLE },
        { TABLE_IOBA, 257 * 16, 512, 1, BUFFER_IOBA, 512,
          VSCSI_STATUS_NONRECOVERABLE },
        { TABLE_IOBA, 0xfffffff0, 512, 1, BUFFER_IOBA, 512,
          VSCSI_STATUS_NONRECOVERABLE },
        { 0, 16, UINT32_MAX, 1, UINT64_MAX - 100, 512,
          VSCSI_STATUS_NONRECOVERABLE },
        { 0, 16, UINT32_MAX, 1, BUFFER_IOBA, MAX_TRANSFER + 1,
          VSCSI_STATUS_MAX_XFER },
        { 0, 16, UINT32_MAX, 1, BUFFER_IOBA, UINT32_MAX,
          VSCSI_STATUS_MAX_XFER },
        { 0, 16, 1u << 31, 1, 1ULL << 63, UINT32_MAX, VSCSI_STATUS_MAX_XFER },
    };
    Vscsi *v = start_session("");
    Iu iu;
    Rsp rsp;

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        for (int out = 0; out < 2; out++) {
            iu = transfer(5, DISK, out, 0, 1);
            add_table(&iu, out, bad[i].table, bad[i].table_len, bad[i].total,
                      bad[i].count);
            add_desc(&iu, bad[i].addr, bad[i].len);
            rsp = run_srp(v, &iu);
            check_code(&rsp, bad[i].status, SRP_RSP_CODE_INVALID_FIELDS);
        }
    }
    /* Unknown formats; an IU that ends too early */
    for (unsigned formats = 3; formats < 16; formats++) {
        iu = transfer_at(5, DISK, false, 0, 1, 0);
        iu.data[SRP_CMD_OFS_BUF_FORMATS] = formats;
        rsp = run_srp(v, &iu);
        check_code(&rsp, VSCSI_STATUS_NONRECOVERABLE,
                   SRP_RSP_CODE_INVALID_FIELDS);
        iu.data[SRP_CMD_OFS_BUF_FORMATS] = formats << 4;
        rsp = run_srp(v, &iu);
        check_code(&rsp, VSCSI_STATUS_NONRECOVERABLE,
                   SRP_RSP_CODE_INVALID_FIELDS);
    }
    iu = transfer_at(5, DISK, false, 0, 1, 0);
    for (iu.len--; iu.len >= SRP_CMD_LEN; iu.len--) {
        rsp = run_srp(v, &iu);
        check_code(&rsp, VSCSI_STATUS_NONRECOVERABLE,
                   SRP_RSP_CODE_INVALID_FIELDS);
    }
    iu = transfer_at(5, DISK, false, 0, 1, 0);
    iu.data[SRP_CMD_OFS_ADD_CDB_LEN] = 0xfc;
    rsp = run_srp(v, &iu);
    check_code(&rsp, VSCSI_STATUS_NONRECOVERABLE, SRP_RSP_CODE_INVALID_FIELDS);
    check_session(v);
    stop(v);
}

/* Memory that isn't mapped, or not so */
static void test_bad_memory(void)
{
    Vscsi *v = start_session("");
    const uint64_t window = v->dev.window;
    const struct {
        uint64_t addr;
        bool in, out;       /* what goes wrong */
    } bad[] = {
        { NOTHING_IOBA, true, true },
        { NOTHING_IOBA - BLOCK, true, true },
        { BUFFER_IOBA + BUFFER_SIZE - BLOCK, true, true },
        { BUFFER_IOBA + BUFFER_SIZE - 1, true, true },
        { window - BLOCK, true, true }, { window, true, true },
        { window * 16, true, true }, { 1ULL << 63, true, true },
        { UINT64_MAX - 4 * BLOCK, true, true },
        { NOTHING_IOBA + 2 * TCE_PAGE, true, false },
        { NOTHING_IOBA + 4 * TCE_PAGE, false, true },
    };

    vio_map(&v->dev, window - TCE_PAGE, BUFFER, TCE_PAGE, TCE_RW);
    vio_map(&v->dev, NOTHING_IOBA + 2 * TCE_PAGE, BUFFER, TCE_PAGE, TCE_R);
    vio_map(&v->dev, NOTHING_IOBA + 4 * TCE_PAGE, BUFFER, TCE_PAGE, TCE_W);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        Iu iu = transfer(5, DISK, false, 0, 2);
        Rsp rsp;

        add_direct(&iu, false, bad[i].addr, 2 * BLOCK);
        rsp = run_srp(v, &iu);
        if (bad[i].in) {
            check_sense(&rsp, VSCSI_STATUS_NONRECOVERABLE, BAD_MEMORY);
        } else {
            check_all(&rsp);
        }
        /* The same, with data that is copied because there is no room */
        iu = transfer(5, DISK, false, 0, 3);
        add_direct(&iu, false, bad[i].addr, 2 * BLOCK);
        rsp = run_srp(v, &iu);
        if (bad[i].in) {
            check_sense(&rsp, VSCSI_STATUS_NONRECOVERABLE, BAD_MEMORY);
        }
        if (bad[i].out) {
            iu = transfer(5, DISK, true, 0, 2);
            add_direct(&iu, true, bad[i].addr, 2 * BLOCK);
            rsp = run_srp(v, &iu);
            check_sense(&rsp, VSCSI_STATUS_NONRECOVERABLE, BAD_MEMORY);
        }
        iu = COMMAND(5, 0, REPORT_LUNS, 0, 0, 0, 0, 0, 0, 0, 4, 0);
        add_direct(&iu, false, bad[i].addr, 2 * BLOCK);
        if (bad[i].in && bad[i].addr != BUFFER_IOBA + BUFFER_SIZE - BLOCK &&
            bad[i].addr != window - BLOCK) {
            rsp = run_srp(v, &iu);
            check_sense(&rsp, VSCSI_STATUS_NONRECOVERABLE, BAD_MEMORY);
        }
    }
    check_disk(v);
    check_session(v);
    stop(v);
}

/*
 * Units
 */

static void read_data(Vscsi *v, Iu *iu, uint8_t *data, uint32_t len)
{
    Rsp rsp;

    qtest_memset(v->qts, BUFFER, 0, len);
    add_direct(iu, false, BUFFER_IOBA, len);
    rsp = run_srp(v, iu);
    check_good(&rsp);
    qtest_memread(v->qts, BUFFER, data, len);
}

static void check_luns(Vscsi *v, uint64_t lun, uint8_t select,
                       const uint64_t *want, unsigned n)
{
    Iu iu = COMMAND(5, lun, REPORT_LUNS, 0, select, 0, 0, 0, 0, 0, 128, 0);
    uint8_t data[128];

    read_data(v, &iu, data, sizeof(data));
    g_assert_cmpuint(ldl_be_p(data), ==, 8 * n);
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmphex(ldq_be_p(data + 8 + 8 * i), ==, want[i]);
    }
}

static uint8_t inquire(Vscsi *v, uint64_t lun)
{
    Iu iu = COMMAND(5, lun, INQUIRY, 0, 0, 0, 36);
    uint8_t data[36];

    read_data(v, &iu, data, sizeof(data));
    return data[0];
}

/* So that a guest doesn't look for units of a target that isn't there */
static void refuse_inquiry(Vscsi *v, uint64_t lun)
{
    Iu iu = COMMAND(5, lun, INQUIRY, 0, 0, 0, 36);
    Rsp rsp;

    add_direct(&iu, false, BUFFER_IOBA, 36);
    rsp = run_srp(v, &iu);
    check_sense(&rsp, VSCSI_STATUS_OK, NO_UNIT);
    check_residual(&rsp, SRP_RSP_IN_UNDER, 36);
}

static void test_luns(void)
{
    static const uint64_t all[] = { DISK, SLOW, REPORT_UNIT };
    static const uint64_t of_target[] = { 0, 3ULL << 48 };
    static const uint64_t absent[] = {
        ABSENT, LUN(0, 1, 0), LUN(7, 63, 31), 32ULL << 48,
        0x0100ULL << 48, 0x4000ULL << 48, 0x4003ULL << 48,
        0xc000ULL << 48, REPORT_UNIT | 1, DISK | 1, DISK | 1ULL << 32,
        UINT64_MAX,
    };
    Vscsi *v = start_session("");
    Iu iu;
    Rsp rsp;

    /* Of the whole adapter */
    check_luns(v, 0, 0, all, 2);
    check_luns(v, 0, 1, all + 2, 1);
    check_luns(v, 0, 2, all, 3);
    check_luns(v, REPORT_UNIT, 0, all, 2);
    /* Of one target, as Linux and SLOF want it */
    check_luns(v, DISK, 0, of_target, 1);
    check_luns(v, LUN(0, 2, 0), 0, of_target, 2);
    iu = COMMAND(5, 0, REPORT_LUNS, 0, 3, 0, 0, 0, 0, 0, 128, 0);
    rsp = run_srp(v, &iu);
    check_sense(&rsp, VSCSI_STATUS_OK, BAD_FIELD);
    iu = COMMAND(5, 0, REPORT_LUNS, 0, 0, 0, 0, 0, 0, 0, 0, 15);
    rsp = run_srp(v, &iu);
    check_sense(&rsp, VSCSI_STATUS_OK, BAD_FIELD);

    g_assert_cmphex(inquire(v, DISK), ==, TYPE_DISK);
    g_assert_cmphex(inquire(v, SLOW), ==, TYPE_DISK);
    g_assert_cmphex(inquire(v, 0), ==, TYPE_DISK);
    g_assert_cmphex(inquire(v, REPORT_UNIT), ==, TYPE_WLUN);
    g_assert_cmphex(inquire(v, LUN(0, 2, 1)), ==, 0x7f);
    g_assert_cmphex(inquire(v, 31ULL << 48), ==, 0x7f);
    for (unsigned i = 0; i < ARRAY_SIZE(absent); i++) {
        uint8_t data[18];

        refuse_inquiry(v, absent[i]);
        iu = COMMAND(5, absent[i], TEST_UNIT_READY);
        rsp = run_srp(v, &iu);
        check_sense(&rsp, VSCSI_STATUS_OK, NO_UNIT);
        iu = transfer_at(5, absent[i], true, 0, 1, 0);
        rsp = run_srp(v, &iu);
        check_sense(&rsp, VSCSI_STATUS_OK, NO_UNIT);
        iu = COMMAND(5, absent[i], REQUEST_SENSE, 0, 0, 0, 18);
        read_data(v, &iu, data, sizeof(data));
        g_assert_cmphex(SENSE(data[2], data[12], data[13]), ==, NO_UNIT);
    }
    iu = COMMAND(5, REPORT_UNIT, INQUIRY, 1, 0x80, 0, 36);
    rsp = run_srp(v, &iu);
    check_sense(&rsp, VSCSI_STATUS_OK, BAD_FIELD);
    iu = COMMAND(5, REPORT_UNIT, TEST_UNIT_READY);
    rsp = run_srp(v, &iu);
    check_all(&rsp);
    iu = transfer_at(5, REPORT_UNIT, false, 0, 1, 0);
    rsp = run_srp(v, &iu);
    check_sense(&rsp, VSCSI_STATUS_OK, BAD_OPCODE);
    stop(v);
}

static void test_sense(void)
{
    Vscsi *v = start_session("");
    Iu iu = transfer_at(5, DISK, false, DISK_SIZE / BLOCK, 1, 0);
    Rsp rsp = run_srp(v, &iu);

    check_sense(&rsp, VSCSI_STATUS_OK, BAD_LBA);
    iu = transfer_at(5, DISK, true, DISK_SIZE / BLOCK - 1, 2, 0);
    rsp = run_srp(v, &iu);
    check_sense(&rsp, VSCSI_STATUS_OK, BAD_LBA);
    for (unsigned opcode = 0x60; opcode < 0x80; opcode++) {
        iu = COMMAND(5, DISK, opcode);
        rsp = run_srp(v, &iu);
        check_sense(&rsp, VSCSI_STATUS_OK, BAD_OPCODE);
    }
    /* When an answer is to be a notification, and of what */
    for (unsigned sol_not = 0; sol_not < 8; sol_not++) {
        iu = COMMAND(5, DISK, TEST_UNIT_READY);
        iu.data[SRP_OFS_SOL_NOT] = sol_not;
        rsp = run_srp(v, &iu);
        check_all(&rsp);
        g_assert_cmphex(rsp.data[SRP_OFS_SOL_NOT], ==,
                        !!(sol_not & SRP_SOL_NOT_SUCCESS));
        iu = COMMAND(5, DISK, 0x7f);
        iu.data[SRP_OFS_SOL_NOT] = sol_not;
        rsp = run_srp(v, &iu);
        check_sense(&rsp, VSCSI_STATUS_OK, BAD_OPCODE);
        g_assert_cmphex(rsp.data[SRP_OFS_SOL_NOT], ==,
                        !!(sol_not & SRP_SOL_NOT_FAILURE));
    }
    stop(v);
}

/*
 * Task management
 */

static Iu task(unsigned slot, uint64_t lun, uint8_t function, unsigned which)
{
    Iu iu;

    iu_init(&iu, slot, SRP_TSK_MGMT, SRP_TSK_LEN);
    stq_be_p(iu.data + SRP_TSK_OFS_LUN, lun);
    iu.data[SRP_TSK_OFS_FUNCTION] = function;
    stq_be_p(iu.data + SRP_TSK_OFS_TASK_TAG, TAG(which));
    return iu;
}

static void check_task(Vscsi *v, const Iu *iu, uint8_t code)
{
    Rsp rsp = run_srp(v, iu);

    check_code(&rsp, VSCSI_STATUS_OK, code);
}

static void expect_tag(Vscsi *v, unsigned slot)
{
    Rsp rsp = take(v);

    g_assert_cmphex(rsp.tag, ==, TAG(slot));
    check_all(&rsp);
}

static void test_tasks(void)
{
    static const uint8_t functions[] = {
        SRP_TSK_ABORT_TASK_SET, SRP_TSK_CLEAR_TASK_SET, SRP_TSK_LUN_RESET,
    };
    Vscsi *v = start_session("");
    unsigned seen = 0;
    Iu iu;
    Rsp rsp;

    for (unsigned function = 0; function < 256; function++) {
        iu = task(1, DISK, function, 9);
        check_task(v, &iu, ctpop8(function) == 1 && function < 16 ?
                   SRP_RSP_CODE_COMPLETE : SRP_RSP_CODE_NOT_SUPPORTED);
        iu = task(1, ABSENT, function, 9);
        check_task(v, &iu, ctpop8(function) == 1 && function < 16 ?
                   SRP_RSP_CODE_FAILED : SRP_RSP_CODE_NOT_SUPPORTED);
    }
    clear_attention(v, DISK);

    /* One of three, which alone gets no answer */
    fill_slow(v, 10, 3);
    iu = task(1, DISK, SRP_TSK_ABORT_TASK, 11);
    check_task(v, &iu, SRP_RSP_CODE_COMPLETE);
    iu = task(1, SLOW, SRP_TSK_ABORT_TASK, 11);
    send_srp(v, &iu);
    expect_none(v);
    release(v);
    for (int i = 0; i < 3; i++) {
        rsp = take(v);
        g_assert_cmphex(seen & 1u << (rsp.tag - TAG(0)), ==, 0);
        seen |= 1u << (rsp.tag - TAG(0));
        if (rsp.tag == TAG(1)) {
            check_code(&rsp, VSCSI_STATUS_OK, SRP_RSP_CODE_COMPLETE);
        } else {
            check_all(&rsp);
        }
    }
    g_assert_cmphex(seen, ==, 1u << 10 | 1u << 12 | 1u << 1);
    expect_none(v);

    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
        fill_slow(v, 10, 3);
        iu = task(1, DISK, functions[i], 0);
        check_task(v, &iu, SRP_RSP_CODE_COMPLETE);
        iu = task(1, SLOW, functions[i], 0);
        send_srp(v, &iu);
        expect_none(v);
        if (functions[i] == SRP_TSK_LUN_RESET) {
            clear_attention(v, DISK);
        } else {
            check_session(v);
        }
        release(v);
        rsp = take(v);
        g_assert_cmphex(rsp.tag, ==, TAG(1));
        check_code(&rsp, VSCSI_STATUS_OK, SRP_RSP_CODE_COMPLETE);
        expect_none(v);
    }
    clear_attention(v, SLOW);
    check_session(v);
    stop(v);
}

/* Tags are the guest's business, LUN 0 is one of two names */
static void test_same_tags(void)
{
    Vscsi *v = start_session("");
    Iu iu;
    Rsp rsp;

    fill_slow(v, 10, 1);
    for (int i = 0; i < 3; i++) {
        iu = transfer_at(10, SLOW, false, i, 1, i * BLOCK);
        send_srp(v, &iu);
    }
    expect_none(v);
    iu = task(1, SLOW, SRP_TSK_ABORT_TASK, 10);
    send_srp(v, &iu);
    release(v);
    rsp = take(v);
    g_assert_cmphex(rsp.tag, ==, TAG(1));
    check_code(&rsp, VSCSI_STATUS_OK, SRP_RSP_CODE_COMPLETE);
    expect_none(v);
    check_session(v);
    stop(v);
}

/*
 * Requests in flight
 */

static void test_limit(void)
{
    Vscsi *v = start_session("");
    Iu iu;

    fill_slow(v, 0, LIMIT);
    /* What isn't SRP may still come */
    iu = mad(250, MAD_FAST_FAIL, MAD_LEN, 0);
    check_mad(v, &iu, MAD_STATUS_SUCCESS);
    iu = COMMAND(LIMIT, DISK, TEST_UNIT_READY);
    send_srp(v, &iu);
    expect_closed(v);
    /* It opens again when nothing writes to memory any more */
    qtest_clock_step(v->qts, 2 * SECOND);
    expect_none(v);
    release(v);
    vio_crq_expect(&v->dev, INIT, 0);
    expect_none(v);
    g_assert_cmpint(vio_crq_send(&v->dev, INIT_COMPLETE, 0), ==, H_SUCCESS);
    login(v);
    check_session(v);

    /* All of them at once, answered each */
    for (unsigned i = 0; i < LIMIT; i++) {
        iu = transfer_at(i, DISK, false, 2 * i, 1, i * BLOCK);
        send_srp(v, &iu);
    }
    for (unsigned i = 0; i < LIMIT; i++) {
        Rsp rsp = take(v);

        check_all(&rsp);
    }
    expect_none(v);
    for (unsigned i = 0; i < LIMIT; i++) {
        uint8_t data[BLOCK];

        qtest_memread(v->qts, BUFFER + i * BLOCK, data, sizeof(data));
        g_assert_cmpmem(data, BLOCK, v->want + 2 * i * BLOCK, BLOCK);
    }
    stop(v);
}

static void free_queue(Vscsi *v)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;

    while (vio_crq_free(&v->dev) == H_LONG_BUSY_1_MSEC) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(1000);
    }
    g_assert_cmpint(vio_crq_free(&v->dev), ==, H_SUCCESS);
}

/* The queue is given back; memory is the guest's when that has succeeded */
static void test_free_in_flight(void)
{
    Vscsi *v = start_session("");

    fill_slow(v, 10, 3);
    g_assert_cmpint(vio_crq_free(&v->dev), ==, H_LONG_BUSY_1_MSEC);
    g_assert_cmpint(hcall(v->qts, H_REG_CRQ, v->dev.unit, QUEUE_IOBA,
                          TCE_PAGE), ==, H_RESOURCE);
    g_assert_cmpint(vio_crq_free(&v->dev), ==, H_LONG_BUSY_1_MSEC);
    release(v);
    free_queue(v);
    expect_none(v);
    connect_again(v);
    check_session(v);
    stop(v);
}

#define UNIT            0x71000000
#define MILLION         1000000
#define LITTLE          (32 * MiB)

/*
 * The guest of that test: it connects by itself; the units are there. That of
 * the command is for reading only, so that no answer takes its place.
 */
static void make_million(Guest *guest, const Iu *login, const Iu *iu)
{
    uint32_t offset = iu->slot * IU_SIZE;

    guest_begin(guest);
    emit_hcall(guest, H_PUT_TCE, UNIT, QUEUE_IOBA, QUEUE | TCE_RW, 0);
    emit_hcall(guest, H_PUT_TCE, UNIT, IU_IOBA, IUS | TCE_RW, 0);
    emit_hcall(guest, H_PUT_TCE, UNIT, IU_IOBA + offset, (IUS + offset) | TCE_R,
               0);
    emit_hcall(guest, H_REG_CRQ, UNIT, QUEUE_IOBA, TCE_PAGE, 0);
    emit_hcall(guest, H_SEND_CRQ, UNIT, INIT, 0, 0);
    emit_hcall(guest, H_SEND_CRQ, UNIT,
               message(0x80, VSCSI_FORMAT_SRP, login->len), IU_IOBA, 0);
    emit_result(guest, 3, 0);
    emit_hcalls(guest, MILLION, H_SEND_CRQ, UNIT,
                message(0x80, VSCSI_FORMAT_SRP, iu->len),
                IU_IOBA + offset);
    emit_result(guest, 30, 3);
    emit_hcall(guest, H_FREE_CRQ, UNIT, 0, 0, 0);
    emit_result(guest, 3, 1);
    emit_hcall(guest, H_REG_CRQ, UNIT, QUEUE_IOBA, TCE_PAGE, 0);
    emit_result(guest, 3, 2);
}

/*
 * A guest that doesn't care what it is told sends commands and takes no answer.
 * Some of these fill the queue and some wait, then the connection is closed. It
 * opens every second, for the first message, which is not as it should be.
 */
static void test_million(void)
{
    g_autofree Guest *guest = g_new(Guest, 1);
    Vscsi *v = g_new0(Vscsi, 1);
    g_autofree char *options = NULL, *cpu = NULL;
    Iu first = login_iu();
    Iu iu = COMMAND(TCE_PAGE / IU_SIZE, DISK, TEST_UNIT_READY);
    uint64_t end, before, sent;
    char *path;

    v->disk = image_new("disk", &v->want);
    v->slow = image_new("slow", NULL);
    options = machine_options(v, "");
    cpu = g_strdup_printf("power9 -S %s", options);
    make_million(guest, &first, &iu);
    end = guest_last(guest);
    v->qts = guest_start(guest, cpu, &path);
    v->dev = vio_find(v->qts, "v-scsi", 0);
    g_assert_cmphex(v->dev.unit, ==, UNIT);
    g_assert_cmphex(v->dev.liobn, ==, UNIT);
    put_iu(v, &first);
    put_iu(v, &iu);

    before = guest_resident(v->qts);
    qtest_qmp_assert_success(v->qts, "{ 'execute': 'cont' }");
    guest_wait(v->qts, end);
    g_assert_cmpuint(guest_resident(v->qts), <, before + LITTLE);
    for (unsigned i = 0; i < 3; i++) {
        assert_result(v->qts, i, H_SUCCESS);
    }
    /* Two entries of the queue have other answers; one command is too many */
    sent = guest_result(v->qts, 3);
    g_assert_cmpuint(sent, >=, TCE_PAGE / 16 - 2 + LIMIT + 1);
    g_assert_cmpuint(sent, <, TCE_PAGE / 16 + LIMIT + 100);
    guest_end(v->qts, path);
    discard(v);
}

/* Buffers, the IU, or the queue are unmapped while a request is in flight */
static void test_unmap_in_flight(void)
{
    Vscsi *v = start_session("");
    Rsp rsp;

    fill_slow(v, 10, 1);
    vio_unmap(&v->dev, BUFFER_IOBA, BUFFER_SIZE);
    release(v);
    rsp = take(v);
    g_assert_cmphex(rsp.tag, ==, TAG(10));
    vio_map(&v->dev, BUFFER_IOBA, BUFFER, BUFFER_SIZE, TCE_RW);

    fill_slow(v, 10, 1);
    vio_unmap(&v->dev, IU_IOBA, TCE_PAGE);
    release(v);
    rsp = take(v);
    g_assert_cmphex(rsp.tag, ==, TAG(10));
    g_assert_cmphex(rsp.crq_status, ==, VSCSI_STATUS_NONRECOVERABLE);
    g_assert_cmpuint(rsp.len, ==, 0);
    vio_map(&v->dev, IU_IOBA, IUS, TCE_PAGE, TCE_RW);

    fill_slow(v, 10, 1);
    vio_unmap(&v->dev, QUEUE_IOBA, TCE_PAGE);
    release(v);
    expect_none(v);
    free_queue(v);
    connect_again(v);
    check_session(v);
    stop(v);
}

static void fill_queue(Vscsi *v)
{
    for (unsigned i = 0; i < TCE_PAGE / 16; i++) {
        g_assert_cmpint(vio_crq_send(&v->dev, PING, 0), ==, H_SUCCESS);
    }
}

static void empty_queue(Vscsi *v)
{
    for (unsigned i = 0; i < TCE_PAGE / 16; i++) {
        vio_crq_expect(&v->dev, PONG, 0);
    }
}

/* Answers wait while the queue is full, and come in their order */
static void test_full(void)
{
    Vscsi *v = start_session("");
    Iu iu;

    fill_queue(v);
    g_assert_cmpint(vio_crq_send(&v->dev, PING, 0), ==, H_DROPPED);
    for (unsigned i = 0; i < 100; i++) {
        iu = COMMAND(i, DISK, TEST_UNIT_READY);
        send_srp(v, &iu);
    }
    migrate(v, "");
    /* One place: one answer, when the device looks */
    vio_crq_expect(&v->dev, PONG, 0);
    qtest_clock_step(v->qts, SECOND / 10);
    g_assert_cmpint(vio_crq_send(&v->dev, PING, 0), ==, H_DROPPED);
    for (unsigned i = 1; i < TCE_PAGE / 16; i++) {
        vio_crq_expect(&v->dev, PONG, 0);
    }
    qtest_clock_step(v->qts, SECOND / 10);
    for (unsigned i = 0; i < 100; i++) {
        expect_tag(v, i);
    }
    expect_none(v);

    /* What isn't delivered is lost with the queue */
    fill_queue(v);
    send_srp(v, &iu);
    g_assert_cmpint(vio_crq_free(&v->dev), ==, H_SUCCESS);
    connect_again(v);
    qtest_clock_step(v->qts, SECOND);
    expect_none(v);
    check_session(v);
    stop(v);
}

/* With requests in flight, then with answers that wait, too */
static void test_reset(void)
{
    Vscsi *v = start_session("");
    Iu iu = COMMAND(5, DISK, TEST_UNIT_READY);

    for (int i = 0; i < 2; i++) {
        fill_slow(v, 10, 20);
        if (i) {
            fill_queue(v);
            send_srp(v, &iu);
        }
        qtest_system_reset(v->qts);
        if (i) {
            empty_queue(v);
        }
        expect_none(v);
        g_assert_cmpint(vio_crq_send(&v->dev, INIT, 0), ==, H_CLOSED);
        map_memory(v);
        connect_again(v);
        clear_attention(v, DISK);
        clear_attention(v, SLOW);
        check_session(v);
        qtest_clock_step(v->qts, SECOND);
        expect_none(v);
    }
    stop(v);
}

/* Requests that are in flight end, or go on, when the machine moves */
static void test_migration(void)
{
    Vscsi *v = start_session("");
    unsigned seen = 0;
    Iu iu;

    fill_slow(v, 10, 20);
    iu = task(1, SLOW, SRP_TSK_ABORT_TASK, 15);
    send_srp(v, &iu);
    migrate(v, "");
    for (unsigned i = 0; i < 20; i++) {
        Rsp rsp = take(v);
        unsigned slot = rsp.tag - TAG(0);

        g_assert_cmpuint(slot, !=, 15);
        g_assert_cmphex(seen & 1u << slot, ==, 0);
        seen |= 1u << slot;
        if (slot == 1) {
            check_code(&rsp, VSCSI_STATUS_OK, SRP_RSP_CODE_COMPLETE);
        } else {
            check_all(&rsp);
        }
    }
    expect_none(v);
    check_session(v);

    /* A connection that is closed opens again */
    g_assert_cmpint(vio_crq_send(&v->dev, message(0x80, 9, 64), 0), ==,
                    H_SUCCESS);
    migrate(v, "");
    expect_closed(v);
    expect_reopened(v);
    login(v);
    check_session(v);
    stop(v);
}

#define FAULTY                                                          \
    "-blockdev '{\"driver\":\"raw\",\"node-name\":\"faulty\",\"file\":" \
    "{\"driver\":\"blkdebug\",\"image\":{\"driver\":\"file\","          \
    "\"filename\":\"%s\"},\"inject-error\":[{\"event\":\"%s\","         \
    "\"sector\":40,\"errno\":28,\"once\":true}]}}' "
#define WELL                                                            \
    "-blockdev raw,node-name=faulty,file.driver=file,file.filename=%s "
#define FAULTY_DEVICE                                                   \
    "-device scsi-hd,bus=vscsi.0,drive=faulty,scsi-id=5,lun=0,"         \
    "werror=stop,rerror=stop"

/* With a request, from slot 10, that has stopped the machine */
static Vscsi *start_faulty(const char *image, bool out)
{
    g_autofree char *faulty = g_strdup_printf(FAULTY FAULTY_DEVICE, image, out ?
                                              "pwritev" : "read_aio");
    Vscsi *v = start_session(faulty);
    Iu iu;

    clear_attention(v, LUN(0, 5, 0));
    qtest_memset(v->qts, BUFFER, 0x42, 4 * BLOCK);
    iu = transfer(10, LUN(0, 5, 0), out, 40, 4);
    add_table(&iu, out, 0, 2 * SRP_DESC_LEN, 4 * BLOCK, 2);
    add_desc(&iu, BUFFER_IOBA, BLOCK + 1);
    add_desc(&iu, BUFFER_IOBA + BLOCK + 1, 3 * BLOCK - 1);
    send_srp(v, &iu);
    qtest_qmp_eventwait(v->qts, "STOP");
    expect_none(v);
    return v;
}

static void check_faulty(bool out, bool move)
{
    g_autofree char *image = image_new("faulty", NULL);
    g_autofree char *well = g_strdup_printf(WELL FAULTY_DEVICE, image);
    Vscsi *v = start_faulty(image, out);
    g_autofree char *contents = NULL;
    uint8_t data[4 * BLOCK];

    if (move) {
        migrate(v, well);
    }
    qtest_qmp_assert_success(v->qts, "{ 'execute': 'cont' }");
    expect_tag(v, 10);
    expect_none(v);
    qtest_memread(v->qts, BUFFER, data, sizeof(data));
    g_assert_true(g_file_get_contents(image, &contents, NULL, NULL));
    g_assert_cmpmem(data, sizeof(data), contents + 40 * BLOCK, sizeof(data));
    g_assert_cmphex(data[0] == 0x42, ==, out);
    check_session(v);
    stop(v);
    unlink(image);
}

/* An error stops the machine; the request is tried again, here or elsewhere */
static void test_error_stop(void)
{
    check_faulty(true, false);
    check_faulty(false, false);
}

static void test_error_migration(void)
{
    check_faulty(true, true);
    check_faulty(false, true);
}

/*
 * Damaged migration streams
 */

typedef struct Stream {
    char *path;
    char *state;
    gsize len;
} Stream;

static Stream save(Vscsi *v)
{
    Stream stream = { .path = spapr_qtest_save(v->qts) };
    g_autoptr(GError) error = NULL;

    g_file_get_contents(stream.path, &stream.state, &stream.len, &error);
    g_assert_no_error(error);
    return stream;
}

static uint8_t *stream_find(const Stream *stream, const uint8_t *bytes,
                            size_t n)
{
    uint8_t *at = memmem(stream->state, stream->len, bytes, n);

    g_assert_nonnull(at);
    return at;
}

/* @size bytes at an offset get another value, with which it is refused */
typedef struct Damage {
    int at;
    unsigned size;
    uint64_t value;
} Damage;

static void check_damage(Vscsi *v, const Stream *stream, const char *more,
                         uint8_t *base, const Damage *damage, unsigned n)
{
    g_autofree char *options = machine_options(v, more);

    for (; n; n--, damage++) {
        uint8_t *at = base + damage->at;
        uint64_t old = ldn_be_p(at, damage->size);

        stn_be_p(at, damage->size, damage->value);
        spapr_qtest_state_refused(options, stream->path, stream->state,
                                  stream->len, "scsi");
        stn_be_p(at, damage->size, old);
    }
}

static void stream_free(Stream *stream)
{
    unlink(stream->path);
    g_free(stream->path);
    g_free(stream->state);
}

/*
 * What is where behind the address of the empty IU: first the queue and the
 * connection, then the requests, and the fields of each
 */
#define STATE_QUEUE_IOBA    (-29)
#define STATE_QUEUE_SIZE    (-21)
#define STATE_QUEUE_NEXT    (-13)
#define STATE_CLOSED        (-4)
#define STATE_STATE         (-3)
#define STATE_TAG           8
#define STATE_REQUESTS      16
#define STATE_REQUEST(i)    (20 + 51 * (i))
#define REQUEST_KIND        0
#define REQUEST_FUNCTION    1
#define REQUEST_MSG         35

#define KIND_TASK           3
#define KIND_ANSWER         4

/* Three answers that wait, and a task */
static void test_bad_migration(void)
{
    static const Damage damage[] = {
        { STATE_QUEUE_IOBA, 8, QUEUE_IOBA + 8 },
        { STATE_QUEUE_IOBA, 8, -TCE_PAGE },
        { STATE_QUEUE_SIZE, 8, TCE_PAGE + 16 }, { STATE_QUEUE_SIZE, 8, 0 },
        { STATE_QUEUE_NEXT, 8, TCE_PAGE }, { STATE_QUEUE_NEXT, 8, 8 },
        { STATE_QUEUE_NEXT, 8, -16 },
        { STATE_CLOSED, 1, 1 },
        { STATE_STATE, 1, 0 }, { STATE_STATE, 1, 3 }, { STATE_STATE, 1, 0xff },
        { STATE_REQUESTS, 4, 3 }, { STATE_REQUESTS, 4, 5 },
        { STATE_REQUESTS, 4, SLOTS + 1 }, { STATE_REQUESTS, 4, -1 },
        { STATE_REQUESTS, 4, 0x80000000 },
        { STATE_REQUEST(0) + REQUEST_KIND, 1, 0 },
        { STATE_REQUEST(0) + REQUEST_KIND, 1, 1 },
        { STATE_REQUEST(0) + REQUEST_KIND, 1, 2 },
        { STATE_REQUEST(0) + REQUEST_KIND, 1, 5 },
        { STATE_REQUEST(3) + REQUEST_KIND, 1, 0xff },
        { STATE_REQUEST(3) + REQUEST_KIND, 1, KIND_ANSWER },
        { STATE_REQUEST(3) + REQUEST_FUNCTION, 1, 3 },
        { STATE_REQUEST(3) + REQUEST_FUNCTION, 1, 0xff },
        { STATE_REQUEST(1) + REQUEST_MSG, 1, 0 },
        { STATE_REQUEST(1) + REQUEST_MSG, 1, 0xc0 },
        { STATE_REQUEST(1) + REQUEST_MSG, 1, 0xff },
        { STATE_REQUEST(2) + REQUEST_MSG + 1, 1, 0 },
        { STATE_REQUEST(2) + REQUEST_MSG + 1, 1, VSCSI_FORMAT_INLINE },
    };
    Vscsi *v = start_session("");
    Iu iu = mad(3, MAD_EMPTY_IU, 32, BUFFER_IOBA);
    uint8_t head[16];
    Stream stream;
    uint8_t *at;
    Rsp rsp;

    send_iu(v, VSCSI_FORMAT_MAD, &iu);
    fill_slow(v, 10, 2);
    iu = task(1, SLOW, SRP_TSK_ABORT_TASK, 11);
    send_srp(v, &iu);
    fill_queue(v);
    for (unsigned i = 0; i < 2; i++) {
        iu = COMMAND(5 + i, DISK, TEST_UNIT_READY);
        send_srp(v, &iu);
    }
    stream = save(v);
    stq_be_p(head, BUFFER_IOBA);
    stq_be_p(head + STATE_TAG, TAG(3));
    at = stream_find(&stream, head, sizeof(head));
    g_assert_cmphex(ldq_be_p(at + STATE_QUEUE_IOBA), ==, QUEUE_IOBA);
    g_assert_cmpuint(ldl_be_p(at + STATE_REQUESTS), ==, 4);
    g_assert_cmpuint(at[STATE_REQUEST(0)], ==, KIND_ANSWER);
    g_assert_cmpuint(at[STATE_REQUEST(3)], ==, KIND_TASK);
    check_damage(v, &stream, "", at, damage, ARRAY_SIZE(damage));
    spapr_qtest_state_refused("-m 256 -device spapr-vscsi", stream.path,
                              stream.state,
                              (char *)at + STATE_REQUEST(2) - stream.state,
                              "scsi");

    /* As it was it is all right */
    g_assert_true(g_file_set_contents(stream.path, stream.state, stream.len,
                                      NULL));
    resume(v, stream.path, "");
    empty_queue(v);
    qtest_clock_step(v->qts, SECOND / 10);
    expect_tag(v, 5);
    expect_tag(v, 6);
    expect_tag(v, 10);
    rsp = take(v);
    check_code(&rsp, VSCSI_STATUS_OK, SRP_RSP_CODE_COMPLETE);
    expect_none(v);
    check_session(v);
    stop(v);
    stream_free(&stream);
}

/* What is where around the address of the IU of a command with two buffers */
#define COMMAND_TRANSFER    (-19)
#define COMMAND_USE_SG      (-1)
#define COMMAND_TAG         8
#define COMMAND_IN_LEN      24
#define COMMAND_OUT_LEN     28
#define COMMAND_MOVED       36
#define COMMAND_BUFFERS     40
#define COMMAND_BUFFER(i)   (44 + 12 * (i))

/* A request that has stopped the machine is saved by the SCSI layer */
static void check_bad_command(bool out, const Damage *more, unsigned n)
{
    static const Damage damage[] = {
        { COMMAND_TRANSFER, 2, 3 }, { COMMAND_TRANSFER, 2, 5 },
        { COMMAND_IN_LEN, 4, MAX_TRANSFER + 1 },
        { COMMAND_OUT_LEN, 4, -1 },
        { COMMAND_MOVED, 4, 4 * BLOCK + 1 }, { COMMAND_MOVED, 4, -1 },
        { COMMAND_BUFFERS, 4, 0 }, { COMMAND_BUFFERS, 4, 1 },
        { COMMAND_BUFFERS, 4, 513 }, { COMMAND_BUFFERS, 4, -1 },
        { COMMAND_BUFFER(0), 8, -BLOCK }, { COMMAND_BUFFER(1), 8, -1 },
        { COMMAND_BUFFER(0) + 8, 4, 0 }, { COMMAND_BUFFER(0) + 8, 4, BLOCK },
        { COMMAND_BUFFER(1) + 8, 4, MAX_TRANSFER },
        { COMMAND_BUFFER(1) + 8, 4, -1 },
    };
    g_autofree char *image = image_new("faulty", NULL);
    g_autofree char *well = g_strdup_printf(WELL FAULTY_DEVICE, image);
    Vscsi *v = start_faulty(image, out);
    Stream stream = save(v);
    uint8_t head[16];
    uint8_t *at;

    stq_be_p(head, IU_IOBA + 10 * IU_SIZE);
    stq_be_p(head + COMMAND_TAG, TAG(10));
    at = stream_find(&stream, head, sizeof(head));
    g_assert_cmpuint(lduw_be_p(at + COMMAND_TRANSFER), ==, 4);
    g_assert_cmpuint(at[COMMAND_USE_SG], ==, 1);
    g_assert_cmpuint(ldl_be_p(at + COMMAND_BUFFERS), ==, 2);
    check_damage(v, &stream, well, at, damage, ARRAY_SIZE(damage));
    check_damage(v, &stream, well, at, more, n);
    stream_free(&stream);
    discard(v);
    unlink(image);
}

static void test_bad_error_migration(void)
{
    static const Damage copied[] = { { COMMAND_USE_SG, 1, 0 } };

    /* Data that goes out is never copied */
    check_bad_command(true, copied, ARRAY_SIZE(copied));
    check_bad_command(false, NULL, 0);
}

/* A command of a connection that is none */
static void test_closed_error_migration(void)
{
    static const Damage damage[] = { { STATE_STATE, 1, 0 } };
    g_autofree char *image = image_new("faulty", NULL);
    g_autofree char *well = g_strdup_printf(WELL FAULTY_DEVICE, image);
    Vscsi *v = start_faulty(image, true);
    Stream stream = save(v);
    uint8_t head[16];

    stq_be_p(head, QUEUE_IOBA);
    stq_be_p(head + 8, TCE_PAGE);
    check_damage(v, &stream, well, stream_find(&stream, head, sizeof(head)) -
                 STATE_QUEUE_IOBA, damage, ARRAY_SIZE(damage));
    stream_free(&stream);
    discard(v);
    unlink(image);
}

/*
 * Devices that come and go
 */

static void test_hotplug(void)
{
    Vscsi *v = start_session("");
    Iu iu = COMMAND(5, DISK, TEST_UNIT_READY);
    Rsp rsp;

    qtest_qmp_assert_success(
        v->qts, "{ 'execute': 'blockdev-add', 'arguments': { 'driver': "
        "'null-co', 'node-name': 'new', 'size': 1048576 } }");
    qtest_qmp_assert_success(
        v->qts, "{ 'execute': 'device_add', 'arguments': { 'driver': "
        "'scsi-hd', 'bus': 'vscsi.0', 'drive': 'new', 'id': 'new0', "
        "'scsi-id': 9, 'lun': 4 } }");
    rsp = run_srp(v, &iu);
    check_sense(&rsp, VSCSI_STATUS_OK, LUNS_CHANGED);
    rsp = run_srp(v, &iu);
    check_all(&rsp);
    g_assert_cmphex(inquire(v, LUN(0, 9, 4)), ==, TYPE_DISK);
    /* A report of units makes up for it */
    qtest_qmp_device_del(v->qts, "new0");
    check_luns(v, 0, 0, (const uint64_t[]) { DISK, SLOW }, 2);
    rsp = run_srp(v, &iu);
    check_all(&rsp);
    refuse_inquiry(v, LUN(0, 9, 4));

    /* In use: what is in flight is answered, once */
    fill_slow(v, 10, 3);
    qtest_qmp_device_del(v->qts, "slow0");
    for (unsigned i = 0; i < 3; i++) {
        rsp = take(v);
        g_assert_cmphex(rsp.tag - TAG(10), <, 3);
    }
    rsp = run_srp(v, &iu);
    check_sense(&rsp, VSCSI_STATUS_OK, LUNS_CHANGED);
    expect_none(v);
    check_session(v);
    stop(v);
}

static void test_addresses(void)
{
    spapr_qtest_refused("-device spapr-vscsi,reg=0x71000005 "
                        "-device spapr-vscsi,reg=0x71000005", "0x71000005",
                        "spapr-vscsi");
    spapr_qtest_refused("-device spapr-vscsi,id=a -blockdev null-co,"
                        "node-name=n -device scsi-hd,drive=n,bus=a.0,"
                        "scsi-id=64", "64", "bad scsi device id");
    spapr_qtest_refused("-device spapr-vscsi,id=a -blockdev null-co,"
                        "node-name=n -device scsi-hd,drive=n,bus=a.0,"
                        "scsi-id=0,lun=32", "32", "bad scsi device lun");
    spapr_qtest_refused("-device spapr-vscsi,id=a -blockdev null-co,"
                        "node-name=n -device scsi-hd,drive=n,bus=a.0,"
                        "channel=8", "8", "bad scsi channel id");
    spapr_qtest_refused("-drive if=scsi,driver=null-co,bus=64", "bus=64",
                        "from 0 to 63");
}

/* Devices of the host's, at what is none: they send their commands to it */
static void test_passthrough(void)
{
    static const char *const drivers[] = { "scsi-block", "scsi-generic" };
    g_autofree char *path = image_new("plain", NULL);

    for (unsigned i = 0; i < ARRAY_SIZE(drivers); i++) {
        g_autofree char *options = g_strdup_printf(
            "-device spapr-vscsi,id=a -blockdev file,node-name=n,filename=%s "
            "-device %s,drive=n,bus=a.0", path, drivers[i]);
        g_autofree char *errors = spapr_qtest_fail(options);

        /* The words are QEMU's own, and two lines */
        g_assert_nonnull(strstr(errors, drivers[i]));
        g_assert_nonnull(strstr(errors, "Is this a SCSI device?\n"));
    }
    unlink(path);
}

/* "-drive" without an interface, and "-cdrom": an adapter for each bus */
static void test_drives(void)
{
    QTestState *qts = qtest_init(
        "-machine pseries -nodefaults -m 256 "
        "-drive file.driver=null-co,format=raw "
        "-drive if=scsi,bus=1,unit=3,file.driver=null-co,format=raw "
        "-drive media=cdrom,index=2");
    Vscsi v = { .qts = qts, .dev = vio_find(qts, "v-scsi", 0) };

    map_memory(&v);
    connect_again(&v);
    g_assert_cmphex(inquire(&v, LUN(0, 0, 0)), ==, TYPE_DISK);
    g_assert_cmphex(inquire(&v, LUN(0, 2, 0)), ==, TYPE_ROM);
    refuse_inquiry(&v, LUN(0, 3, 0));
    v.dev = vio_find(qts, "v-scsi", 1);
    map_memory(&v);
    connect_again(&v);
    refuse_inquiry(&v, LUN(0, 0, 0));
    g_assert_cmphex(inquire(&v, LUN(0, 3, 0)), ==, TYPE_DISK);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    tmp_dir = g_dir_make_tmp("spapr-vscsi-XXXXXX", NULL);
    g_assert_nonnull(tmp_dir);
    qtest_add_func("spapr-vscsi/login", test_login);
    qtest_add_func("spapr-vscsi/login-refused", test_login_refused);
    qtest_add_func("spapr-vscsi/violations", test_violations);
    qtest_add_func("spapr-vscsi/not-connected", test_not_connected);
    qtest_add_func("spapr-vscsi/ping", test_ping);
    qtest_add_func("spapr-vscsi/logout", test_logout);
    qtest_add_func("spapr-vscsi/firmware", test_firmware);
    qtest_add_func("spapr-vscsi/mad/types", test_mad_types);
    qtest_add_func("spapr-vscsi/mad/adapter-info", test_mad_adapter_info);
    qtest_add_func("spapr-vscsi/mad/capabilities", test_mad_capabilities);
    qtest_add_func("spapr-vscsi/mad/error-log", test_mad_error_log);
    qtest_add_func("spapr-vscsi/mad/empty-iu", test_mad_empty_iu);
    qtest_add_func("spapr-vscsi/mad/read-only", test_mad_read_only);
    qtest_add_func("spapr-vscsi/data", test_data);
    qtest_add_func("spapr-vscsi/additional-cdb", test_additional_cdb);
    qtest_add_func("spapr-vscsi/residuals", test_residuals);
    qtest_add_func("spapr-vscsi/bad-descriptors", test_bad_descriptors);
    qtest_add_func("spapr-vscsi/bad-memory", test_bad_memory);
    qtest_add_func("spapr-vscsi/luns", test_luns);
    qtest_add_func("spapr-vscsi/sense", test_sense);
    qtest_add_func("spapr-vscsi/tasks", test_tasks);
    qtest_add_func("spapr-vscsi/same-tags", test_same_tags);
    qtest_add_func("spapr-vscsi/limit", test_limit);
    qtest_add_func("spapr-vscsi/million", test_million);
    qtest_add_func("spapr-vscsi/free-in-flight", test_free_in_flight);
    qtest_add_func("spapr-vscsi/unmap-in-flight", test_unmap_in_flight);
    qtest_add_func("spapr-vscsi/full", test_full);
    qtest_add_func("spapr-vscsi/reset", test_reset);
    qtest_add_func("spapr-vscsi/migration", test_migration);
    qtest_add_func("spapr-vscsi/error-stop", test_error_stop);
    qtest_add_func("spapr-vscsi/error-migration", test_error_migration);
    qtest_add_func("spapr-vscsi/bad-migration", test_bad_migration);
    qtest_add_func("spapr-vscsi/bad-error-migration",
                   test_bad_error_migration);
    qtest_add_func("spapr-vscsi/closed-error-migration",
                   test_closed_error_migration);
    qtest_add_func("spapr-vscsi/hotplug", test_hotplug);
    qtest_add_func("spapr-vscsi/addresses", test_addresses);
    qtest_add_func("spapr-vscsi/passthrough", test_passthrough);
    qtest_add_func("spapr-vscsi/drives", test_drives);
    ret = g_test_run();
    rmdir(tmp_dir);
    g_free(tmp_dir);
    return ret;
}
