/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: error logs, LoPAR "RTAS Error/Event Return Format", version 6
 *
 * What the platform tells a guest of errors and events: a fixed part, and an
 * extended one made of sections.
 */

#ifndef HW_PPC_SPAPR_ERRLOG_H
#define HW_PPC_SPAPR_ERRLOG_H

#include "exec/hwaddr.h"
#include "hw/ppc/spapr_hypervisor.h"

/* Bytes of the fixed part; with the length of the rest behind it, twice that */
#define SPAPR_ERRLOG_FIXED      4
#define SPAPR_ERRLOG_HEADER     8
#define SPAPR_ERRLOG_SECTION_HEADER 8

/* "rtas-error-log-max": what Linux has room for. No log here is longer */
#define SPAPR_ERRLOG_MAX        2048

/* Fields of "RTAS Event Return Format (Fixed Part)" */
enum {
    SPAPR_ERRLOG_SEVERITY_EVENT         = 1,
    SPAPR_ERRLOG_SEVERITY_WARNING       = 2,
    SPAPR_ERRLOG_SEVERITY_ERROR_SYNC    = 3,
    SPAPR_ERRLOG_SEVERITY_ERROR         = 4,
    SPAPR_ERRLOG_SEVERITY_FATAL         = 5,
    SPAPR_ERRLOG_SEVERITY_REPORTED      = 6,

    SPAPR_ERRLOG_FULLY_RECOVERED        = 0,
    SPAPR_ERRLOG_LIMITED_RECOVERY       = 1,
    SPAPR_ERRLOG_NOT_RECOVERED          = 2,

    SPAPR_ERRLOG_INITIATOR_UNKNOWN      = 0,
    SPAPR_ERRLOG_INITIATOR_CPU          = 1,
    SPAPR_ERRLOG_INITIATOR_PCI          = 2,
    SPAPR_ERRLOG_INITIATOR_MEMORY       = 4,

    SPAPR_ERRLOG_TYPE_DEVICE            = 3,
    SPAPR_ERRLOG_TYPE_EPOW              = 64,
    SPAPR_ERRLOG_TYPE_PLATFORM          = 224,
    SPAPR_ERRLOG_TYPE_INFORMATION       = 226,
    SPAPR_ERRLOG_TYPE_HOTPLUG           = 229,
};

/* Fields of "Platform Event Log Format, Main-B Section" */
enum {
    SPAPR_ERRLOG_SUBSYSTEM_PROCESSOR    = 0x10,
    SPAPR_ERRLOG_SUBSYSTEM_MEMORY       = 0x20,
    SPAPR_ERRLOG_SUBSYSTEM_IO           = 0x30,
    SPAPR_ERRLOG_SUBSYSTEM_POWER        = 0x60,
    SPAPR_ERRLOG_SUBSYSTEM_FIRMWARE     = 0x80,

    SPAPR_ERRLOG_EVENT_NONE             = 0x00,
    SPAPR_ERRLOG_EVENT_RECOVERED        = 0x10,
    SPAPR_ERRLOG_EVENT_PREDICTIVE       = 0x20,
    SPAPR_ERRLOG_EVENT_UNRECOVERABLE    = 0x40,

    SPAPR_ERRLOG_SUBTYPE_NONE           = 0x00,
    SPAPR_ERRLOG_SUBTYPE_SHUTDOWN       = 0xd0,
};

/* What the fixed part and the two main sections tell */
typedef struct SpaprErrlogHead {
    uint8_t severity;           /* all SPAPR_ERRLOG_* */
    uint8_t disposition;
    uint8_t initiator;
    uint8_t type;
    uint8_t subsystem;
    uint8_t event;              /* how bad it was, for people */
    uint8_t subtype;
    uint32_t id;                /* the same for all logs of one event */
    uint8_t date[4];            /* YYYYMMDD in BCD; all zero: not told */
    uint8_t time[4];            /* HHMMSS and hundredths, likewise */
} SpaprErrlogHead;

/** spapr_errlog_stamp: the platform's date and time, as a log has them */
void spapr_errlog_stamp(uint8_t date[4], uint8_t time[4]);

/** spapr_errlog_new: a log with its main sections, to be unref'd */
GByteArray *spapr_errlog_new(const SpaprErrlogHead *head);

/**
 * spapr_errlog_add: one more section
 * @id: two letters that tell what kind of section it is
 * @version: of that kind
 * @body: @len bytes that follow the section's header
 */
void spapr_errlog_add(GByteArray *log, const char *id, uint8_t version,
                      const void *body, uint16_t len);

/**
 * spapr_errlog_add_src: the section that logs of type "platform" must have
 * @code: the service reference code, up to 32 characters
 * @word: detail for those who know what the code means
 * @location: location code of what is to blame, or NULL
 */
void spapr_errlog_add_src(GByteArray *log, const char *code, uint32_t word,
                          const char *location);

/**
 * spapr_errlog_store: put a log into a guest's buffer as check-exception,
 * event-scan and rtas-last-error do
 * @brief: the caller wants nothing but the fixed part
 * @addr: guest real address of the buffer
 * @length: its length in bytes
 *
 * A log that does not fit is cut down to its fixed part, since sections may go
 * only as a whole (R1-"RTAS General Extended Event Log Format, Version 6"-2)
 * and a log is nothing without those it has.
 *
 * Returns: the bytes stored, or -1 when the buffer is not memory
 */
int spapr_errlog_store(SpaprHypervisor *hv, const GByteArray *log, bool brief,
                       hwaddr addr, uint32_t length);

#endif /* HW_PPC_SPAPR_ERRLOG_H */
