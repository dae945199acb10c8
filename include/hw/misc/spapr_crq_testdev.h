/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what the suites tell the test device "spapr-crq-testdev"
 *
 * Numbers only, and no types, so that device and tests may both include it.
 * A command is a CRQ entry with the header 0x80 and in its second byte one of
 * these formats. H_SEND_CRQ answers what the device got from the queue that it
 * had to put something into.
 */

#ifndef HW_MISC_SPAPR_CRQ_TESTDEV_H
#define HW_MISC_SPAPR_CRQ_TESTDEV_H

/* The entry comes back as it is; so does one with any other format */
#define CRQ_TESTDEV_ECHO        0x00
/*
 * The entry comes back bytes 2 and 3 times, bytes 8 to 15 counting from 0;
 * when the queue is full sooner, it ends
 */
#define CRQ_TESTDEV_REPEAT      0x01
/* The entry comes back with the queue's room, before it, in bytes 2 and 3 */
#define CRQ_TESTDEV_ROOM        0x02
/* A transport event with the code that byte 2 has */
#define CRQ_TESTDEV_EVENT       0x03
/* The next byte 2 calls of H_FREE_CRQ and H_REG_CRQ find the device busy */
#define CRQ_TESTDEV_BUSY        0x04
/*
 * Copy by DMA: bytes 2 and 3 the length, 4 to 7 the I/O address it goes to,
 * 8 to 15 the one it comes from. The entry comes back, byte 1 telling the
 * outcome.
 */
#define CRQ_TESTDEV_COPY        0x05
#define CRQ_TESTDEV_COPY_READ_FAILED    0x80
#define CRQ_TESTDEV_COPY_WRITE_FAILED   0x81
/*
 * Bytes 2 and 3 entries into the sub-CRQ whose number bytes 8 to 15 have; each
 * has a header, this format, and in its last 8 bytes a count from 0
 */
#define CRQ_TESTDEV_SUB         0x06

#define CRQ_TESTDEV_SUB_CRQS    4
/* What the guest sends here comes back in its own sub-CRQ (bytes 8 to 15) */
#define CRQ_TESTDEV_SUB_HANDLE  0x100

#define CRQ_TESTDEV_WINDOW      (256 * 1024 * 1024)

#endif /* HW_MISC_SPAPR_CRQ_TESTDEV_H */
