/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what goes over the wire of virtual SCSI
 *
 * LoPAR, app. "A Protocol for VSCSI Communications", and the SCSI RDMA Protocol
 * (SRP), revision 16a, on which it is built. Numbers only and no types, so that
 * device and tests may both include it: OFS_ are offsets of fields in bytes. All
 * fields are big-endian; a tag is the guest's own, and only ever copied.
 */

#ifndef HW_SCSI_SPAPR_SRP_H
#define HW_SCSI_SPAPR_SRP_H

/*
 * Messages in the command/response queue: "CRQ VSCSI Client Message" and "CRQ
 * VSCSI VIOS Message"
 */
#define VSCSI_MSG_OFS_FORMAT        1
#define VSCSI_MSG_OFS_INLINE        2
#define VSCSI_MSG_OFS_STATUS        3
#define VSCSI_MSG_OFS_IU_LEN        6
#define VSCSI_MSG_OFS_IU            8   /* from the guest: I/O address */
#define VSCSI_MSG_OFS_TAG           8   /* to the guest */

/* "Second Byte of the CRQ Message" */
#define VSCSI_FORMAT_SRP            0x01
#define VSCSI_FORMAT_MAD            0x02
#define VSCSI_FORMAT_INLINE         0x06

/* "Messages in CRQs" */
#define VSCSI_INLINE_PING           0xf5
#define VSCSI_INLINE_PING_RESPONSE  0xf6

/* Status of messages to the guest */
#define VSCSI_STATUS_OK             0x00
#define VSCSI_STATUS_NONRECOVERABLE 0x01
#define VSCSI_STATUS_MAX_XFER       0x02
#define VSCSI_STATUS_ADAPTER_FAILED 0x10

/* The first byte of an information unit (IU) of SRP */
#define SRP_LOGIN_REQ               0x00
#define SRP_TSK_MGMT                0x01
#define SRP_CMD                     0x02
#define SRP_I_LOGOUT                0x03
#define SRP_T_LOGOUT                0x80
#define SRP_LOGIN_RSP               0xc0
#define SRP_RSP                     0xc1
#define SRP_LOGIN_REJ               0xc2

#define SRP_OFS_OPCODE              0
#define SRP_OFS_SOL_NOT             1
#define SRP_OFS_TAG                 8   /* in each of them */

/* SRP_LOGIN_REQ, _RSP, _REJ */
#define SRP_LOGIN_OFS_IU_LEN        16
#define SRP_LOGIN_OFS_FORMATS       24
#define SRP_LOGIN_OFS_FLAGS         26
#define SRP_LOGIN_LEN               64
#define SRP_LOGIN_MIN_IU_LEN        64
#define SRP_LOGIN_FLAG_MULTICHANNEL 0x01
#define SRP_LOGIN_FORMAT_DIRECT     0x02
#define SRP_LOGIN_FORMAT_INDIRECT   0x04

#define SRP_LOGIN_RSP_OFS_LIMIT     4
#define SRP_LOGIN_RSP_OFS_MAX_IT    16
#define SRP_LOGIN_RSP_OFS_MAX_TI    20
#define SRP_LOGIN_RSP_OFS_FORMATS   24
#define SRP_LOGIN_RSP_LEN           52

#define SRP_LOGIN_REJ_OFS_REASON    4
#define SRP_LOGIN_REJ_OFS_FORMATS   24
#define SRP_LOGIN_REJ_LEN           32
#define SRP_LOGIN_REJ_CHANNEL       0x00010000  /* can't have one */
#define SRP_LOGIN_REJ_IU_TOO_LARGE  0x00010002
#define SRP_LOGIN_REJ_FORMATS       0x00010004
#define SRP_LOGIN_REJ_MULTICHANNEL  0x00010005

/* SRP_I_LOGOUT, SRP_T_LOGOUT */
#define SRP_LOGOUT_LEN              16

/* SRP_CMD */
#define SRP_CMD_OFS_BUF_FORMATS     5   /* out: high nibble, in: low nibble */
#define SRP_CMD_OFS_OUT_COUNT       6
#define SRP_CMD_OFS_IN_COUNT        7
#define SRP_CMD_OFS_LUN             20
#define SRP_CMD_OFS_ADD_CDB_LEN     31  /* bytes; a multiple of 4 */
#define SRP_CMD_OFS_CDB             32
#define SRP_CMD_LEN                 48
#define SRP_CDB_LEN                 16

/* Formats of buffer descriptors */
#define SRP_BUF_NONE                0
#define SRP_BUF_DIRECT              1
#define SRP_BUF_INDIRECT            2

/* A memory descriptor */
#define SRP_DESC_OFS_ADDR           0
#define SRP_DESC_OFS_LEN            12
#define SRP_DESC_LEN                16

/* An indirect one: a descriptor of the table, the sum, some of the table */
#define SRP_INDIRECT_OFS_TABLE      0
#define SRP_INDIRECT_OFS_TABLE_LEN  12
#define SRP_INDIRECT_OFS_LEN        16
#define SRP_INDIRECT_OFS_LIST       20

/* SRP_TSK_MGMT */
#define SRP_TSK_OFS_LUN             20
#define SRP_TSK_OFS_FUNCTION        30
#define SRP_TSK_OFS_TASK_TAG        32
#define SRP_TSK_LEN                 48

#define SRP_TSK_ABORT_TASK          0x01
#define SRP_TSK_ABORT_TASK_SET      0x02
#define SRP_TSK_CLEAR_TASK_SET      0x04
#define SRP_TSK_LUN_RESET           0x08

/* SRP_RSP; response data (of task management) or sense data follow */
#define SRP_RSP_OFS_LIMIT_DELTA     4
#define SRP_RSP_OFS_FLAGS           18
#define SRP_RSP_OFS_STATUS          19
#define SRP_RSP_OFS_OUT_RESIDUAL    20
#define SRP_RSP_OFS_IN_RESIDUAL     24
#define SRP_RSP_OFS_SENSE_LEN       28
#define SRP_RSP_OFS_DATA_LEN        32
#define SRP_RSP_LEN                 36

#define SRP_RSP_DATA_VALID          0x01
#define SRP_RSP_SENSE_VALID         0x02
#define SRP_RSP_OUT_OVER            0x04
#define SRP_RSP_OUT_UNDER           0x08
#define SRP_RSP_IN_OVER             0x10
#define SRP_RSP_IN_UNDER            0x20

/* Response data: a word, the code in its last byte */
#define SRP_RSP_DATA_LEN            4
#define SRP_RSP_CODE_COMPLETE       0x00
#define SRP_RSP_CODE_INVALID_FIELDS 0x02
#define SRP_RSP_CODE_NOT_SUPPORTED  0x04
#define SRP_RSP_CODE_FAILED         0x05

/*
 * SOL_NOT, "solicited notification": a request says when its answer is to be
 * one, the answer whether it is
 */
#define SRP_SOL_NOT_SUCCESS         0x02
#define SRP_SOL_NOT_FAILURE         0x04
#define SRP_SOL_NOT_ANSWER          0x01

/*
 * Logical unit numbers: the logical unit addressing method of the SCSI
 * Architecture Model, with 6 bits of target, 3 of bus and 5 of unit
 */
#define VSCSI_LUN_METHOD            0x8000
#define VSCSI_LUN_TARGET_SHIFT      8
#define VSCSI_LUN_TARGET_MASK       0x3f
#define VSCSI_LUN_BUS_SHIFT         5
#define VSCSI_LUN_BUS_MASK          0x7
#define VSCSI_LUN_UNIT_MASK         0x1f
/* The well-known unit that knows REPORT LUNS */
#define VSCSI_LUN_REPORT_LUNS       0xc101

/* Management datagrams (MADs): "VSCSI Management Datagrams (MADs)" */
#define MAD_OFS_TYPE                0
#define MAD_OFS_STATUS              4
#define MAD_OFS_LENGTH              6
#define MAD_OFS_TAG                 8
#define MAD_LEN                     16
#define MAD_OFS_BUFFER              16  /* of those that have one */
#define MAD_BUFFER_LEN              24

#define MAD_EMPTY_IU                0x01
#define MAD_ERROR_LOG               0x02
#define MAD_ADAPTER_INFO            0x03
#define MAD_CAPABILITIES            0x05
#define MAD_PHYS_ADAPTER_INFO       0x06
#define MAD_TAPE_PASSTHROUGH        0x07
#define MAD_FAST_FAIL               0x08

#define MAD_STATUS_SUCCESS          0x00
#define MAD_STATUS_NOT_SUPPORTED    0xf1
#define MAD_STATUS_FAILED           0xf7

/* The buffer of an error log */
#define MAD_LOG_OFS_LUN             0
#define MAD_LOG_OFS_CORRELATOR      8
#define MAD_LOG_OFS_ERROR_ID        24
#define MAD_LOG_OFS_CLIENT_NAME     32
#define MAD_LOG_OFS_DEVICE_NAME     64
#define MAD_LOG_NAME_LEN            32
#define MAD_LOG_LEN                 104

/* The buffer of an adapter information request */
#define MAD_INFO_OFS_SRP_VERSION    0
#define MAD_INFO_OFS_NAME           8
#define MAD_INFO_NAME_LEN           96
#define MAD_INFO_OFS_PARTITION      104
#define MAD_INFO_OFS_MAD_VERSION    108
#define MAD_INFO_OFS_OS             112
#define MAD_INFO_OFS_MAX_TXU        116 /* 8 words, of which one is in use */
#define MAD_INFO_MIN_LEN            120
#define MAD_INFO_LEN                148

#define MAD_INFO_OS_AIX             3

/* The buffer of a capabilities exchange, and what is in the list there */
#define MAD_CAPS_OFS_FLAGS          0
#define MAD_CAPS_OFS_NAME           4
#define MAD_CAPS_NAME_LEN           32
#define MAD_CAPS_OFS_LIST           68
#define MAD_CAPS_LIST_SUPPORTED     0x04
#define MAD_CAPS_LIST_DATA          0x08

#define MAD_CAP_OFS_TYPE            0
#define MAD_CAP_OFS_LENGTH          4
#define MAD_CAP_OFS_SUPPORT         6
#define MAD_CAP_OFS_DATA            8
#define MAD_CAP_LEN                 12

#define MAD_CAP_MIGRATION           1
#define MAD_CAP_MIGRATION_LEVEL     1
#define MAD_CAP_RESERVATION         2
#define MAD_CAP_UNSUPPORTED         0
#define MAD_CAP_SUPPORTED           1
#define MAD_CAP_DATA                2

/* Tape passthrough has no buffer */
#define MAD_TAPE_OFS_LUN            16
#define MAD_TAPE_OFS_VERSION        24
#define MAD_TAPE_OFS_ENABLE         28
#define MAD_TAPE_LEN                32
#define MAD_TAPE_VERSION            1
#define MAD_TAPE_ENABLE             1

#endif /* HW_SCSI_SPAPR_SRP_H */
