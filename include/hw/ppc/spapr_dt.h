/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the live device tree
 *
 * Modules add their nodes and properties to a tree in memory, in any order;
 * it is flattened once, with libfdt's sequential writer, when the machine is
 * reset. Property values are given in host order and stored as big-endian
 * cells.
 */

#ifndef HW_PPC_SPAPR_DT_H
#define HW_PPC_SPAPR_DT_H

typedef struct DtNode DtNode;

/** dt_root_new: a tree with nothing but its root; dt_free() frees it whole */
DtNode *dt_root_new(void);
void dt_free(DtNode *root);

/**
 * dt_add: a new last child, named by the printf-like @fmt ("name" or
 * "name@unit"). The caller sees to it that no sibling has the name: nothing is
 * searched, so a node with many children is built in linear time.
 */
DtNode *dt_add(DtNode *parent, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/** dt_get: the child called @name, made when it is not there yet */
DtNode *dt_get(DtNode *parent, const char *name);

/** dt_find: the child called @name, or NULL */
DtNode *dt_find(DtNode *parent, const char *name);

/* Setting a property again replaces its value. */
void dt_prop(DtNode *node, const char *name, const void *value, size_t len);
void dt_prop_empty(DtNode *node, const char *name);
void dt_prop_string(DtNode *node, const char *name, const char *value);
/** dt_prop_strings: @n strings, each with its NUL, one behind the other */
void dt_prop_strings(DtNode *node, const char *name,
                     const char *const *values, size_t n);
void dt_prop_u32(DtNode *node, const char *name, uint32_t value);
void dt_prop_u64(DtNode *node, const char *name, uint64_t value);
void dt_prop_cells_n(DtNode *node, const char *name,
                     const uint32_t *cells, size_t n);
/** dt_prop_cells: the 32-bit cells that follow the name */
#define dt_prop_cells(node, name, ...)                                  \
    dt_prop_cells_n((node), (name), (const uint32_t[]) { __VA_ARGS__ }, \
                    sizeof((const uint32_t[]) { __VA_ARGS__ }) /        \
                    sizeof(uint32_t))

/* What is met on a walk through all that is below a node, depth first */
typedef enum DtStepKind {
    DT_STEP_END,
    DT_STEP_CHILD,          /* a first child */
    DT_STEP_SIBLING,        /* the next one */
    DT_STEP_PROPERTY,       /* of the node that was met last */
    DT_STEP_PARENT,         /* back to the parent: it has no more children */
} DtStepKind;

typedef struct DtStep {
    DtStepKind kind;
    const char *name;       /* of the node or the property */
    const void *value;
    size_t len;             /* bytes of the value */
} DtStep;

/**
 * dt_step: a step of such a walk
 * @root: is not itself met
 * @n: which one, counted from 0; behind the last one are ends
 *
 * Returns: the step; what it points to is the tree's
 */
DtStep dt_step(const DtNode *root, size_t n);

/**
 * dt_assign_phandles: give every node without a "phandle" one, counted up from
 * 1 in tree order; numbers that modules have chosen are passed over
 */
void dt_assign_phandles(DtNode *root);

/**
 * dt_flatten: the tree as a flattened device tree blob
 * @slack: bytes of room for later growth (libfdt's fdt_setprop() and such)
 * @size: where the total size, slack included, is put
 *
 * Returns: the blob, for g_free()
 */
void *dt_flatten(DtNode *root, size_t slack, size_t *size);

#endif /* HW_PPC_SPAPR_DT_H */
