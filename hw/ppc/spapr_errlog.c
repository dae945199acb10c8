/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: error logs, LoPAR "RTAS Error/Event Return Format", version 6
 */

#include "qemu/osdep.h"
#include "qemu/bcd.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "exec/address-spaces.h"
#include "hw/ppc/spapr_errlog.h"
#include "hw/ppc/spapr_memory.h"
#include "system/rtc.h"

/* All fields are big endian */
typedef struct QEMU_PACKED LogFixed {
    uint8_t version;
    uint8_t severity;       /* with disposition and presence of the rest */
    uint8_t initiator;      /* and target */
    uint8_t type;
    uint32_t extended_length;
} LogFixed;

#define LOG_VERSION             6
#define LOG_SEVERITY_SHIFT      5
#define LOG_DISPOSITION_SHIFT   3
#define LOG_EXTENDED            (1 << 2)
#define LOG_INITIATOR_SHIFT     4

/* "RTAS General Extended Event Log Format, Version 6" */
typedef struct QEMU_PACKED LogExtended {
    uint8_t flags;
    uint8_t reserved1;
    uint8_t format;
    uint8_t reserved2[9];
    char company[4];
} LogExtended;

#define LOG_FLAGS               0x86    /* valid, new, big endian */
#define LOG_FLAG_UNRECOVERABLE  0x40
#define LOG_FLAG_RECOVERABLE    0x20
#define LOG_FORMAT_PLATFORM     0x8e    /* PowerPC; a platform event log */

typedef struct QEMU_PACKED LogSection {
    char id[2];
    uint16_t length;        /* in bytes, this header included */
    uint8_t version;
    uint8_t subtype;
    uint16_t creator;
} LogSection;

typedef struct QEMU_PACKED LogMainA {
    uint8_t date[4];
    uint8_t time[4];
    uint8_t platform1[8];
    char creator;
    uint8_t reserved1[2];
    uint8_t section_count;
    uint8_t reserved2[4];
    uint8_t platform2[8];
    uint32_t log_id;
    uint8_t platform3[4];
} LogMainA;

#define LOG_CREATOR_HYPERVISOR  'H'

typedef struct QEMU_PACKED LogMainB {
    uint8_t subsystem;
    uint8_t platform1;
    uint8_t severity;
    uint8_t subtype;
    uint8_t platform2[4];
    uint8_t reserved1[2];
    uint16_t action_flags;
    uint8_t reserved2[4];
} LogMainB;

/* "Platform Event Log Format, Primary SRC Section" behind its header */
typedef struct QEMU_PACKED LogSrc {
    uint8_t version;
    uint8_t flags;
    uint8_t platform[6];
    uint32_t words[8];
    char code[32];
} LogSrc;

#define SRC_VERSION             2
#define SRC_FLAG_SUBSECTIONS    1

/* Behind that: its "FRU call out" sub-section, with one of them */
typedef struct QEMU_PACKED LogCallOut {
    uint8_t id;
    uint8_t platform;
    uint16_t words;         /* length, from the id on */
    uint8_t length;         /* in bytes, from here on */
    uint8_t flags;
    char priority;
    uint8_t location_length;
} LogCallOut;

#define CALL_OUT_ID             0xc0
#define CALL_OUT_FLAGS          0x20    /* its type; no other structures */
#define CALL_OUT_OFFSET         offsetof(LogCallOut, length)
#define CALL_OUT_LOCATION_MAX   80

/* The LoPAR gives each section's size, and where the sections begin */
QEMU_BUILD_BUG_ON(sizeof(LogFixed) != SPAPR_ERRLOG_HEADER);
QEMU_BUILD_BUG_ON(sizeof(LogExtended) != 16);
QEMU_BUILD_BUG_ON(sizeof(LogSection) + sizeof(LogMainA) != 48);
QEMU_BUILD_BUG_ON(sizeof(LogSection) + sizeof(LogMainB) != 24);
QEMU_BUILD_BUG_ON(sizeof(LogSection) + sizeof(LogSrc) != 80);
QEMU_BUILD_BUG_ON(sizeof(LogSection) != SPAPR_ERRLOG_SECTION_HEADER);

/* Where Main-A counts the sections: it is the first of them */
#define LOG_SECTION_COUNT                                       \
    (sizeof(LogFixed) + sizeof(LogExtended) +                   \
     sizeof(LogSection) + offsetof(LogMainA, section_count))

void spapr_errlog_stamp(uint8_t date[4], uint8_t time[4])
{
    struct tm tm;
    unsigned year;

    /* The time is the platform's, whatever the guest has set its clock to */
    qemu_get_timedate(&tm, 0);
    year = tm.tm_year + 1900;
    date[0] = to_bcd(year / 100 % 100);
    date[1] = to_bcd(year % 100);
    date[2] = to_bcd(tm.tm_mon + 1);
    date[3] = to_bcd(tm.tm_mday);
    time[0] = to_bcd(tm.tm_hour);
    time[1] = to_bcd(tm.tm_min);
    time[2] = to_bcd(tm.tm_sec);
    time[3] = 0;
}

static void add_section(GByteArray *log, const char *id, uint8_t version,
                        const void *body, uint16_t len)
{
    const LogSection header = {
        .id = { id[0], id[1] },
        .length = cpu_to_be16(sizeof(header) + len),
        .version = version,
    };

    g_byte_array_append(log, (const uint8_t *)&header, sizeof(header));
    g_byte_array_append(log, body, len);
}

/* The log has grown: put its length and the number of sections right */
static void update_counts(GByteArray *log)
{
    LogFixed *fixed = (LogFixed *)log->data;

    fixed->extended_length = cpu_to_be32(log->len - sizeof(LogFixed));
    log->data[LOG_SECTION_COUNT]++;
}

GByteArray *spapr_errlog_new(const SpaprErrlogHead *head)
{
    GByteArray *log = g_byte_array_new();
    const LogFixed fixed = {
        .version = LOG_VERSION,
        .severity = head->severity << LOG_SEVERITY_SHIFT |
                    head->disposition << LOG_DISPOSITION_SHIFT | LOG_EXTENDED,
        .initiator = head->initiator << LOG_INITIATOR_SHIFT,
        .type = head->type,
    };
    LogExtended extended = {
        .flags = LOG_FLAGS,
        .format = LOG_FORMAT_PLATFORM,
        .company = "IBM",
    };
    LogMainA main_a = {
        .creator = LOG_CREATOR_HYPERVISOR,
        .section_count = 1,
        .log_id = cpu_to_be32(head->id),
    };
    const LogMainB main_b = {
        .subsystem = head->subsystem,
        .severity = head->event,
        .subtype = head->subtype,
    };

    if (head->event >= SPAPR_ERRLOG_EVENT_UNRECOVERABLE) {
        extended.flags |= LOG_FLAG_UNRECOVERABLE;
    } else if (head->event != SPAPR_ERRLOG_EVENT_NONE) {
        extended.flags |= LOG_FLAG_RECOVERABLE;
    }
    memcpy(main_a.date, head->date, sizeof(main_a.date));
    memcpy(main_a.time, head->time, sizeof(main_a.time));

    g_byte_array_append(log, (const uint8_t *)&fixed, sizeof(fixed));
    g_byte_array_append(log, (const uint8_t *)&extended, sizeof(extended));
    add_section(log, "PH", 1, &main_a, sizeof(main_a));
    add_section(log, "UH", 1, &main_b, sizeof(main_b));
    update_counts(log);
    return log;
}

void spapr_errlog_add(GByteArray *log, const char *id, uint8_t version,
                      const void *body, uint16_t len)
{
    add_section(log, id, version, body, len);
    update_counts(log);
}

static void add_call_out(GByteArray *src, const char *location)
{
    /* With its NUL, and more of them up to the next word */
    size_t len = ROUND_UP(MIN(strlen(location) + 1, CALL_OUT_LOCATION_MAX), 4);
    const LogCallOut call_out = {
        .id = CALL_OUT_ID,
        .words = cpu_to_be16((sizeof(call_out) + len) / 4),
        .length = sizeof(call_out) - CALL_OUT_OFFSET + len,
        .flags = CALL_OUT_FLAGS,
        .priority = 'H',
        .location_length = len,
    };
    char text[CALL_OUT_LOCATION_MAX] = { };

    pstrcpy(text, sizeof(text), location);
    g_byte_array_append(src, (const uint8_t *)&call_out, sizeof(call_out));
    g_byte_array_append(src, (const uint8_t *)text, len);
}

void spapr_errlog_add_src(GByteArray *log, const char *code, uint32_t word,
                          const char *location)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    g_autofree char *padded = g_strdup_printf("%-32s", code);
    LogSrc src = {
        .version = SRC_VERSION,
        .flags = location ? SRC_FLAG_SUBSECTIONS : 0,
        .words[0] = cpu_to_be32(word),
    };

    memcpy(src.code, padded, sizeof(src.code));
    g_byte_array_append(body, (const uint8_t *)&src, sizeof(src));
    if (location) {
        add_call_out(body, location);
    }
    spapr_errlog_add(log, "PS", 1, body->data, body->len);
}

int spapr_errlog_store(SpaprHypervisor *hv, const GByteArray *log, bool brief,
                       hwaddr addr, uint32_t length)
{
    LogFixed fixed = *(const LogFixed *)log->data;
    const void *data = log->data;
    uint32_t n = log->len;

    if (brief || length < n) {
        fixed.severity &= ~LOG_EXTENDED;
        data = &fixed;
        n = MIN(SPAPR_ERRLOG_FIXED, length);
    }
    if (n && (!spapr_memory_is_ram(hv->memory, addr, n) ||
              address_space_write(&address_space_memory, addr,
                                  MEMTXATTRS_UNSPECIFIED, data,
                                  n) != MEMTX_OK)) {
        return -1;
    }
    return n;
}
