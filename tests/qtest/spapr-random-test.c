/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest of the sPAPR board: random calls
 *
 * A guest that has lost its mind, or means harm: hypercalls and RTAS calls with
 * arguments that are random, though not uniformly. Most of them are such as
 * could be right, so that the modules get into deep states; some are edges of
 * what is right, and some are plain nonsense. Whatever the answers are, the
 * machine has to stay alive, must not hang, and must not grow.
 *
 * The environment may have:
 *
 * SPAPR_RANDOM_SEED    the seed, a number; it is printed, and again on failure
 * SPAPR_RANDOM_CALLS   how many calls all machines together are to get
 * SPAPR_RANDOM_BATCH   how many calls are sent at once; with 1 a failure shows
 *                      which call it was
 *
 * What is drawn depends on the seed alone and not on any answer, so that a
 * failure comes again with the same seed and number of calls. That does not
 * hold for the tests below "guest", where processors call at the same time.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/units.h"
#include "hw/misc/spapr_crq_testdev.h"
#include "hw/scsi/spapr_srp.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"

#include <libfdt.h>

#define DEFAULT_CALLS       500000
#define DEFAULT_BATCH       64
#define MAX_BATCH           64

#define RAM_SIZE            (256 * MiB)

/* Guest memory: for each call a slot for what its arguments point to */
#define ARENA_ADDR          (64 * MiB)
#define SLOTS               64
#define SLOT_SIZE           512
#define ARENA_SIZE          (SLOTS * SLOT_SIZE)
/* Where larger answers go, and a flattened device tree that may be broken */
#define SCRATCH_ADDR        (ARENA_ADDR + MiB)
#define FDT_ADDR            (ARENA_ADDR + 2 * MiB)
#define RTAS_ADDR           (ARENA_ADDR + 3 * MiB)

/* What firmware adds to a tree */
#define TREE_ROOM           256

/* The unit address of the device behind the terminal */
#define TESTDEV_UNIT        0x71000001
#define LAN_UNIT            0x71000002  /* and the next one */
/* The SCSI adapter after it: its queue, and where its DMA finds the arena */
#define VSCSI_UNIT          0x71000004
#define VSCSI_QUEUE         (ARENA_ADDR + 4 * MiB)
#define VSCSI_ARENA_IOBA    0x200000
#define VSCSI_QUEUE_IOBA    0x300000
#define VSCSI_LOGIN_IOBA    (VSCSI_QUEUE_IOBA + 4 * KiB)

/* Where a guest of ours goes round; see below */
#define GUEST_LOOP          0x2000

#define RTAS_HEADER_CELLS   3
#define RTAS_MAX_ARGS       8
#define VOF_MAX_ARGS        5

/* After so many calls each: */
#define CALLS_PER_TREE      8192    /* a new tree at FDT_ADDR */
#define CALLS_PER_STEP      512     /* some time passes */
#define CALLS_PER_CHECK     512     /* the machine is looked at */
#define CALLS_PER_EVENT     4096    /* the operator meddles */

/* How many calls bring nearly everything to its full size */
#define CALLS_TO_SETTLE     16384

/* Longer than any batch takes on a loaded host */
#define HANG_S              120

/*
 * How much QEMU's own memory may grow, once everything has been called; a
 * sanitizer keeps back what was freed
 */
#ifdef QEMU_SANITIZE_ADDRESS
#define GROWTH_KIB          (128 * KiB)
#else
#define GROWTH_KIB          (16 * KiB)
#endif
#define NEW_FILES           8

/* For a failure's sake: the latest batches */
#define HISTORY             4

typedef struct Machine {
    const char *name;
    const char *options;
    unsigned cpus;
} Machine;

/* A machine and the source of all that it is to suffer */
typedef struct Fuzz {
    QTestState *qts;
    const Machine *machine;
    GRand *rng;
    uint32_t seed;

    void *fdt;              /* as the machine started with it */
    GPtrArray *services;    /* names of what /rtas has tokens for */

    uint64_t n;             /* calls drawn so far */
    uint8_t arena[ARENA_SIZE];
    uint64_t arena_addr;
    uint64_t recent[16];    /* addresses that other calls were given */
    unsigned nrecent;
    bool datagram;          /* is what goes to the SCSI adapter */

    GString *history[HISTORY];
    unsigned nhistory;
    bool told;
    unsigned resets;
    unsigned stalls;        /* resets in a row that brought nothing */
    uint64_t memory_kib;    /* QEMU's own, as it was after a while */
    unsigned files;
} Fuzz;

typedef struct Call {
    unsigned cpu;
    uint64_t token;
    uint64_t args[SPAPR_QTEST_REGS];
} Call;

/* A source of one argument */
typedef uint64_t Draw(Fuzz *fuzz);

/*
 * Sources of numbers
 */

static uint64_t below(Fuzz *fuzz, uint64_t n)
{
    return g_rand_int(fuzz->rng) % n;
}

static bool one_in(Fuzz *fuzz, unsigned n)
{
    return below(fuzz, n) == 0;
}

static uint64_t word(Fuzz *fuzz)
{
    return (uint64_t)g_rand_int(fuzz->rng) << 32 | g_rand_int(fuzz->rng);
}

#define ANY_OF(fuzz, values)    ((values)[below((fuzz), ARRAY_SIZE(values))])

static uint64_t evil(Fuzz *fuzz)
{
    static const uint64_t values[] = {
        0, 1, -1, -2, -8, INT64_MIN, INT64_MAX, INT32_MAX, UINT32_MAX,
        1ull << 31, 1ull << 32, 1ull << 40, 1ull << 60, 0xc000000000000000,
        0xfffffffffffff000, 0xfffffffffffffff8, 0x8000000000001000,
    };

    switch (below(fuzz, 4)) {
    case 0:
        return RAM_SIZE - 16 + below(fuzz, 32);
    case 1:
        return word(fuzz);
    default:
        return ANY_OF(fuzz, values);
    }
}

static uint64_t zero(Fuzz *fuzz)
{
    return 0;
}

static uint64_t small(Fuzz *fuzz)
{
    return below(fuzz, 9);
}

/* A bit or two, or none */
static uint64_t bits(Fuzz *fuzz)
{
    uint64_t value = 0;

    for (unsigned n = below(fuzz, 3); n > 0; n--) {
        value |= 1ull << below(fuzz, 64);
    }
    return value;
}

static uint64_t length(Fuzz *fuzz)
{
    uint64_t power = 1ull << below(fuzz, 18);

    return one_in(fuzz, 2) ? below(fuzz, 64) : power - 1 + below(fuzz, 3);
}

/*
 * Sources of addresses
 */

static unsigned slot_offset(Fuzz *fuzz)
{
    return fuzz->n % SLOTS * SLOT_SIZE;
}

static uint64_t remember(Fuzz *fuzz, uint64_t addr)
{
    fuzz->recent[fuzz->nrecent++ % ARRAY_SIZE(fuzz->recent)] = addr;
    return addr;
}

/* This call's own memory */
static uint64_t slot(Fuzz *fuzz)
{
    return remember(fuzz, fuzz->arena_addr + slot_offset(fuzz));
}

static void put_u8(Fuzz *fuzz, unsigned offset, uint8_t value)
{
    g_assert_cmpuint(offset, <, SLOT_SIZE);
    fuzz->arena[slot_offset(fuzz) + offset] = value;
}

static void put_u32(Fuzz *fuzz, unsigned offset, uint32_t value)
{
    g_assert_cmpuint(offset, <=, SLOT_SIZE - sizeof(value));
    stl_be_p(&fuzz->arena[slot_offset(fuzz) + offset], value);
}

static uint32_t put_string(Fuzz *fuzz, unsigned offset, const char *string)
{
    g_assert_cmpuint(offset + strlen(string), <, SLOT_SIZE);
    strcpy((char *)&fuzz->arena[slot_offset(fuzz) + offset], string);
    return slot(fuzz) + offset;
}

/* Somewhere in memory, or close to its end, or where another call was */
static uint64_t address(Fuzz *fuzz)
{
    switch (below(fuzz, 6)) {
    case 0:
        return fuzz->recent[below(fuzz, ARRAY_SIZE(fuzz->recent))];
    case 1:
        return fuzz->recent[below(fuzz, ARRAY_SIZE(fuzz->recent))] +
               below(fuzz, 32) - 16;
    case 2:
        return remember(fuzz, SCRATCH_ADDR + below(fuzz, MiB));
    case 3:
        return remember(fuzz, RAM_SIZE - 8 * below(fuzz, 64));
    default:
        return slot(fuzz) + 8 * below(fuzz, 16);
    }
}

static uint64_t page(Fuzz *fuzz)
{
    return ROUND_DOWN(address(fuzz), 4 * KiB);
}

static uint64_t aligned(Fuzz *fuzz)
{
    return ROUND_DOWN(SCRATCH_ADDR + below(fuzz, MiB), 1u << below(fuzz, 20));
}

static uint64_t scratch(Fuzz *fuzz)
{
    return SCRATCH_ADDR;
}

static uint64_t tree(Fuzz *fuzz)
{
    return FDT_ADDR;
}

static uint64_t any(Fuzz *fuzz)
{
    static Draw *const draws[] = { evil, zero, small, bits, length, address };

    return ANY_OF(fuzz, draws)(fuzz);
}

/*
 * Sources of what some calls want
 */

static uint64_t processor(Fuzz *fuzz)
{
    return below(fuzz, fuzz->machine->cpus + 1);
}

static uint64_t dispatch_count(Fuzz *fuzz)
{
    return below(fuzz, 4);
}

static uint64_t page_flags(Fuzz *fuzz)
{
    static const unsigned places[] = {  /* as the LoPAR counts bits */
        20, 24, 26, 27, 32, 33, 40, 41, 48, 49, 50, 51, 52, 55, 61, 62, 63,
    };
    uint64_t flags = 0;

    for (unsigned n = below(fuzz, 4); n > 0; n--) {
        flags |= 1ull << (63 - ANY_OF(fuzz, places));
    }
    return flags;
}

/* Few of the table's entries, so that they get used; and its end */
static uint64_t page_index(Fuzz *fuzz)
{
    unsigned shift = 10 + below(fuzz, 10);

    return one_in(fuzz, 8) ? (1ull << shift) - 4 + below(fuzz, 8)
                           : below(fuzz, 64);
}

/* A valid entry; the segments are few, too */
static uint64_t page_entry0(Fuzz *fuzz)
{
    uint64_t low[] = { 1, 1, 1, 3, 5, 7, 0, below(fuzz, 128) };
    uint64_t size = one_in(fuzz, 4) ? 1ull << 62 : 0;

    return size | below(fuzz, 8) << 12 | below(fuzz, 4) << 7 |
           ANY_OF(fuzz, low);
}

static uint64_t page_entry1(Fuzz *fuzz)
{
    uint64_t attributes = one_in(fuzz, 8) ? below(fuzz, 16) << 3 : 0x10;
    uint64_t size = one_in(fuzz, 4) ? below(fuzz, 256) << 12 : 0;

    return (page(fuzz) & ~size) | size | attributes | below(fuzz, 8) |
           (one_in(fuzz, 4) ? bits(fuzz) : 0);
}

static uint64_t bulk_specifier(Fuzz *fuzz)
{
    return (one_in(fuzz, 8) ? below(fuzz, 4) : 1) << 62 |
           below(fuzz, 4) << 56 | page_index(fuzz);
}

static uint64_t block_specifier(Fuzz *fuzz)
{
    return (one_in(fuzz, 8) ? below(fuzz, 256) : 0xa0) << 56 |
           (page_index(fuzz) & ~7ull);
}

static uint64_t table_shift(Fuzz *fuzz)
{
    return one_in(fuzz, 4) ? below(fuzz, 64) : 18 + below(fuzz, 5);
}

static uint64_t area_function(Fuzz *fuzz)
{
    return below(fuzz, 8) << 45;
}

/* An area that tells its size; both widths of it are used */
static uint64_t area(Fuzz *fuzz)
{
    static const uint32_t sizes[] = {
        640 << 16, 1024 << 16, 0xffff << 16, 639 << 16,
        8, 7, 48, 47, 128, 4096, 65536, INT32_MAX, UINT32_MAX, 0,
    };
    unsigned offset = below(fuzz, 2) * 128;

    put_u32(fuzz, offset + 4, ANY_OF(fuzz, sizes));
    return remember(fuzz, slot(fuzz) + offset);
}

static uint64_t process_table_flags(Fuzz *fuzz)
{
    static const uint8_t flags[] = { 0x18, 0x1c, 0x1d, 0x10, 0x14, 0x04, 0 };

    return one_in(fuzz, 4) ? below(fuzz, 64) : ANY_OF(fuzz, flags);
}

static uint64_t table_size(Fuzz *fuzz)
{
    return below(fuzz, 26);
}

static uint64_t clean_flags(Fuzz *fuzz)
{
    static const uint32_t flags[] = { 1, 2, 3, 0x102, 0x10002, 0x10102, 0 };

    return ANY_OF(fuzz, flags);
}

static uint64_t access_size(Fuzz *fuzz)
{
    return 1u << below(fuzz, 5);
}

static uint64_t mode_resource(Fuzz *fuzz)
{
    return below(fuzz, 7);
}

static uint64_t unit(Fuzz *fuzz)
{
    static const uint32_t units[] = {
        0, 0x71000000, 0x71000000, 0x71000001, VSCSI_UNIT, 0x71000003,
        0x71000fff, 0x30000000, 0x30000001,
    };

    return ANY_OF(fuzz, units);
}

static uint64_t source(Fuzz *fuzz)
{
    static const uint32_t sources[] = {
        0x1000, 0x1001, 0x1100, 0x1101, 0x1102, 0x12ff, 0x1300, 0x1301, 0x1302,
        0x1303, 0x1380, 0x1381, 0x1bc0, 0x1bc1, 0x1fff, 0x2000, 0xfff, 0, 2,
        16,
    };

    return ANY_OF(fuzz, sources);
}

/* LIOBNs of DMA windows of PCI */
static uint64_t pci_window(Fuzz *fuzz)
{
    return 0x80000000 | below(fuzz, 4);
}

/* Mostly the test device's or the LAN's, which is also its LIOBN */
static uint64_t adapter(Fuzz *fuzz)
{
    if (one_in(fuzz, 8)) {
        return pci_window(fuzz);
    }
    return one_in(fuzz, 8) ? unit(fuzz) : TESTDEV_UNIT + one_in(fuzz, 3);
}

static uint64_t lan(Fuzz *fuzz)
{
    return one_in(fuzz, 16) ? adapter(fuzz) : LAN_UNIT + below(fuzz, 2);
}

/* Few pages, so that they get mapped; and the window's end */
static uint64_t io_page(Fuzz *fuzz)
{
    uint64_t base = one_in(fuzz, 8) ? CRQ_TESTDEV_WINDOW - 8 * 4 * KiB : 0;

    return base + below(fuzz, 16) * 4 * KiB;
}

static uint64_t io_address(Fuzz *fuzz)
{
    return io_page(fuzz) + (one_in(fuzz, 2) ? 0 : 16 * below(fuzz, 256));
}

static uint64_t tce(Fuzz *fuzz)
{
    return page(fuzz) | (one_in(fuzz, 8) ? below(fuzz, 4) : 3);
}

static uint64_t tce_count(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? length(fuzz) : below(fuzz, 16);
}

/* A page full of TCEs is a slot's worth of them here, and what follows it */
static uint64_t tce_list(Fuzz *fuzz)
{
    for (unsigned i = 0; i < 8; i++) {
        put_u32(fuzz, 8 * i, 0);
        put_u32(fuzz, 8 * i + 4, tce(fuzz));
    }
    return page(fuzz);
}

/* Of frames and receive buffers; mostly of lengths that they have */
static uint64_t lan_descriptor(Fuzz *fuzz)
{
    uint64_t control = 0x80 | (one_in(fuzz, 4) ? below(fuzz, 0x80) : 0);
    uint64_t len = one_in(fuzz, 16) ? bits(fuzz) & 0xffffff :
                                      (14 + below(fuzz, 600)) & ~3;

    return one_in(fuzz, 16) ? 0 : control << 56 | len << 32 | io_address(fuzz);
}

/* More descriptors: less often of something */
static uint64_t lan_more(Fuzz *fuzz)
{
    return one_in(fuzz, 2) ? lan_descriptor(fuzz) : 0;
}

static uint64_t lan_queue(Fuzz *fuzz)
{
    return (0x80ULL << 24 | 16 * (1 + below(fuzz, 64))) << 32 | io_page(fuzz);
}

static uint64_t mac_address(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? below(fuzz, 2) * any(fuzz) :
                             0x333300000000 + below(fuzz, 300);
}

static uint64_t multicast_flags(Fuzz *fuzz)
{
    return one_in(fuzz, 16) ? any(fuzz) : below(fuzz, 16) << 16 |
                                          below(fuzz, 4);
}

static uint64_t lan_attributes(Fuzz *fuzz)
{
    static const uint32_t known[] = { 0, 2, 4, 6, 0x1000, 0x10006, 0x10002 };

    return one_in(fuzz, 8) ? bits(fuzz) : ANY_OF(fuzz, known);
}

static uint64_t queue_size(Fuzz *fuzz)
{
    return (1 + below(fuzz, 4)) * 4 * KiB;
}

/* Header, format and parameters of a message */
static uint64_t message(Fuzz *fuzz)
{
    static const uint8_t headers[] = { 0x80, 0x80, 0x80, 0x80, 0xc0, 0xff, 0 };
    uint64_t parms = one_in(fuzz, 2) ? io_address(fuzz) : bits(fuzz);

    return (uint64_t)ANY_OF(fuzz, headers) << 56 | below(fuzz, 8) << 48 |
           below(fuzz, 0x400) << 32 | (uint32_t)parms;
}

/* I/O address, or number of a sub-CRQ: the second half of a message */
static uint64_t message_low(Fuzz *fuzz)
{
    return one_in(fuzz, 2) ? below(fuzz, 6) : io_address(fuzz);
}

static uint64_t vscsi_unit(Fuzz *fuzz)
{
    return VSCSI_UNIT;
}

static uint64_t vscsi_message(Fuzz *fuzz)
{
    uint64_t format;
    uint64_t len = one_in(fuzz, 64) ? length(fuzz) & 0xffff :
                   64 + below(fuzz, 193);

    fuzz->datagram = one_in(fuzz, 4);
    format = one_in(fuzz, 64) ? below(fuzz, 8) : 1 + fuzz->datagram;
    return 0x80ULL << 56 | format << 48 | len;
}

/* Where a buffer may be: most of the arena is no information unit by now */
static uint32_t vscsi_buffer(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? any(fuzz) :
                             VSCSI_ARENA_IOBA + below(fuzz, ARENA_SIZE);
}

/* An information unit, or a datagram, nearly as it should be */
static uint64_t vscsi_iu(Fuzz *fuzz)
{
    static const uint8_t opcodes[] = { SRP_CMD, SRP_CMD, SRP_CMD, SRP_CMD,
                                       SRP_CMD, SRP_TSK_MGMT };
    static const uint8_t formats[] = { 0x01, 0x10, 0x02, 0x20, 0, 0x11, 0x22 };
    static const uint8_t commands[] = {
        0, 0x03, 0x12, 0x15, 0x1a, 0x1b, 0x25, 0x28, 0x28, 0x2a, 0x2a, 0x2f,
        0x35, 0x41, 0x42, 0x55, 0x5a, 0x88, 0x8a, 0x93, 0x9e, 0xa0,
    };

    for (unsigned i = 0; i < 256; i += 4) {
        put_u32(fuzz, i, one_in(fuzz, 2) ? 0 : small(fuzz));
    }
    if (fuzz->datagram) {
        put_u32(fuzz, MAD_OFS_TYPE, below(fuzz, 10));
        put_u32(fuzz, MAD_OFS_STATUS, length(fuzz));
    } else {
        put_u8(fuzz, 0, one_in(fuzz, 64) ? below(fuzz, 4) :
                                           ANY_OF(fuzz, opcodes));
    }
    put_u8(fuzz, SRP_CMD_OFS_BUF_FORMATS, one_in(fuzz, 32) ? word(fuzz) :
                                          ANY_OF(fuzz, formats));
    put_u8(fuzz, SRP_CMD_OFS_OUT_COUNT, below(fuzz, 4));
    put_u8(fuzz, SRP_CMD_OFS_IN_COUNT, below(fuzz, 4));
    put_u32(fuzz, SRP_CMD_OFS_LUN, one_in(fuzz, 8) ? word(fuzz) : 0x80000000);
    put_u8(fuzz, SRP_TSK_OFS_FUNCTION, 1 << below(fuzz, 5));
    put_u8(fuzz, SRP_CMD_OFS_ADD_CDB_LEN, one_in(fuzz, 32) ? word(fuzz) : 0);
    put_u8(fuzz, SRP_CMD_OFS_CDB, one_in(fuzz, 16) ? word(fuzz) :
                                  ANY_OF(fuzz, commands));
    for (unsigned i = SRP_CMD_LEN; i <= 240; i += SRP_DESC_LEN) {
        /* Those in an indirect list are four bytes further on */
        unsigned at = i + 4 * below(fuzz, 2);

        put_u32(fuzz, at, one_in(fuzz, 16) ? word(fuzz) : 0);
        put_u32(fuzz, at + 4, vscsi_buffer(fuzz));
        put_u32(fuzz, at + 12, one_in(fuzz, 2) ? 16 * below(fuzz, 64) :
                                                 length(fuzz));
    }
    return VSCSI_ARENA_IOBA + slot_offset(fuzz);
}

static uint64_t sub_handle(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? below(fuzz, 6) : CRQ_TESTDEV_SUB_HANDLE;
}

static uint64_t subfunction(Fuzz *fuzz)
{
    static const uint8_t known[] = { 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15 };

    return one_in(fuzz, 4) ? below(fuzz, 0x22) : ANY_OF(fuzz, known);
}

static uint64_t io_descriptor(Fuzz *fuzz)
{
    switch (below(fuzz, 4)) {
    case 0:
        return source(fuzz);
    case 1:
        return 0;
    default:
        return length(fuzz) << 32 | io_address(fuzz);
    }
}

static uint64_t priority(Fuzz *fuzz)
{
    static const uint8_t priorities[] = { 0, 1, 4, 5, 6, 254, 255 };

    return ANY_OF(fuzz, priorities);
}

/* XIRR: a priority and a source */
static uint64_t xirr(Fuzz *fuzz)
{
    return priority(fuzz) << 24 | source(fuzz);
}

static uint64_t parameter(Fuzz *fuzz)
{
    static const uint16_t tokens[] = {
        0, 1, 18, 20, 22, 24, 36, 42, 43, 48, 50, 55,
    };

    return one_in(fuzz, 2) ? ANY_OF(fuzz, tokens) : below(fuzz, 64);
}

/* A buffer that begins with its length, for set-system-parameter */
static uint64_t counted(Fuzz *fuzz)
{
    put_u32(fuzz, 0, (uint32_t)length(fuzz) << 16 | (uint16_t)word(fuzz));
    return slot(fuzz);
}

static uint64_t year(Fuzz *fuzz)
{
    return 1960 + below(fuzz, 150);
}

static uint64_t clock_field(Fuzz *fuzz)
{
    return below(fuzz, one_in(fuzz, 16) ? 70 : 13);
}

static uint64_t characters(Fuzz *fuzz)
{
    return below(fuzz, 18);
}

static uint64_t element_shift(Fuzz *fuzz)
{
    return below(fuzz, 5);
}

static uint64_t operation(Fuzz *fuzz)
{
    return below(fuzz, 3);
}

static uint64_t event_mask(Fuzz *fuzz)
{
    static const uint32_t masks[] = {
        0xffffffff, 0x80000000, 0x40000000, 0x20000000, 0x10000000, 0xf0000000,
    };

    return ANY_OF(fuzz, masks);
}

static uint64_t vector(Fuzz *fuzz)
{
    static const uint16_t vectors[] = { 0x500, 0x500, 0x100, 0x200, 0 };

    return ANY_OF(fuzz, vectors);
}

static uint64_t sensor(Fuzz *fuzz)
{
    static const uint16_t sensors[] = {
        1, 2, 3, 5, 9, 9001, 9002, 9003, 9005, 9006, 9007,
    };

    return ANY_OF(fuzz, sensors);
}

/* An index: small numbers, or those of the slots that have something, or may */
static uint64_t instance(Fuzz *fuzz)
{
    static const uint32_t connectors[] = {
        0x40000008, 0x40000010, 0x40000018, 0x40000020, 0x40000028, 0x40000108,
        0x4000001f, 0x40010000,
    };

    return one_in(fuzz, 3) ? small(fuzz) : ANY_OF(fuzz, connectors);
}

static uint64_t power_level(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? word(fuzz) : 100 * below(fuzz, 2);
}

/* How far a guest is with a connector, or pretends to be */
static uint64_t connector_area(Fuzz *fuzz)
{
    put_u32(fuzz, 0, instance(fuzz));
    put_u32(fuzz, 4, one_in(fuzz, 8) ? word(fuzz) : below(fuzz, 24));
    return slot(fuzz);
}

/* A location code, with its length in front */
static uint64_t location(Fuzz *fuzz)
{
    static const char *const codes[] = { "", "U", "U8286.42A.0000000-V1" };
    const char *code = ANY_OF(fuzz, codes);

    put_u32(fuzz, 0, one_in(fuzz, 4) ? length(fuzz) : strlen(code) + 1);
    put_string(fuzz, 4, code);
    return slot(fuzz);
}

static uint64_t location_string(Fuzz *fuzz)
{
    return location(fuzz) + 4;
}

/* What a guest's routine for machine checks may be at */
static uint64_t routine(Fuzz *fuzz)
{
    return one_in(fuzz, 2) ? GUEST_LOOP : address(fuzz);
}

static uint64_t open_token(Fuzz *fuzz)
{
    return below(fuzz, 32);
}

static uint64_t error_class(Fuzz *fuzz)
{
    return below(fuzz, 20);
}

static uint64_t associativity_kind(Fuzz *fuzz)
{
    return below(fuzz, 4);
}

/*
 * ibm,architecture.vec: processor versions, and option vectors up to the one
 * for interrupt controller and MMU
 */
static uint64_t architecture_vec(Fuzz *fuzz)
{
    static const uint32_t versions[][2] = {
        { 0xffff0000, 0x003f0000 }, { 0xffff0000, 0x004d0000 },
        { 0xffff0000, 0x004e0000 }, { 0xffff0000, 0x00800000 },
        { 0xffffffff, 0x0f000003 }, { 0xffffffff, 0x0f000004 },
        { 0xffffffff, 0x0f000005 }, { 0xffffffff, 0x0f000006 },
    };
    unsigned at = 0, vectors = below(fuzz, 8);

    for (unsigned n = below(fuzz, 8); n > 0; n--) {
        const uint32_t *version = ANY_OF(fuzz, versions);

        put_u32(fuzz, at, version[0]);
        put_u32(fuzz, at + 4, version[1]);
        at += 8;
    }
    /* The end, if it is one, and how many vectors there are besides one */
    put_u32(fuzz, at, one_in(fuzz, 8) ? word(fuzz) : 0);
    put_u32(fuzz, at + 4, one_in(fuzz, 8) ? word(fuzz) : 0x0f000005);
    at += 8;
    put_u8(fuzz, at++, one_in(fuzz, 8) ? word(fuzz) : vectors);
    for (unsigned i = 0; i <= vectors; i++) {
        unsigned bytes = i == 4 ? 26 : 1 + below(fuzz, 8);

        put_u8(fuzz, at++, one_in(fuzz, 16) ? word(fuzz) : bytes - 1);
        for (unsigned b = 1; b <= bytes; b++) {
            bool choice = i == 4 && (b == 23 || b == 24);

            put_u8(fuzz, at++, choice ? below(fuzz, 4) << 6 : word(fuzz));
        }
    }
    return slot(fuzz);
}

/* XIVE: sources of devices and of the guest's own */
static uint64_t lisn(Fuzz *fuzz)
{
    return one_in(fuzz, 2) ? source(fuzz) : processor(fuzz);
}

static uint64_t queue_priority(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? priority(fuzz) : below(fuzz, 8);
}

static uint64_t queue_shift(Fuzz *fuzz)
{
    static const uint8_t shifts[] = { 0, 12, 12, 16, 21, 24 };

    return one_in(fuzz, 8) ? small(fuzz) : ANY_OF(fuzz, shifts);
}

/* A few flags at the low end, as most calls have them */
static uint64_t low_flags(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? bits(fuzz) : below(fuzz, 4);
}

static uint64_t event_offset(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? any(fuzz) : below(fuzz, 16) * 0x100;
}

/* Pages of sources, of queues and of the thread context */
static uint64_t event_page(Fuzz *fuzz)
{
    uint64_t offset = below(fuzz, 16) * 0x100 + below(fuzz, 0x20);

    switch (below(fuzz, 3)) {
    case 0:
        return 0x4000000000000 + 0x20000 * lisn(fuzz) +
               0x10000 * below(fuzz, 2) + offset;
    case 1:
        return 0x4001000000000 + 0x10000 * below(fuzz, 80) + offset;
    default:
        return 0x4002000000000 + 0x10000 * below(fuzz, 3) + offset;
    }
}

/* PCI functions, mostly such as there are */
static uint64_t config_addr(Fuzz *fuzz)
{
    return one_in(fuzz, 16) ? word(fuzz) : below(fuzz, 5) << 11;
}

/* The same with a register: those that everybody has, and the capabilities */
static uint64_t config_register(Fuzz *fuzz)
{
    return config_addr(fuzz) | (below(fuzz, 0x40) << 2);
}

static uint64_t bridge_hi(Fuzz *fuzz)
{
    return one_in(fuzz, 32) ? word(fuzz) : 0x08000000;
}

static uint64_t bridge_lo(Fuzz *fuzz)
{
    return one_in(fuzz, 32) ? word(fuzz) : 0x20000000;
}

/* What is behind a bridge as a whole, or a function of it */
static uint64_t endpoint(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? config_addr(fuzz) : 0xff00;
}

/* A work buffer for an error to be injected, of PCI or another */
static uint64_t error_buffer(Fuzz *fuzz)
{
    unsigned who = one_in(fuzz, 2) ? 2 : 4;

    for (unsigned i = 0; i < 16; i++) {
        put_u32(fuzz, 4 * i, one_in(fuzz, 4) ? any(fuzz) : small(fuzz));
    }
    if (one_in(fuzz, 2)) {
        /* An address and a mask are before it, which error is behind it */
        put_u32(fuzz, 4 * who, endpoint(fuzz));
        put_u32(fuzz, 4 * who + 4, bridge_hi(fuzz));
        put_u32(fuzz, 4 * who + 8, bridge_lo(fuzz));
        put_u32(fuzz, 4 * who + 12, below(fuzz, 24));
    }
    return slot(fuzz);
}

static uint64_t config_size(Fuzz *fuzz)
{
    return one_in(fuzz, 16) ? word(fuzz) : 1 << below(fuzz, 3);
}

static uint64_t one(Fuzz *fuzz)
{
    return one_in(fuzz, 16) ? word(fuzz) : 1;
}

static uint64_t page_shift(Fuzz *fuzz)
{
    static const uint32_t shifts[] = { 12, 16, 21, 24, 25, 64, -1 };

    return ANY_OF(fuzz, shifts);
}

static uint64_t window_shift(Fuzz *fuzz)
{
    return one_in(fuzz, 16) ? word(fuzz) : 12 + below(fuzz, 32);
}

/* Enough for a tree, but sometimes not */
static uint64_t tree_room(Fuzz *fuzz)
{
    return one_in(fuzz, 32) ? length(fuzz) : 256 * KiB;
}

/*
 * RTAS
 */

typedef struct Service {
    const char *name;
    unsigned nargs;
    unsigned nret;
    Draw *draws[RTAS_MAX_ARGS];
    bool rare;              /* it ends the machine, or stops a processor */
} Service;

static const Service services[] = {
    { "check-exception", 6, 1,
      { vector, source, event_mask, small, address, length } },
    { "display-character", 1, 1, { small } },
    { "event-scan", 4, 1, { event_mask, small, address, length } },
    { "get-power-level", 1, 2, { instance } },
    { "get-sensor-state", 2, 2, { sensor, instance } },
    { "get-time-of-day", 0, 8 },
    { "ibm,change-msi", 6, 4, { config_addr, bridge_hi, bridge_lo, small,
                                small, one } },
    { "ibm,close-errinjct", 1, 1, { open_token } },
    { "ibm,configure-bridge", 3, 1, { endpoint, bridge_hi, bridge_lo } },
    { "ibm,configure-connector", 2, 1, { connector_area, zero } },
    { "ibm,configure-pe", 3, 1, { endpoint, bridge_hi, bridge_lo } },
    { "ibm,create-pe-dma-window", 5, 4, { config_addr, bridge_hi, bridge_lo,
                                          page_shift, window_shift } },
    { "ibm,errinjct", 3, 1, { error_class, open_token, error_buffer } },
    { "ibm,get-config-addr-info2", 4, 2, { endpoint, bridge_hi, bridge_lo,
                                           small } },
    { "ibm,get-dynamic-sensor-state", 2, 2, { sensor, location } },
    { "ibm,get-indices", 5, 2, { small, sensor, address, length, small } },
    { "ibm,get-system-parameter", 3, 1, { parameter, address, length } },
    { "ibm,get-vpd", 4, 3, { location_string, address, length, small } },
    { "ibm,get-xive", 1, 3, { source } },
    { "ibm,int-off", 1, 1, { source } },
    { "ibm,int-on", 1, 1, { source } },
    { "ibm,nmi-interlock", 0, 1 },
    { "ibm,nmi-register", 2, 1, { routine, routine } },
    { "ibm,open-errinjct", 0, 2 },
    { "ibm,os-term", 1, 1, { location_string }, true },
    { "ibm,query-interrupt-source-number", 4, 3, { config_addr, bridge_hi,
                                                   bridge_lo, small } },
    { "ibm,query-pe-dma-window", 3, 6, { config_addr, bridge_hi,
                                         bridge_lo } },
    { "ibm,read-pci-config", 4, 2, { config_register, bridge_hi, bridge_lo,
                                     config_size } },
    { "ibm,read-slot-reset-state2", 3, 5, { endpoint, bridge_hi,
                                            bridge_lo } },
    { "ibm,remove-pe-dma-window", 1, 1, { pci_window } },
    { "ibm,reset-pe-dma-windows", 3, 1, { config_addr, bridge_hi,
                                          bridge_lo } },
    { "ibm,set-dynamic-indicator", 3, 1, { sensor, small, location } },
    { "ibm,set-eeh-option", 4, 1, { endpoint, bridge_hi, bridge_lo, small } },
    { "ibm,set-slot-reset", 4, 1, { endpoint, bridge_hi, bridge_lo, small } },
    { "ibm,set-system-parameter", 2, 1, { parameter, counted } },
    { "ibm,set-xive", 3, 1, { source, processor, priority } },
    { "ibm,slot-error-detail", 8, 1, { endpoint, bridge_hi, bridge_lo, address,
                                       length, address, length, small } },
    { "ibm,write-pci-config", 5, 1, { config_register, bridge_hi, bridge_lo,
                                      config_size, word } },
    { "nvram-fetch", 3, 2, { length, address, length } },
    { "nvram-store", 3, 2, { length, address, length } },
    { "power-off", 2, 1, { any, any }, true },
    { "query-cpu-stopped-state", 1, 2, { processor } },
    { "quiesce", 0, 0 },
    { "rtas-last-error", 2, 1, { address, length } },
    { "set-indicator", 3, 1, { sensor, instance, small } },
    { "set-power-level", 2, 2, { instance, power_level }, true },
    { "set-time-for-power-on", 7, 1,
      { year, clock_field, clock_field, clock_field, clock_field, clock_field,
        length } },
    { "set-time-of-day", 7, 1,
      { year, clock_field, clock_field, clock_field, clock_field, clock_field,
        length } },
    { "start-cpu", 3, 1, { processor, address, any } },
    { "stop-self", 0, 1, {}, true },
    { "system-reboot", 0, 1, {}, true },
};

static const Service *find_service(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(services); i++) {
        if (g_str_equal(services[i].name, name)) {
            return &services[i];
        }
    }
    return NULL;
}

/* One of the board's services, though seldom one that ends it all */
static const char *pick_service(Fuzz *fuzz)
{
    const char *name;
    const Service *service;

    do {
        name = g_ptr_array_index(fuzz->services,
                                 below(fuzz, fuzz->services->len));
        service = find_service(name);
    } while (service && service->rare && !one_in(fuzz, 32));
    return name;
}

static uint64_t draw(Fuzz *fuzz, Draw *fn)
{
    if (!fn || one_in(fuzz, 16)) {
        return any(fuzz);
    }
    return one_in(fuzz, 16) ? evil(fuzz) : fn(fuzz);
}

/*
 * An argument buffer. For a service that the table above does not know, any
 * count is as good as another.
 */
static uint64_t rtas_buffer(Fuzz *fuzz)
{
    const char *name = pick_service(fuzz);
    const Service *service = find_service(name);
    uint32_t token = spapr_qtest_rtas_token(fuzz->fdt, name);
    uint32_t nargs = service ? service->nargs : below(fuzz, 7);
    uint32_t nret = service ? service->nret : 1 + below(fuzz, 4);
    uint32_t cells[RTAS_HEADER_CELLS + RTAS_MAX_ARGS];

    /* The arguments first: they may want the slot for themselves */
    for (unsigned i = 0; i < RTAS_MAX_ARGS; i++) {
        cells[RTAS_HEADER_CELLS + i] =
            draw(fuzz, service ? service->draws[i] : NULL);
    }
    cells[0] = one_in(fuzz, 32) ? evil(fuzz) : token;
    cells[1] = one_in(fuzz, 32) ? evil(fuzz) : nargs + one_in(fuzz, 32);
    cells[2] = one_in(fuzz, 32) ? evil(fuzz) : nret + one_in(fuzz, 32);
    for (unsigned i = 0; i < ARRAY_SIZE(cells); i++) {
        put_u32(fuzz, SLOT_SIZE / 2 + 4 * i, cells[i]);
    }
    return slot(fuzz) + SLOT_SIZE / 2;
}

/*
 * VOF's client interface
 */

static uint64_t phandle(Fuzz *fuzz)
{
    return one_in(fuzz, 8) ? 0x1111 : below(fuzz, 40);
}

static uint64_t path(Fuzz *fuzz)
{
    static const char *const paths[] = {
        "/", "/chosen", "/cpus", "/rtas", "/memory@0", "/vdevice",
        "/vdevice/vty@71000000", "/vdevice/nvram@71000001", "/options",
        "", "//", "/rtas/", "/cpus/x", "no-such-alias",
        "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    return put_string(fuzz, 0, ANY_OF(fuzz, paths));
}

static uint64_t property(Fuzz *fuzz)
{
    static const char *const names[] = {
        "", "name", "reg", "bootargs", "stdout", "linux,initrd-start",
        "linux,initrd-end", "linux,rtas-base", "linux,rtas-entry", "compatible",
        "phandle", "ibm,architecture-vec-5", "available",
    };

    return put_string(fuzz, 96, ANY_OF(fuzz, names));
}

static uint64_t method(Fuzz *fuzz)
{
    static const char *const methods[] = {
        "ibm,client-architecture-support", "ibm,client-architecture-support",
        "instantiate-rtas", "interpret", "",
    };

    return put_string(fuzz, 192, ANY_OF(fuzz, methods));
}

static uint64_t alignment(Fuzz *fuzz)
{
    return one_in(fuzz, 2) ? 0 : 1u << below(fuzz, 25);
}

static const Service vof_services[] = {
    { "finddevice", 1, 1, { path } },
    { "getprop", 4, 1, { phandle, property, address, length } },
    { "getproplen", 2, 1, { phandle, property } },
    { "setprop", 4, 1, { phandle, property, address, length } },
    { "nextprop", 3, 1, { phandle, property, address } },
    { "peer", 1, 1, { phandle } },
    { "child", 1, 1, { phandle } },
    { "parent", 1, 1, { phandle } },
    { "open", 1, 1, { path } },
    { "close", 1, 0, { small } },
    { "instance-to-package", 1, 1, { small } },
    { "package-to-path", 3, 1, { phandle, address, length } },
    { "instance-to-path", 3, 1, { small, address, length } },
    { "write", 3, 1, { small, address, length } },
    { "claim", 3, 1, { address, length, alignment } },
    { "release", 2, 0, { address, length } },
    { "call-method", 3, 2, { method, small, architecture_vec } },
    { "interpret", 1, 1, { method } },
    { "milliseconds", 0, 1 },
    { "test", 1, 1, { method } },
    { "quiesce", 0, 0 },
    { "boot", 1, 0, { path }, true },
    { "exit", 0, 0, {}, true },
};

static uint64_t vof_buffer(Fuzz *fuzz)
{
    const Service *service;
    uint32_t cells[RTAS_HEADER_CELLS + VOF_MAX_ARGS];

    do {
        service = &ANY_OF(fuzz, vof_services);
    } while (service->rare && !one_in(fuzz, 32));
    for (unsigned i = 0; i < VOF_MAX_ARGS; i++) {
        cells[RTAS_HEADER_CELLS + i] = draw(fuzz, service->draws[i]);
    }
    cells[0] = put_string(fuzz, 3 * SLOT_SIZE / 4, service->name);
    cells[1] = one_in(fuzz, 32) ? evil(fuzz) : service->nargs;
    cells[2] = one_in(fuzz, 32) ? evil(fuzz) : service->nret;
    for (unsigned i = 0; i < ARRAY_SIZE(cells); i++) {
        put_u32(fuzz, SLOT_SIZE / 2 + 4 * i, cells[i]);
    }
    return slot(fuzz) + SLOT_SIZE / 2;
}

/*
 * Hypercalls
 */

typedef struct CallSpec {
    uint64_t token;
    Draw *draws[SPAPR_QTEST_REGS];
} CallSpec;

static const CallSpec calls[] = {
    { H_REMOVE, { page_flags, page_index, page_entry0 } },
    { H_ENTER, { page_flags, page_index, page_entry0, page_entry1 } },
    { H_ENTER, { page_flags, page_index, page_entry0, page_entry1 } },
    { H_READ, { page_flags, page_index } },
    { H_CLEAR_MOD, { page_flags, page_index } },
    { H_CLEAR_REF, { page_flags, page_index } },
    { H_PROTECT, { page_flags, page_index, page_entry0 } },
    { H_BULK_REMOVE, { bulk_specifier, page_entry0, bulk_specifier, page_entry0,
                       bulk_specifier, page_entry0, bulk_specifier,
                       page_entry0 } },
    { H_PAGE_INIT, { page_flags, page, page } },
    { H_SET_SPRG0, { any } },
    { H_SET_DABR, { any } },
    { H_SET_XDABR, { any, small } },
    { H_LOGICAL_CI_LOAD, { access_size, address } },
    { H_LOGICAL_CI_STORE, { access_size, address, any } },
    { H_LOGICAL_CACHE_LOAD, { access_size, address } },
    { H_LOGICAL_CACHE_STORE, { access_size, address, any } },
    { H_LOGICAL_ICBI, { address } },
    { H_LOGICAL_DCBF, { address } },
    { H_GET_TERM_CHAR, { unit } },
    { H_PUT_TERM_CHAR, { unit, characters, any, any } },
    { H_EOI, { xirr } },
    { H_CPPR, { priority } },
    { H_IPI, { processor, priority } },
    { H_IPOLL, { processor } },
    { H_XIRR, { priority } },
    { H_XIRR_X, { priority } },
    { H_LOGICAL_CI_LOAD, { access_size, event_page } },
    { H_LOGICAL_CI_LOAD, { access_size, event_page } },
    { H_LOGICAL_CI_STORE, { access_size, event_page, any } },
    { H_LOGICAL_CI_STORE, { access_size, event_page, any } },
    { H_INT_GET_SOURCE_INFO, { zero, lisn } },
    { H_INT_SET_SOURCE_CONFIG, { low_flags, lisn, processor, queue_priority,
                                 any } },
    { H_INT_SET_SOURCE_CONFIG, { low_flags, lisn, processor, queue_priority,
                                 any } },
    { H_INT_GET_SOURCE_CONFIG, { zero, lisn } },
    { H_INT_GET_QUEUE_INFO, { zero, processor, queue_priority } },
    { H_INT_SET_QUEUE_CONFIG, { low_flags, processor, queue_priority, page,
                                queue_shift } },
    { H_INT_SET_QUEUE_CONFIG, { low_flags, processor, queue_priority, page,
                                queue_shift } },
    { H_INT_GET_QUEUE_CONFIG, { low_flags, processor, queue_priority } },
    { H_INT_SET_OS_REPORTING_LINE, { zero, aligned } },
    { H_INT_GET_OS_REPORTING_LINE, { zero, processor } },
    { H_INT_ESB, { low_flags, lisn, event_offset, any } },
    { H_INT_ESB, { low_flags, lisn, event_offset, any } },
    { H_INT_SYNC, { zero, lisn } },
    { H_INT_RESET, { low_flags } },
    { H_REGISTER_VPA, { area_function, processor, area } },
    { H_REGISTER_VPA, { area_function, processor, area } },
    { H_CEDE },
    { H_CONFER, { processor, dispatch_count } },
    { H_PROD, { processor } },
    { H_JOIN },
    { H_SIGNAL_SYS_RESET, { processor } },
    { H_GET_CPU_CHARACTERISTICS },
    { H_SET_MODE, { small, mode_resource, zero, zero } },
    { H_SET_MODE, { bits, mode_resource, any, small } },
    { H_GET_PPP },
    { H_SET_PPP, { small, priority } },
    { H_PURR },
    { H_PIC },
    { H_POLL_PENDING },
    { H_SET_MPP, { any, priority } },
    { H_GET_MPP },
    { H_HOME_NODE_ASSOCIATIVITY, { associativity_kind, processor } },
    { H_RANDOM },
    { H_PUT_TCE, { adapter, io_page, tce } },
    { H_PUT_TCE, { adapter, io_page, tce } },
    { H_GET_TCE, { adapter, io_page } },
    { H_PUT_TCE_INDIRECT, { adapter, io_page, tce_list, tce_count } },
    { H_STUFF_TCE, { adapter, io_page, tce, tce_count } },
    { H_REG_CRQ, { adapter, io_page, queue_size } },
    { H_REG_CRQ, { adapter, io_page, queue_size } },
    { H_FREE_CRQ, { adapter } },
    { H_SEND_CRQ, { adapter, message, message_low } },
    { H_SEND_CRQ, { adapter, message, message_low } },
    { H_SEND_CRQ, { adapter, message, message_low } },
    { H_ENABLE_CRQ, { adapter } },
    { H_REG_SUB_CRQ, { adapter, io_page, queue_size } },
    { H_FREE_SUB_CRQ, { adapter, small } },
    { H_SEND_SUB_CRQ, { adapter, sub_handle, message, message_low } },
    { H_SEND_SUB_CRQ_INDIRECT, { adapter, sub_handle, io_address, tce_count } },
    { H_VIO_SIGNAL, { adapter, small } },
    { H_VIOCTL, { adapter, subfunction, io_descriptor, zero, zero } },
    { H_REGISTER_LOGICAL_LAN, { lan, io_page, lan_queue, io_page,
                                mac_address } },
    { H_REGISTER_LOGICAL_LAN, { lan, io_page, lan_queue, io_page,
                                mac_address } },
    { H_FREE_LOGICAL_LAN, { lan } },
    { H_ADD_LOGICAL_LAN_BUFFER, { lan, lan_descriptor } },
    { H_ADD_LOGICAL_LAN_BUFFERS, { lan, lan_descriptor, lan_more, lan_more,
                                   lan_more, lan_more, lan_more, lan_more,
                                   lan_more } },
    { H_FREE_LOGICAL_LAN_BUFFER, { lan, length } },
    { H_SEND_LOGICAL_LAN, { lan, lan_descriptor, lan_more, lan_more, lan_more,
                            lan_more, lan_more, zero, small } },
    { H_SEND_LOGICAL_LAN, { lan, lan_descriptor, lan_more, lan_more, lan_more,
                            lan_more, lan_more, any, length } },
    { H_MULTICAST_CTRL, { lan, multicast_flags, mac_address } },
    { H_CHANGE_LOGICAL_LAN_MAC, { lan, mac_address } },
    { H_ILLAN_ATTRIBUTES, { lan, lan_attributes, lan_attributes } },
    { H_BLOCK_REMOVE, { block_specifier, page_entry0, block_specifier,
                        page_entry0, block_specifier, page_entry0,
                        block_specifier, page_entry0 } },
    { H_RESIZE_HPT_PREPARE, { zero, table_shift } },
    { H_RESIZE_HPT_COMMIT, { zero, table_shift } },
    { H_RPT_INVALIDATE, { small, small, bits, bits, address, address } },
    { H_CLEAN_SLB, { clean_flags, small, address } },
    { H_INVALIDATE_PID, { small, small } },
    { H_REGISTER_PROC_TBL, { process_table_flags, aligned, zero, table_size } },
    { H_PRIVATE_LOGICAL_MEMOP, { page, page, element_shift, length,
                                 operation } },
    { H_PRIVATE_CAS, { architecture_vec, scratch, tree_room } },
    { H_PRIVATE_UPDATE_DT, { tree } },
    { H_PRIVATE_VOF_CLIENT, { vof_buffer } },
    { H_PRIVATE_VOF_CLIENT, { vof_buffer } },
    { H_PRIVATE_VOF_CLIENT, { vof_buffer } },
};

static const CallSpec rtas_call = { H_PRIVATE_RTAS, { rtas_buffer } };
static const CallSpec vscsi_call = {
    H_SEND_CRQ, { vscsi_unit, vscsi_message, vscsi_iu }
};

/* A token, whoever owns it, if anybody does */
static uint64_t any_token(Fuzz *fuzz)
{
    switch (below(fuzz, 8)) {
    case 0:
        return evil(fuzz);
    case 1:
        return below(fuzz, 0x1000);
    case 2:
    case 3:
        return H_PRIVATE_BASE + below(fuzz, 32) - 8;
    default:
        return 4 * below(fuzz, 0x800 / 4);
    }
}

static void draw_call(Fuzz *fuzz, Call *call)
{
    const CallSpec *spec = NULL;

    switch (below(fuzz, 10)) {
    case 0:
        call->token = any_token(fuzz);
        break;
    case 1:
    case 2:
    case 3:
        spec = &rtas_call;
        break;
    case 4:
        spec = &vscsi_call;
        break;
    default:
        spec = &ANY_OF(fuzz, calls);
    }
    if (spec) {
        call->token = spec->token;
    }
    call->cpu = below(fuzz, fuzz->machine->cpus);
    for (unsigned i = 0; i < SPAPR_QTEST_REGS; i++) {
        call->args[i] = draw(fuzz, spec ? spec->draws[i] : NULL);
    }
    fuzz->n++;
}

/*
 * The machine
 */

static uint64_t environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t value;

    if (!text) {
        return otherwise;
    }
    if (qemu_strtou64(text, NULL, 0, &value) || !value) {
        fprintf(stderr, "%s=%s is no number above 0\n", name, text);
        exit(EXIT_FAILURE);
    }
    return value;
}

/* The seed of the whole run */
static uint32_t run_seed(void)
{
    static uint32_t seed;

    if (!seed) {
        seed = environment("SPAPR_RANDOM_SEED", g_random_int() | 1);
    }
    return seed;
}

/* What a failure needs to be told with; once, for to tell may fail as well */
static void print_history(void *opaque)
{
    Fuzz *fuzz = opaque;

    if (fuzz->told) {
        return;
    }
    fuzz->told = true;
    fprintf(stderr, "# %s: SPAPR_RANDOM_SEED=%" PRIu32 ", %" PRIu64
            " calls drawn, %u resets; the latest batches:\n",
            fuzz->machine->name, fuzz->seed, fuzz->n, fuzz->resets);
    for (unsigned i = 0; i < HISTORY; i++) {
        GString *line = fuzz->history[(fuzz->nhistory + i) % HISTORY];

        if (line->len) {
            fprintf(stderr, "# %s\n", line->str);
        }
    }
}

static void remember_batch(Fuzz *fuzz, const char *line)
{
    g_string_assign(fuzz->history[fuzz->nhistory++ % HISTORY], line);
}

/* A hang is a failure like another */
static void on_alarm(int number)
{
    static const char text[] = "# no answer: a call hangs\n";

    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
        /* then it is not said */
    }
    abort();
}

static bool of_xics(const char *service)
{
    return g_str_has_suffix(service, "-xive") ||
           g_str_has_prefix(service, "ibm,int-o");
}

/* The names of RTAS services: properties of /rtas that hold a token */
static GPtrArray *list_services(const void *fdt)
{
    GPtrArray *names = g_ptr_array_new();
    bool has_xics = fdt_node_offset_by_compatible(fdt, -1,
                                                  "IBM,ppc-xicp") >= 0;
    int rtas = fdt_path_offset(fdt, "/rtas");
    int prop, len;

    fdt_for_each_property_offset(prop, fdt, rtas) {
        const char *name;
        const void *value = fdt_getprop_by_offset(fdt, prop, &name, &len);

        if (len == sizeof(uint32_t) && ldl_be_p(value) >= 0x1000) {
            g_ptr_array_add(names, (gpointer)name);
        }
    }
    for (unsigned i = 0; i < ARRAY_SIZE(services); i++) {
        if (has_xics || !of_xics(services[i].name)) {
            spapr_qtest_rtas_token(fdt, services[i].name);
        }
    }
    return names;
}

static void start(Fuzz *fuzz, const Machine *machine, const char *more)
{
    memset(fuzz, 0, sizeof(*fuzz));
    fuzz->machine = machine;
    fuzz->seed = run_seed();
    /* Each machine is to suffer something else */
    fuzz->rng = g_rand_new_with_seed_array(
        (const guint32[]) { fuzz->seed, g_str_hash(machine->name) }, 2);
    fuzz->arena_addr = ARENA_ADDR;
    for (unsigned i = 0; i < HISTORY; i++) {
        fuzz->history[i] = g_string_new(NULL);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(fuzz->recent); i++) {
        fuzz->recent[i] = ARENA_ADDR;
    }
    g_test_message("SPAPR_RANDOM_SEED=%" PRIu32, fuzz->seed);
    /*
     * Guest memory is a file's, so that the anonymous memory of QEMU is its
     * own; and what ends the machine leaves QEMU alive.
     */
    fuzz->qts = qtest_initf(
        "-machine pseries,memory-backend=ram%s "
        "-object memory-backend-memfd,id=ram,size=%" PRIu64 " "
        "-m %" PRIu64 "M -smp %u,sockets=%u,cores=1,threads=1 -nodefaults "
        "-display none -chardev null,id=null0 "
        "-device spapr-vty,chardev=null0 -device spapr-crq-testdev "
        /* Two of them, so that the one receives what the other sends */
        "-netdev hubport,id=hub0,hubid=0 -netdev hubport,id=hub1,hubid=0 "
        "-device spapr-vlan,netdev=hub0 -device spapr-vlan,netdev=hub1 "
        "-device spapr-vscsi,id=vscsi -blockdev null-co,node-name=null,"
        "size=1048576,read-zeroes=on -device scsi-hd,bus=vscsi.0,drive=null "
        "-device edu,addr=1 -device virtio-rng-pci,addr=2 "
        "-device pci-bridge,chassis_nr=1,addr=3 "
        "-action shutdown=pause,panic=pause,reboot=reset%s",
        machine->options, (uint64_t)RAM_SIZE, (uint64_t)(RAM_SIZE / MiB),
        machine->cpus, machine->cpus, more);
    fuzz->fdt = spapr_qtest_fdt(fuzz->qts);
    fuzz->services = list_services(fuzz->fdt);
    qtest_add_abrt_handler(print_history, fuzz);
    sigaction(SIGALRM, &(struct sigaction) { .sa_handler = on_alarm }, NULL);
}

static void stop(Fuzz *fuzz)
{
    alarm(0);
    qtest_remove_abrt_handler(fuzz);
    qtest_quit(fuzz->qts);
    g_ptr_array_unref(fuzz->services);
    g_free(fuzz->fdt);
    g_rand_free(fuzz->rng);
    for (unsigned i = 0; i < HISTORY; i++) {
        g_string_free(fuzz->history[i], true);
    }
}

/* QEMU's memory less the guest's, in KiB */
static uint64_t memory_kib(Fuzz *fuzz)
{
    g_autofree char *file = g_strdup_printf("/proc/%d/status",
                                            qtest_pid(fuzz->qts));
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    const char *line;

    g_file_get_contents(file, &text, NULL, &error);
    g_assert_no_error(error);
    line = strstr(text, "RssAnon:");
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen("RssAnon:"), NULL, 10);
}

static unsigned open_files(Fuzz *fuzz)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/fd",
                                            qtest_pid(fuzz->qts));
    g_autoptr(GDir) dir = g_dir_open(name, 0, NULL);
    unsigned n = 0;

    g_assert_nonnull(dir);
    while (g_dir_read_name(dir)) {
        n++;
    }
    return n;
}

static void check_growth(Fuzz *fuzz)
{
    if (fuzz->n <= CALLS_TO_SETTLE) {
        fuzz->memory_kib = memory_kib(fuzz);
        fuzz->files = open_files(fuzz);
        return;
    }
    /* What was replaced is freed by a thread that a busy host may keep waiting */
    for (int i = 0; i < 600 && memory_kib(fuzz) > fuzz->memory_kib + GROWTH_KIB;
         i++) {
        g_usleep(G_USEC_PER_SEC / 10);
    }
    g_assert_cmpuint(memory_kib(fuzz), <=, fuzz->memory_kib + GROWTH_KIB);
    g_assert_cmpuint(open_files(fuzz), <=, fuzz->files + NEW_FILES);
}

/*
 * Reset, and go on. The reset is done some time after it was asked for, and a
 * machine that has ended does not go on before that; nor one that has used the
 * time to end once more.
 */
static void reset(Fuzz *fuzz)
{
    bool done;

    do {
        QDict *reply;

        qtest_qmp_assert_success(fuzz->qts, "{ 'execute': 'system_reset' }");
        reply = qtest_qmp(fuzz->qts, "{ 'execute': 'cont' }");
        done = qdict_haskey(reply, "return");
        qobject_unref(reply);
    } while (!done);
    fuzz->resets++;
}

/*
 * Plug something in, or ask for it; that may be refused, as the guest may be
 * late with what it has been asked for
 */
static void plug(Fuzz *fuzz)
{
    if (fuzz->n / CALLS_PER_EVENT % 2) {
        qobject_unref(qtest_qmp(fuzz->qts, "{ 'execute': 'device_add', "
                                "'arguments': { 'driver': 'virtio-rng-pci', "
                                "'id': 'plugged', 'addr': '4' } }"));
    } else {
        qobject_unref(qtest_qmp(fuzz->qts, "{ 'execute': 'device_del', "
                                "'arguments': { 'id': 'plugged' } }"));
    }
}

/* The monitor answers; a machine that was ended begins anew */
static void check_alive(Fuzz *fuzz)
{
    QDict *status;

    alarm(HANG_S);
    status = qtest_qmp_assert_success_ref(fuzz->qts,
                                          "{ 'execute': 'query-status' }");
    if (!qdict_get_bool(status, "running")) {
        reset(fuzz);
    }
    qobject_unref(status);
    if (fuzz->n % CALLS_PER_EVENT == 0) {
        qtest_qmp_assert_success(fuzz->qts,
                                 "{ 'execute': 'system_powerdown' }");
        qtest_qmp_assert_success(fuzz->qts, "{ 'execute': 'inject-nmi' }");
        plug(fuzz);
    }
    /* Events that nobody waits for would pile up on our side */
    status = qtest_qmp_event_ref(fuzz->qts, "");
    g_assert_null(status);
}

/*
 * A flattened tree for H_UPDATE_DT as firmware makes it, with the place of the
 * RTAS code, and sometimes with damage
 */
static void write_tree(Fuzz *fuzz)
{
    uint32_t size = fdt_totalsize(fuzz->fdt) + TREE_ROOM;
    g_autofree uint8_t *copy = g_malloc0(size);

    g_assert_cmpint(fdt_open_into(fuzz->fdt, copy, size), ==, 0);
    g_assert_cmpint(fdt_setprop_u32(copy, fdt_path_offset(copy, "/rtas"),
                                    "linux,rtas-base", RTAS_ADDR), ==, 0);
    for (unsigned n = below(fuzz, 3); n > 0; n--) {
        /* The header is where most of what can be wrong is */
        copy[below(fuzz, one_in(fuzz, 2) ? 64 : size)] = word(fuzz);
    }
    qtest_bufwrite(fuzz->qts, FDT_ADDR, copy, size);
}

/*
 * A connection to the SCSI adapter, with a session, which of course lasts till
 * the next violation only. What the calls answer depends on what was before.
 */
static void connect_vscsi(Fuzz *fuzz)
{
    uint8_t login[SRP_LOGIN_LEN] = { SRP_LOGIN_REQ };

    stl_be_p(login + SRP_LOGIN_OFS_IU_LEN, 256);
    stw_be_p(login + SRP_LOGIN_OFS_FORMATS, SRP_LOGIN_FORMAT_DIRECT |
             SRP_LOGIN_FORMAT_INDIRECT);
    for (unsigned i = 0; i < ARENA_SIZE; i += 4 * KiB) {
        hcall(fuzz->qts, H_PUT_TCE, VSCSI_UNIT, VSCSI_ARENA_IOBA + i,
              (fuzz->arena_addr + i) | 3);
    }
    for (unsigned i = 0; i < 2; i++) {
        hcall(fuzz->qts, H_PUT_TCE, VSCSI_UNIT, VSCSI_QUEUE_IOBA + i * 4 * KiB,
              (VSCSI_QUEUE + i * 4 * KiB) | 3);
    }
    qtest_memset(fuzz->qts, VSCSI_QUEUE, 0, 4 * KiB);
    qtest_bufwrite(fuzz->qts, VSCSI_QUEUE + 4 * KiB, login, sizeof(login));
    hcall(fuzz->qts, H_FREE_CRQ, VSCSI_UNIT);
    hcall(fuzz->qts, H_REG_CRQ, VSCSI_UNIT, VSCSI_QUEUE_IOBA, 4 * KiB);
    hcall(fuzz->qts, H_SEND_CRQ, VSCSI_UNIT, 0xc001ULL << 48, 0);
    hcall(fuzz->qts, H_SEND_CRQ, VSCSI_UNIT, 0x8001ULL << 48 | sizeof(login),
          VSCSI_LOGIN_IOBA);
}

static void append_call(GString *line, const Call *call)
{
    g_string_append_printf(line, " %u,0x%" PRIx64, call->cpu, call->token);
    for (unsigned i = 0; i < SPAPR_QTEST_REGS; i++) {
        g_string_append_printf(line, ",0x%" PRIx64, call->args[i]);
    }
}

/* Draw @n calls, and make them */
static void run_batch(Fuzz *fuzz, unsigned n)
{
    g_autoptr(GString) line = g_string_new("hcalls");
    g_auto(GStrv) reply = NULL;

    if (fuzz->n % CALLS_PER_TREE == 0) {
        write_tree(fuzz);
    }
    for (unsigned i = 0; i < n; i++) {
        Call call = { 0 };

        draw_call(fuzz, &call);
        append_call(line, &call);
    }
    remember_batch(fuzz, line->str);
    alarm(HANG_S);
    qtest_bufwrite(fuzz->qts, fuzz->arena_addr, fuzz->arena,
                   sizeof(fuzz->arena));
    reply = qtest_command(fuzz->qts, "%s", line->str);
    g_assert_cmpstr(reply[0], ==, "OK");
    g_assert_cmpuint(g_strv_length(reply), ==, 1 + n);
    if (fuzz->n % CALLS_PER_STEP == 0) {
        /* Not 0, which qtest refuses */
        qtest_clock_step(fuzz->qts, 1 + (word(fuzz) >> (30 + below(fuzz, 20))));
    }
}

#define MACHINE(cpu, n, fw)                                             \
    { cpu "-" #n "-" fw, ",firmware=" fw " -cpu " cpu, n }

static const Machine machines[] = {
    MACHINE("power8", 1, "slof"), MACHINE("power8", 4, "slof"),
    MACHINE("power8", 1, "vof"), MACHINE("power8", 4, "vof"),
    MACHINE("power9", 1, "slof"), MACHINE("power9", 4, "slof"),
    MACHINE("power9", 1, "vof"), MACHINE("power9", 4, "vof"),
    MACHINE("power10", 1, "slof"), MACHINE("power10", 4, "slof"),
    MACHINE("power10", 1, "vof"), MACHINE("power10", 4, "vof"),
    MACHINE("power9", 1, "vof,ic-mode=xive"),
    MACHINE("power10", 4, "vof,ic-mode=xive"),
};

/* Calls with nothing else running */
static void test_calls(const void *opaque)
{
    uint64_t batch = MIN(environment("SPAPR_RANDOM_BATCH", DEFAULT_BATCH),
                         MAX_BATCH);
    uint64_t total = environment("SPAPR_RANDOM_CALLS", DEFAULT_CALLS) /
                     ARRAY_SIZE(machines);
    g_autofree Fuzz *fuzz = g_new(Fuzz, 1);
    gint64 begin = g_get_monotonic_time();

    start(fuzz, opaque, "");
    while (fuzz->n < total) {
        connect_vscsi(fuzz);
        run_batch(fuzz, MIN(batch, total - fuzz->n));
        if (fuzz->n % CALLS_PER_CHECK == 0) {
            check_alive(fuzz);
            check_growth(fuzz);
        }
    }
    check_alive(fuzz);
    check_growth(fuzz);
    g_test_message("%" PRIu64 " calls, %" PRIu64 " a second, %u resets, "
                   "from %" PRIu64 " to %" PRIu64 " KiB", fuzz->n,
                   fuzz->n * G_USEC_PER_SEC /
                   MAX(g_get_monotonic_time() - begin, 1),
                   fuzz->resets, fuzz->memory_kib, memory_kib(fuzz));
    stop(fuzz);
}

/*
 * Calls from guest code: processors that call at the same time
 *
 * The firmware is a loop of ours. Each processor takes its calls, one after
 * the other and then over again, from a table of its own that the test fills.
 */

#define GUEST_LOOP_LE       0x2100
#define GUEST_END           0x2200
#define GUEST_VECTOR_STEP   0x20

/* One processor's memory: the position in its table, its calls, its slots */
#define GUEST_TABLES        ARENA_ADDR
#define GUEST_TABLE_SHIFT   17
#define GUEST_CALLS         0x100
#define GUEST_CALL_SIZE     96
#define GUEST_SLOTS         0x4000

/*
 * Processors that do not get on are woken, and then the machine is reset, with
 * more and more patience
 */
#define STALL_NMI_US        (20 * 1000)
#define STALL_RESET_US      (80 * 1000)
#define STALLS_MAX          10
#define POLL_US             500

QEMU_BUILD_BUG_ON(GUEST_CALLS + SLOTS * GUEST_CALL_SIZE > GUEST_SLOTS);
QEMU_BUILD_BUG_ON(GUEST_SLOTS + ARENA_SIZE > 1 << GUEST_TABLE_SHIFT);
QEMU_BUILD_BUG_ON(SLOTS & (SLOTS - 1));

/* The few instructions of Power ISA that the guest is made of */
#define SPR(n)              (((n) & 0x1f) << 16 | (n) >> 5 << 11)
#define SPR_DEC             22
#define SPR_SRR0            26
#define SPR_SRR1            27
#define SPR_PIR             1023
#define D_FORM(op, rt, ra, imm)                                         \
    ((uint32_t)(op) << 26 | (rt) << 21 | (ra) << 16 | (uint16_t)(imm))
#define ADDI(rt, ra, imm)   D_FORM(14, rt, ra, imm)
#define ADDIS(rt, ra, imm)  D_FORM(15, rt, ra, imm)
#define MULLI(rt, ra, imm)  D_FORM(7, rt, ra, imm)
#define ANDI(ra, rs, imm)   D_FORM(28, rs, ra, imm)
#define XORI(ra, rs, imm)   D_FORM(26, rs, ra, imm)
#define LD(rt, disp, ra)    D_FORM(58, rt, ra, disp)
#define STD(rs, disp, ra)   D_FORM(62, rs, ra, disp)
#define ADD(rt, ra, rb)     (0x7c000214 | (rt) << 21 | (ra) << 16 | (rb) << 11)
#define SLWI(ra, rs, n)                                                 \
    (0x54000000 | (rs) << 21 | (ra) << 16 | (n) << 11 | (31 - (n)) << 1)
#define MFSPR(rt, spr)      (0x7c0002a6 | (rt) << 21 | SPR(spr))
#define MTSPR(spr, rs)      (0x7c0003a6 | (rs) << 21 | SPR(spr))
#define MFMSR(rt)           (0x7c0000a6 | (rt) << 21)
#define RFID                0x4c000024
#define SC_1                0x44000022
#define BRANCH(from, to)    (0x48000000 | (((to) - (from)) & 0x03fffffc))
/* Never traps; what it is when read in the other byte order: branch to .+8 */
#define ENDIAN_SWITCH       0x08000048

/*
 * Wherever an interrupt leads, the loop goes on; also when the guest has got
 * interrupts made little-endian. The position is written before the call, so
 * that a call that does not come back is not made again at once.
 */
static void write_firmware(int fd)
{
    static const uint32_t loop[] = {
        MFSPR(20, SPR_PIR),
        SLWI(20, 20, GUEST_TABLE_SHIFT),
        ADDIS(20, 20, GUEST_TABLES >> 16),
        /* An interrupt in two milliseconds, for those that wait for one */
        ADDIS(21, 0, 0x10),
        MTSPR(SPR_DEC, 21),
        LD(21, 0, 20),
        ADDI(22, 21, 1),
        STD(22, 0, 20),
        ANDI(21, 21, SLOTS - 1),
        MULLI(21, 21, GUEST_CALL_SIZE),
        ADD(21, 21, 20),
        LD(3, GUEST_CALLS, 21),
        LD(4, GUEST_CALLS + 8, 21),
        LD(5, GUEST_CALLS + 16, 21),
        LD(6, GUEST_CALLS + 24, 21),
        LD(7, GUEST_CALLS + 32, 21),
        LD(8, GUEST_CALLS + 40, 21),
        LD(9, GUEST_CALLS + 48, 21),
        LD(10, GUEST_CALLS + 56, 21),
        LD(11, GUEST_CALLS + 64, 21),
        LD(12, GUEST_CALLS + 72, 21),
        SC_1,
    };
    static const uint32_t switch_to_be[] = {
        MFMSR(11),
        XORI(11, 11, 1),
        ADDI(10, 0, GUEST_LOOP),
        MTSPR(SPR_SRR0, 10),
        MTSPR(SPR_SRR1, 11),
        RFID,
    };
    g_autofree uint8_t *image = g_malloc0(GUEST_END);
    unsigned at;

    for (at = 0; at < GUEST_LOOP; at += GUEST_VECTOR_STEP) {
        stl_be_p(image + at, ENDIAN_SWITCH);
        stl_be_p(image + at + 4, BRANCH(at + 4, GUEST_LOOP));
        stl_le_p(image + at + 8, BRANCH(at + 8, GUEST_LOOP_LE));
    }
    for (unsigned i = 0; i < ARRAY_SIZE(loop); i++, at += 4) {
        stl_be_p(image + at, loop[i]);
    }
    stl_be_p(image + at, BRANCH(at, GUEST_LOOP));
    for (unsigned i = 0; i < ARRAY_SIZE(switch_to_be); i++) {
        stl_le_p(image + GUEST_LOOP_LE + 4 * i, switch_to_be[i]);
    }
    g_assert_cmpint(write(fd, image, GUEST_END), ==, GUEST_END);
}

/* A call that starts another processor, if it is stopped */
static void start_processor(Fuzz *fuzz, Call *call, unsigned cpu)
{
    put_u32(fuzz, 0, spapr_qtest_rtas_token(fuzz->fdt, "start-cpu"));
    put_u32(fuzz, 4, 3);
    put_u32(fuzz, 8, 1);
    put_u32(fuzz, 12, cpu);
    put_u32(fuzz, 16, GUEST_LOOP);
    put_u32(fuzz, 20, 0);
    *call = (Call) { .token = H_PRIVATE_RTAS, .args = { slot(fuzz) } };
    fuzz->n++;
}

/* Not where the guest's code is */
static uint64_t elsewhere(uint64_t addr)
{
    return addr < GUEST_END ? addr | SCRATCH_ADDR : addr;
}

/*
 * The guest is to live for some time at least: its code stays, and it seldom
 * makes calls that wait, most of all for others that wait themselves.
 */
static void spare_guest(Fuzz *fuzz, Call *call)
{
    switch (call->token) {
    case H_CONFER:
    case H_JOIN:
        if (!one_in(fuzz, 16)) {
            call->token = H_PROD;
        }
        break;
    case H_PAGE_INIT:
    case H_PRIVATE_LOGICAL_MEMOP:
        call->args[0] = elsewhere(call->args[0]);
        break;
    case H_LOGICAL_CACHE_STORE:
    case H_PRIVATE_CAS:
        call->args[1] = elsewhere(call->args[1]);
        break;
    }
}

/* Fill a processor's table anew, and what its calls' arguments point to */
static void fill_table(Fuzz *fuzz, unsigned cpu)
{
    uint64_t table = GUEST_TABLES + ((uint64_t)cpu << GUEST_TABLE_SHIFT);
    uint64_t records[SLOTS][GUEST_CALL_SIZE / sizeof(uint64_t)] = {};
    g_autoptr(GString) line = g_string_new(NULL);

    g_string_printf(line, "processor %u:", cpu);
    fuzz->arena_addr = table + GUEST_SLOTS;
    for (unsigned i = 0; i < SLOTS; i++) {
        Call call = { 0 };

        if (i < fuzz->machine->cpus) {
            start_processor(fuzz, &call, i);
        } else {
            draw_call(fuzz, &call);
            spare_guest(fuzz, &call);
        }
        append_call(line, &call);
        records[i][0] = cpu_to_be64(call.token);
        for (unsigned arg = 0; arg < SPAPR_QTEST_REGS; arg++) {
            records[i][1 + arg] = cpu_to_be64(call.args[arg]);
        }
    }
    qtest_bufwrite(fuzz->qts, fuzz->arena_addr, fuzz->arena,
                   sizeof(fuzz->arena));
    qtest_bufwrite(fuzz->qts, table + GUEST_CALLS, records, sizeof(records));
    remember_batch(fuzz, line->str);
}

/* How many calls have been made: what all processors' positions add up to */
static uint64_t guest_position(Fuzz *fuzz)
{
    uint64_t sum = 0;

    for (unsigned cpu = 0; cpu < fuzz->machine->cpus; cpu++) {
        sum += qtest_readq(fuzz->qts, GUEST_TABLES +
                           ((uint64_t)cpu << GUEST_TABLE_SHIFT));
    }
    return sum;
}

/*
 * Wait until all tables have been gone through, more or less. When that does
 * not come to pass, reset the machine.
 *
 * Returns: how many calls have been made
 */
static uint64_t await_calls(Fuzz *fuzz)
{
    uint64_t wanted = SLOTS * fuzz->machine->cpus;
    uint64_t before = guest_position(fuzz);
    gint64 begin = g_get_monotonic_time();
    gint64 waited = 0;
    bool woken = false;
    uint64_t made;

    alarm(HANG_S);
    do {
        if (waited > STALL_NMI_US && !woken) {
            qtest_qmp_assert_success(fuzz->qts,
                                     "{ 'execute': 'inject-nmi' }");
            woken = true;
        }
        g_usleep(POLL_US);
        waited = g_get_monotonic_time() - begin;
        made = guest_position(fuzz) - before;
    } while (made < wanted && waited < STALL_RESET_US << fuzz->stalls);
    if (made < wanted) {
        reset(fuzz);
        /* Each time there is more patience, but not without an end */
        fuzz->stalls++;
        g_assert_cmpuint(fuzz->stalls, <=, STALLS_MAX);
    } else {
        /* The host that was slow may still be */
        fuzz->stalls -= fuzz->stalls > 0;
    }
    /* The position is in memory that any call may write to */
    return MIN(made, wanted * 1000);
}

static const Machine guests[] = {
    { "power8-2", " -cpu power8", 2 }, { "power8-4", " -cpu power8", 4 },
    { "power9-2", " -cpu power9", 2 }, { "power9-4", " -cpu power9", 4 },
    { "power10-2", " -cpu power10", 2 },
};

static void test_guest(const void *opaque)
{
    uint64_t total = environment("SPAPR_RANDOM_CALLS", DEFAULT_CALLS) /
                     (4 * ARRAY_SIZE(guests));
    g_autofree Fuzz *fuzz = g_new(Fuzz, 1);
    g_autofree char *file = NULL;
    g_autofree char *more = NULL;
    g_autoptr(GError) error = NULL;
    gint64 begin = g_get_monotonic_time();
    int fd = g_file_open_tmp("spapr-random-XXXXXX", &file, &error);
    uint64_t made = 0;

    g_assert_no_error(error);
    write_firmware(fd);
    close(fd);
    more = g_strdup_printf(" -bios %s -accel tcg,thread=multi", file);
    start(fuzz, opaque, more);
    unlink(file);
    write_tree(fuzz);
    while (fuzz->n < total) {
        for (unsigned cpu = 0; cpu < fuzz->machine->cpus; cpu++) {
            fill_table(fuzz, cpu);
        }
        made += await_calls(fuzz);
        check_alive(fuzz);
    }
    g_assert_cmpuint(made, >=, fuzz->n / 2);
    g_test_message("%" PRIu64 " calls, %" PRIu64 " a second, of %" PRIu64
                   " drawn, %u resets", made, made * G_USEC_PER_SEC /
                   MAX(g_get_monotonic_time() - begin, 1), fuzz->n,
                   fuzz->resets);
    stop(fuzz);
}

int main(int argc, char **argv)
{
    /*
     * What QEMU frees it is to give back, or a moment in which it needs much
     * would look like a leak: memory in blocks of some size is mapped by itself
     */
    g_setenv("MALLOC_MMAP_THRESHOLD_", "65536", true);
    g_setenv("MALLOC_ARENA_MAX", "1", true);
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
        g_autofree char *path = g_strdup_printf("/spapr/random/%s",
                                                machines[i].name);

        qtest_add_data_func(path, &machines[i], test_calls);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(guests); i++) {
        g_autofree char *path = g_strdup_printf("/spapr/random/guest/%s",
                                                guests[i].name);

        qtest_add_data_func(path, &guests[i], test_guest);
    }
    return g_test_run();
}
