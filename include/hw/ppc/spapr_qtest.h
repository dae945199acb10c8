/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the board's own commands of the qtest protocol
 *
 * All numbers are decimal, octal or hexadecimal as in C. A request that is
 * malformed is answered with "FAIL" and the reason.
 *
 *  > rtas NAME NARGS ARGS_ADDR NRET RETS_ADDR
 *  < OK RET
 *
 * Run the RTAS service NAME on the first processor. Its argument cells are at
 * guest address ARGS_ADDR, its return cells are stored at RETS_ADDR; RET is
 * what spapr_rtas_call_by_name() returns.
 *
 *  > hcall CPU TOKEN [ARG...]
 *  < OK RET R4 R5 R6 R7 R8 R9 R10 R11 R12
 *
 * Run hypercall TOKEN on processor CPU (its index), up to nine arguments in R4
 * and so on. Arguments not given are 0. RET is the code for R3.
 *
 *  > hcalls CPU,TOKEN[,ARG...] [CPU,TOKEN[,ARG...] ...]
 *  < OK RET [RET...]
 *
 * Run one hypercall after the other, as hcall does. The answer has the code of
 * each. A malformed one ends it; those before it have been run.
 */

#ifndef HW_PPC_SPAPR_QTEST_H
#define HW_PPC_SPAPR_QTEST_H

/** spapr_qtest_init: offer the commands, when this QEMU is under test at all */
void spapr_qtest_init(void);

#endif /* HW_PPC_SPAPR_QTEST_H */
