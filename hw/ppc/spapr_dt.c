/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the live device tree
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "hw/ppc/spapr_dt.h"

#include <libfdt.h>

typedef struct DtProp {
    char *name;
    void *value;
    size_t len;
} DtProp;

struct DtNode {
    char *name;
    GArray *props;          /* DtProp */
    GPtrArray *children;    /* DtNode *, owned */
};

static void dt_prop_clear(gpointer data)
{
    DtProp *prop = data;

    g_free(prop->name);
    g_free(prop->value);
}

static DtNode *dt_node_new(char *name)
{
    DtNode *node = g_new(DtNode, 1);

    node->name = name;
    node->props = g_array_new(false, false, sizeof(DtProp));
    g_array_set_clear_func(node->props, dt_prop_clear);
    node->children = g_ptr_array_new_with_free_func((GDestroyNotify)dt_free);
    return node;
}

DtNode *dt_root_new(void)
{
    return dt_node_new(g_strdup(""));
}

void dt_free(DtNode *node)
{
    g_ptr_array_unref(node->children);
    g_array_unref(node->props);
    g_free(node->name);
    g_free(node);
}

static DtNode *dt_adopt(DtNode *parent, char *name)
{
    DtNode *node = dt_node_new(name);

    g_ptr_array_add(parent->children, node);
    return node;
}

DtNode *dt_add(DtNode *parent, const char *fmt, ...)
{
    char *name;
    va_list ap;

    va_start(ap, fmt);
    name = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return dt_adopt(parent, name);
}

DtNode *dt_find(DtNode *parent, const char *name)
{
    for (guint i = 0; i < parent->children->len; i++) {
        DtNode *child = g_ptr_array_index(parent->children, i);

        if (g_str_equal(child->name, name)) {
            return child;
        }
    }
    return NULL;
}

DtNode *dt_get(DtNode *parent, const char *name)
{
    return dt_find(parent, name) ?: dt_adopt(parent, g_strdup(name));
}

static DtProp *dt_prop_find(const DtNode *node, const char *name)
{
    for (guint i = 0; i < node->props->len; i++) {
        DtProp *prop = &g_array_index(node->props, DtProp, i);

        if (g_str_equal(prop->name, name)) {
            return prop;
        }
    }
    return NULL;
}

void dt_prop(DtNode *node, const char *name, const void *value, size_t len)
{
    DtProp *prop = dt_prop_find(node, name);

    if (!prop) {
        DtProp fresh = { .name = g_strdup(name) };

        g_array_append_val(node->props, fresh);
        prop = &g_array_index(node->props, DtProp, node->props->len - 1);
    }
    g_free(prop->value);
    prop->value = g_memdup2(value, len);
    prop->len = len;
}

void dt_prop_empty(DtNode *node, const char *name)
{
    dt_prop(node, name, NULL, 0);
}

void dt_prop_string(DtNode *node, const char *name, const char *value)
{
    dt_prop(node, name, value, strlen(value) + 1);
}

void dt_prop_strings(DtNode *node, const char *name,
                     const char *const *values, size_t n)
{
    g_autoptr(GByteArray) list = g_byte_array_new();

    for (size_t i = 0; i < n; i++) {
        g_byte_array_append(list, (const guint8 *)values[i],
                            strlen(values[i]) + 1);
    }
    dt_prop(node, name, list->data, list->len);
}

void dt_prop_u32(DtNode *node, const char *name, uint32_t value)
{
    dt_prop_cells_n(node, name, &value, 1);
}

void dt_prop_u64(DtNode *node, const char *name, uint64_t value)
{
    dt_prop_cells(node, name, value >> 32, (uint32_t)value);
}

void dt_prop_cells_n(DtNode *node, const char *name,
                     const uint32_t *cells, size_t n)
{
    g_autofree uint32_t *be = g_new(uint32_t, n);

    for (size_t i = 0; i < n; i++) {
        be[i] = cpu_to_be32(cells[i]);
    }
    dt_prop(node, name, be, n * sizeof(*be));
}

static void dt_collect_phandles(const DtNode *node, GHashTable *used)
{
    const DtProp *prop = dt_prop_find(node, "phandle");

    if (prop) {
        g_hash_table_add(used, GUINT_TO_POINTER(ldl_be_p(prop->value)));
    }
    for (guint i = 0; i < node->children->len; i++) {
        dt_collect_phandles(g_ptr_array_index(node->children, i), used);
    }
}

static void dt_number(DtNode *node, GHashTable *used, uint32_t *next)
{
    if (!dt_prop_find(node, "phandle")) {
        while (g_hash_table_contains(used, GUINT_TO_POINTER(*next))) {
            ++*next;
        }
        dt_prop_u32(node, "phandle", (*next)++);
    }
    for (guint i = 0; i < node->children->len; i++) {
        dt_number(g_ptr_array_index(node->children, i), used, next);
    }
}

void dt_assign_phandles(DtNode *root)
{
    g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);
    uint32_t next = 1;

    dt_collect_phandles(root, used);
    dt_number(root, used, &next);
}

/*
 * The step number *@n of the walk through what is below @node, or else *@n less
 * the number of steps there.
 */
static bool dt_walk(const DtNode *node, size_t *n, DtStep *step)
{
    for (guint i = 0; i < node->children->len; i++) {
        const DtNode *child = g_ptr_array_index(node->children, i);

        if (!*n) {
            step->kind = i ? DT_STEP_SIBLING : DT_STEP_CHILD;
            step->name = child->name;
            return true;
        }
        --*n;
        if (*n < child->props->len) {
            const DtProp *prop = &g_array_index(child->props, DtProp, *n);

            step->kind = DT_STEP_PROPERTY;
            step->name = prop->name;
            step->value = prop->value;
            step->len = prop->len;
            return true;
        }
        *n -= child->props->len;
        if (dt_walk(child, n, step)) {
            return true;
        }
        if (child->children->len && !(*n)--) {
            step->kind = DT_STEP_PARENT;
            return true;
        }
    }
    return false;
}

DtStep dt_step(const DtNode *root, size_t n)
{
    DtStep step = { .kind = DT_STEP_END };

    dt_walk(root, &n, &step);
    return step;
}

static size_t dt_align(size_t len)
{
    return ROUND_UP(len, FDT_TAGSIZE);
}

/*
 * How many bytes a node takes in the structure block, plus what its property
 * names would take in the strings block if none were shared. libfdt's writer
 * can't grow its buffer, so an upper bound is what it gets.
 */
static size_t dt_bound(const DtNode *node)
{
    size_t size = 2 * FDT_TAGSIZE + dt_align(strlen(node->name) + 1);

    for (guint i = 0; i < node->props->len; i++) {
        const DtProp *prop = &g_array_index(node->props, DtProp, i);

        size += sizeof(struct fdt_property) + dt_align(prop->len) +
                strlen(prop->name) + 1;
    }
    for (guint i = 0; i < node->children->len; i++) {
        size += dt_bound(g_ptr_array_index(node->children, i));
    }
    return size;
}

static int dt_write(void *fdt, const DtNode *node)
{
    int ret = fdt_begin_node(fdt, node->name);

    for (guint i = 0; !ret && i < node->props->len; i++) {
        const DtProp *prop = &g_array_index(node->props, DtProp, i);

        ret = fdt_property(fdt, prop->name, prop->value, prop->len);
    }
    for (guint i = 0; !ret && i < node->children->len; i++) {
        ret = dt_write(fdt, g_ptr_array_index(node->children, i));
    }
    return ret ?: fdt_end_node(fdt);
}

void *dt_flatten(DtNode *root, size_t slack, size_t *size)
{
    size_t room = FDT_V17_SIZE + sizeof(struct fdt_reserve_entry) +
                  dt_bound(root) + FDT_TAGSIZE + slack;
    void *fdt;
    int ret;

    room = ROUND_UP(room, sizeof(uint64_t));
    fdt = g_malloc0(room);
    ret = fdt_create(fdt, room);
    ret = ret ?: fdt_finish_reservemap(fdt);
    ret = ret ?: dt_write(fdt, root);
    ret = ret ?: fdt_finish(fdt);
    if (!ret && slack) {
        ret = fdt_open_into(fdt, fdt, room);
    }
    /* The buffer is big enough by construction and names are well formed */
    g_assert(!ret);
    *size = fdt_totalsize(fdt);
    return fdt;
}
