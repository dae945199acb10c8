/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of the PAPR interface: hypercall tokens and return codes
 *
 * Only facts that the LoPAR, chapter "Logical Partitioning Option", fixes, and
 * no types, so that device models and tests may both include it.
 */

#ifndef HW_PPC_PAPR_H
#define HW_PPC_PAPR_H

/* Return codes, table "Hypervisor Call Return Code Table" */
#define H_SUCCESS               0
#define H_BUSY                  1
#define H_CLOSED                2
#define H_NOT_AVAILABLE         3
#define H_CONSTRAINED           4
#define H_PARTIAL               5
#define H_IN_PROGRESS           14
#define H_PARTIAL_STORE         16
#define H_PENDING               17
#define H_CONTINUE              18
#define H_LONG_BUSY_1_MSEC      9900
#define H_LONG_BUSY_10_MSEC     9901
#define H_LONG_BUSY_100_MSEC    9902
#define H_LONG_BUSY_1_SEC       9903
#define H_LONG_BUSY_10_SEC      9904
#define H_LONG_BUSY_100_SEC     9905
#define H_HARDWARE              (-1)
#define H_FUNCTION              (-2)
#define H_PRIVILEGE             (-3)
#define H_PARAMETER             (-4)
#define H_BAD_MODE              (-5)
#define H_PTEG_FULL             (-6)
#define H_NOT_FOUND             (-7)
#define H_RESERVED_DABR         (-8)
#define H_NO_MEM                (-9)
#define H_AUTHORITY             (-10)
#define H_PERMISSION            (-11)
#define H_DROPPED               (-12)
#define H_S_PARM                (-13)
#define H_D_PARM                (-14)
#define H_R_PARM                (-15)
#define H_RESOURCE              (-16)
#define H_ABORTED               (-54)
#define H_P2                    (-55)
#define H_P3                    (-56)
#define H_P4                    (-57)
#define H_P5                    (-58)
#define H_P6                    (-59)
#define H_TOO_BIG               (-64)
#define H_UNSUPPORTED_FLAG      (-256)
#define H_UNSUPPORTED           (-67)
#define H_STATE                 (-75)

/* Tokens, table "Hypervisor Call Function Table" */
#define H_REMOVE                0x004
#define H_ENTER                 0x008
#define H_READ                  0x00c
#define H_CLEAR_MOD             0x010
#define H_CLEAR_REF             0x014
#define H_PROTECT               0x018
#define H_GET_TCE               0x01c
#define H_PUT_TCE               0x020
#define H_SET_SPRG0             0x024
#define H_SET_DABR              0x028
#define H_PAGE_INIT             0x02c
#define H_LOGICAL_CI_LOAD       0x03c
#define H_LOGICAL_CI_STORE      0x040
#define H_LOGICAL_CACHE_LOAD    0x044
#define H_LOGICAL_CACHE_STORE   0x048
#define H_LOGICAL_ICBI          0x04c
#define H_LOGICAL_DCBF          0x050
#define H_GET_TERM_CHAR         0x054
#define H_PUT_TERM_CHAR         0x058
#define H_EOI                   0x064
#define H_CPPR                  0x068
#define H_IPI                   0x06c
#define H_IPOLL                 0x070
#define H_XIRR                  0x074
#define H_REGISTER_VPA          0x0dc
#define H_CEDE                  0x0e0
#define H_CONFER                0x0e4
#define H_PROD                  0x0e8
#define H_GET_PPP               0x0ec
#define H_SET_PPP               0x0f0
#define H_PURR                  0x0f4
#define H_PIC                   0x0f8
#define H_REG_CRQ               0x0fc
#define H_FREE_CRQ              0x100
#define H_VIO_SIGNAL            0x104
#define H_SEND_CRQ              0x108
#define H_REGISTER_LOGICAL_LAN  0x114
#define H_FREE_LOGICAL_LAN      0x118
#define H_ADD_LOGICAL_LAN_BUFFER 0x11c
#define H_SEND_LOGICAL_LAN      0x120
#define H_BULK_REMOVE           0x124
#define H_MULTICAST_CTRL        0x130
#define H_SET_XDABR             0x134
#define H_STUFF_TCE             0x138
#define H_PUT_TCE_INDIRECT      0x13c
#define H_CHANGE_LOGICAL_LAN_MAC 0x14c
#define H_VTERM_PARTNER_INFO    0x150
#define H_GET_CPU_CHARACTERISTICS 0x1c8
#define H_FREE_LOGICAL_LAN_BUFFER 0x1d4
#define H_POLL_PENDING          0x1d8
#define H_ILLAN_ATTRIBUTES      0x244
#define H_ADD_LOGICAL_LAN_BUFFERS 0x248     /* Linux's asm/hvcall.h */
#define H_JOIN                  0x298
#define H_VIOCTL                0x2a8
#define H_ENABLE_CRQ            0x2b0
#define H_SET_MPP               0x2d0
#define H_GET_MPP               0x2d4
#define H_REG_SUB_CRQ           0x2dc
#define H_FREE_SUB_CRQ          0x2e0
#define H_SEND_SUB_CRQ          0x2e4
#define H_SEND_SUB_CRQ_INDIRECT 0x2e8
#define H_HOME_NODE_ASSOCIATIVITY 0x2ec
#define H_XIRR_X                0x2fc
#define H_RANDOM                0x300
#define H_SET_MODE              0x31c
#define H_BLOCK_REMOVE          0x328
#define H_RESIZE_HPT_PREPARE    0x36c
#define H_RESIZE_HPT_COMMIT     0x370
#define H_CLEAN_SLB             0x374
#define H_INVALIDATE_PID        0x378
#define H_REGISTER_PROC_TBL     0x37c
#define H_SIGNAL_SYS_RESET      0x380
#define H_INT_GET_SOURCE_INFO   0x3a8
#define H_INT_SET_SOURCE_CONFIG 0x3ac
#define H_INT_GET_SOURCE_CONFIG 0x3b0
#define H_INT_GET_QUEUE_INFO    0x3b4
#define H_INT_SET_QUEUE_CONFIG  0x3b8
#define H_INT_GET_QUEUE_CONFIG  0x3bc
#define H_INT_SET_OS_REPORTING_LINE 0x3c0
#define H_INT_GET_OS_REPORTING_LINE 0x3c4
#define H_INT_ESB               0x3c8
#define H_INT_SYNC              0x3cc
#define H_INT_RESET             0x3d0
#define H_RPT_INVALIDATE        0x448

/*
 * Tokens that firmware running under QEMU uses; SLOF's lib/libhvcall and
 * pc-bios/vof name them. They are private to board and firmware, so no
 * function set advertises them.
 */
#define H_PRIVATE_BASE          0xf000
#define H_PRIVATE_RTAS          (H_PRIVATE_BASE + 0x0)
#define H_PRIVATE_LOGICAL_MEMOP (H_PRIVATE_BASE + 0x1)
#define H_PRIVATE_CAS           (H_PRIVATE_BASE + 0x2)
#define H_PRIVATE_UPDATE_DT     (H_PRIVATE_BASE + 0x3)
#define H_PRIVATE_VOF_CLIENT    (H_PRIVATE_BASE + 0x5)

/* RTAS status words, LoPAR table "RTAS Status Word Values" */
#define RTAS_OUT_SUCCESS        0
#define RTAS_OUT_HW_ERROR       (-1)
#define RTAS_OUT_BUSY           (-2)
#define RTAS_OUT_PARAM_ERROR    (-3)
#define RTAS_OUT_NOT_SUPPORTED  (-3)
#define RTAS_OUT_NOT_AUTHORIZED (-9002)
#define RTAS_OUT_SYSPARM_ERROR  (-9999)

#endif /* HW_PPC_PAPR_H */
