/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: PCI of the sPAPR board
 *
 * LoPAR, "PCI Configuration Space", "MSI Support" and "DMA Window Manipulation
 * Calls"
 */

#include "qemu/osdep.h"
#include "spapr-pci-qtest.h"
#include <libfdt.h>

/*
 * The tree
 */

static int phb_node(const void *fdt, unsigned n)
{
    g_autofree char *path = g_strdup_printf("/pci@%llx", BUID(n));
    int node = fdt_path_offset(fdt, path);

    g_assert_cmpint(node, >=, 0);
    return node;
}

static void expect_cells(const void *fdt, int node, const char *name,
                         const uint32_t *want, unsigned n)
{
    int len;
    const fdt32_t *cells = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(cells);
    g_assert_cmpint(len, ==, n * sizeof(*cells));
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmphex(fdt32_to_cpu(cells[i]), ==, want[i]);
    }
}
#define EXPECT_CELLS(fdt, node, name, ...)                              \
    expect_cells((fdt), (node), (name), (const uint32_t[]) { __VA_ARGS__ }, \
                 ARRAY_SIZE(((const uint32_t[]) { __VA_ARGS__ })))

static void test_tree(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=5 "
        "-device e1000e,addr=6.3,multifunction=on -device edu,addr=6.0,"
        "multifunction=on");
    int phb = phb_node(guest.fdt, 0);
    int node;

    EXPECT_CELLS(guest.fdt, phb, "reg", 0x8000000, 0x20000000, 0, 0);
    EXPECT_CELLS(guest.fdt, phb, "bus-range", 0, 255);
    EXPECT_CELLS(guest.fdt, phb, "ranges",
                 0x01000000, 0, 0, 0x2000, 0, 0, 0x10000,
                 0x02000000, 0, 0x80000000, 0x2000, 0x80000000, 0, 0x80000000,
                 0x03000000, 0x2100, 0, 0x2100, 0, 0x100, 0);
    EXPECT_CELLS(guest.fdt, phb, "ibm,dma-window", LIOBN(0), 0, 0, 0,
                 0x40000000);
    EXPECT_CELLS(guest.fdt, phb, "ibm,ddw-applicable",
                 spapr_rtas_guest_cell(&guest, "ibm,query-pe-dma-window", 0),
                 spapr_rtas_guest_cell(&guest, "ibm,create-pe-dma-window", 0),
                 spapr_rtas_guest_cell(&guest, "ibm,remove-pe-dma-window", 0));
    EXPECT_CELLS(guest.fdt, phb, "ibm,ddw-extensions", 2,
                 spapr_rtas_guest_cell(&guest, "ibm,reset-pe-dma-windows", 0),
                 1);
    g_assert_true(spapr_rtas_guest_has(&guest, "ibm,change-msix-capable"));

    node = fdt_subnode_offset(guest.fdt, phb, "legacy-device@5");
    g_assert_cmpint(node, >=, 0);
    EXPECT_CELLS(guest.fdt, node, "reg", 0x2800, 0, 0, 0, 0,
                 0x02002810, 0, 0, 0, 0x100000);
    EXPECT_CELLS(guest.fdt, node, "vendor-id", 0x1234);
    EXPECT_CELLS(guest.fdt, node, "device-id", 0x11e8);
    EXPECT_CELLS(guest.fdt, node, "class-code", 0x00ff00);
    EXPECT_CELLS(guest.fdt, node, "interrupts", 1);
    EXPECT_CELLS(guest.fdt, node, "ibm,req#msi", 1);
    g_assert_null(fdt_getprop(guest.fdt, node, "ibm,req#msi-x", NULL));

    node = fdt_subnode_offset(guest.fdt, phb, "ethernet@6,3");
    g_assert_cmpint(node, >=, 0);
    EXPECT_CELLS(guest.fdt, node, "ibm,req#msi-x", 5);
    EXPECT_CELLS(guest.fdt, node, "ibm,pci-config-space-type", 1);
    spapr_rtas_guest_stop(&guest);
}

/*
 * What SLOF is to boot from, in the words of board-qemu/slof's virtio-scsi.fs
 * and slof/fs' usb/dev-storage.fs and pci-class-code-names.fs
 */
static void test_boot_list(void)
{
    static const char want[] =
        "/pci@800000020000000/scsi@2 "
        "/pci@800000020000000/scsi@3/disk@100000000000000 "
        "/pci@800000020000000/scsi@3/disk@109412c00000000 "
        "/pci@800000020000000/usb-xhci@4/storage@2/disk@102000000000000 "
        "/pci@800000020000000/usb-xhci@4/hub@1/storage@3/"
        "disk@103000200000000 "
        "/pci@800000020000000/pci@5/ethernet@6,1 "
        "/pci@800000020000001/mass-storage@7 HALT";
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-boot strict=on "
        "-device virtio-blk-pci,drive=a,addr=2,bootindex=1 "
        "-device virtio-scsi-pci,id=s,addr=3 "
        "-device scsi-hd,bus=s.0,drive=b,scsi-id=0,lun=0,bootindex=2 "
        "-device scsi-cd,bus=s.0,drive=c,scsi-id=9,lun=300,bootindex=3 "
        "-device qemu-xhci,id=u,addr=4 "
        "-device usb-storage,bus=u.0,port=2,drive=d,bootindex=4 "
        "-device usb-hub,bus=u.0,port=1 "
        "-device usb-bot,id=t,bus=u.0,port=1.3 "
        "-device scsi-hd,bus=t.0,drive=e,lun=0 "
        "-device scsi-hd,bus=t.0,drive=f,lun=2,bootindex=5 "
        "-device pci-bridge,chassis_nr=1,id=p,addr=5 "
        "-device virtio-net-pci,bus=p,addr=6.1,bootindex=6 "
        "-device spapr-pci-host-bridge,index=1,id=h "
        "-device nvme,serial=n,bus=h.0,addr=7,drive=g,bootindex=7 "
        "-blockdev null-co,node-name=a,read-zeroes=on "
        "-blockdev null-co,node-name=b,read-zeroes=on "
        "-blockdev null-co,node-name=c,read-zeroes=on,read-only=on "
        "-blockdev null-co,node-name=d,read-zeroes=on "
        "-blockdev null-co,node-name=e,read-zeroes=on "
        "-blockdev null-co,node-name=f,read-zeroes=on "
        "-blockdev null-co,node-name=g,read-zeroes=on");
    const char *list = fdt_getprop(guest.fdt, fdt_path_offset(guest.fdt,
                                   "/chosen"), "qemu,boot-list", NULL);

    g_assert_cmpstr(list, ==, want);
    spapr_rtas_guest_stop(&guest);
}

/*
 * Configuration space
 */

static void test_config(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=5 "
                                                  "-device e1000e,addr=6");
    Function f = function(&guest, 0, CONFIG_ADDR(0, 5, 0));
    Function nobody = function(&guest, 0, CONFIG_ADDR(0, 7, 0));
    Function express = function(&guest, 0, CONFIG_ADDR(0, 6, 0));
    uint32_t rets[2];

    g_assert_cmphex(config_read(&f, PCI_VENDOR_ID, 4), ==, EDU_ID);
    g_assert_cmphex(config_read(&f, PCI_VENDOR_ID, 2), ==, 0x1234);
    g_assert_cmphex(config_read(&f, PCI_DEVICE_ID, 2), ==, 0x11e8);
    g_assert_cmphex(config_read(&f, PCI_DEVICE_ID + 1, 1), ==, 0x11);

    config_write(&f, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
    g_assert_cmphex(config_read(&f, PCI_BASE_ADDRESS_0, 4), ==, 0xfff00000);
    config_write(&f, PCI_BASE_ADDRESS_0 + 2, 2, 0x8120);
    config_write(&f, PCI_BASE_ADDRESS_0 + 3, 1, 0x83);
    g_assert_cmphex(config_read(&f, PCI_BASE_ADDRESS_0, 4), ==, 0x83200000);

    /* Where nobody is */
    config_write(&nobody, PCI_COMMAND, 4, 0x12345678);
    g_assert_cmphex(config_read(&nobody, 0, 1), ==, 0xff);
    g_assert_cmphex(config_read(&nobody, 0, 2), ==, 0xffff);
    g_assert_cmphex(config_read(&nobody, 0, 4), ==, 0xffffffff);
    nobody.addr = CONFIG_ADDR(255, 31, 7);
    g_assert_cmphex(config_read(&nobody, 0, 4), ==, 0xffffffff);

    /* Registers that only PCI Express has */
    g_assert_cmphex(config_read(&f, 0x100, 4), ==, 0xffffffff);
    g_assert_cmphex(config_read(&express, 0x100, 2), ==, PCI_EXT_CAP_ID_ERR);

    /* The services before there were unit ids */
    g_assert_cmpint(call_cells(&f, rets, 2, "read-pci-config", f.addr, 4),
                    ==, OK);
    g_assert_cmphex(rets[1], ==, EDU_ID);
    g_assert_cmpint(call_cells(&f, rets, 1, "write-pci-config",
                         f.addr | PCI_INTERRUPT_LINE, 1, 0x5a), ==, OK);
    g_assert_cmphex(config_read(&f, PCI_INTERRUPT_LINE, 1), ==, 0x5a);
    spapr_rtas_guest_stop(&guest);
}

static void test_config_errors(void)
{
    static const uint32_t bad_sizes[] = { 0, 3, 5, 8, 0x80000000, -1 };
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=5");
    Function f = function(&guest, 0, CONFIG_ADDR(0, 5, 0));
    Function other = f;
    uint32_t rets[2], value;

    for (unsigned i = 0; i < ARRAY_SIZE(bad_sizes); i++) {
        g_assert_cmpint(try_read(&f, 0, bad_sizes[i], &value), ==, BAD);
        g_assert_cmpint(try_write(&f, 0, bad_sizes[i], 0), ==, BAD);
        g_assert_cmpint(call_cells(&f, rets, 2, "read-pci-config", f.addr,
                             bad_sizes[i]), ==, BAD);
    }
    g_assert_cmpint(try_read(&f, 1, 2, &value), ==, BAD);
    g_assert_cmpint(try_read(&f, 2, 4, &value), ==, BAD);
    g_assert_cmpint(try_write(&f, PCI_COMMAND + 1, 2, 0), ==, BAD);
    g_assert_cmpint(try_write(&f, PCI_COMMAND + 3, 4, 0), ==, BAD);
    /* No such bridge */
    for (unsigned n = 1; n < 64; n++) {
        other.bridge = n;
        g_assert_cmpint(try_read(&other, 0, 4, &value), ==, BAD);
        g_assert_cmpint(try_write(&other, PCI_COMMAND, 2, 7), ==, BAD);
    }
    other.bridge = -1;
    g_assert_cmpint(try_read(&other, 0, 4, &value), ==, BAD);
    g_assert_cmpint(call_cells(&f, rets, 2, "ibm,read-pci-config", f.addr,
                               0, 0, 4),
                    ==, BAD);
    /* Reserved bits */
    for (unsigned bit = 24; bit < 28; bit++) {
        other = f;
        other.addr |= 1 << bit;
        g_assert_cmpint(try_read(&other, 0, 4, &value), ==, BAD);
        g_assert_cmpint(try_write(&other, PCI_COMMAND, 2, 7), ==, BAD);
    }
    g_assert_cmphex(config_read(&f, PCI_COMMAND, 2), ==, 0);
    spapr_rtas_guest_stop(&guest);
}

/*
 * The windows of processors
 */

static void expect_ones(QTestState *qts, uint64_t addr)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmphex(qtest_readl(qts, addr), ==, 0xffffffff);
    qtest_writel(qts, addr, 0);
    g_assert_cmpint(hcall_rets(qts, rets, H_LOGICAL_CI_LOAD, 4, addr), ==,
                    H_SUCCESS);
    g_assert_cmphex(rets[0], ==, 0xffffffff);
}

static void test_windows(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=5");
    Function f = edu(&guest, 0, CONFIG_ADDR(0, 5, 0), 0x80000000);

    g_assert_cmphex(qtest_readl(guest.qts, f.mmio + EDU_IDENTITY) & 0xff, ==,
                    0xed);
    expect_ones(guest.qts, f.mmio + MiB);
    expect_ones(guest.qts, MEM32_WINDOW(0) + 2 * GiB - 4);
    expect_ones(guest.qts, MEM64_WINDOW(0));
    expect_ones(guest.qts, MEM64_WINDOW(0) + TiB - 4);
    expect_ones(guest.qts, IO_WINDOW(0));
    expect_ones(guest.qts, IO_WINDOW(0) + 64 * KiB - 4);
    /* Behind them there is nothing at all */
    g_assert_cmpint(hcall(guest.qts, H_LOGICAL_CI_LOAD, 4, IO_WINDOW(1)), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(guest.qts, H_LOGICAL_CI_LOAD, 4, MEM64_WINDOW(1)),
                    ==, H_PARAMETER);

    config_write(&f, PCI_COMMAND, 2, 0);
    expect_ones(guest.qts, f.mmio + EDU_IDENTITY);
    spapr_rtas_guest_stop(&guest);
}

/*
 * Interrupts
 */

/* What the interrupt-map of the bridge has for a pin of a slot */
static uint32_t mapped_source(const void *fdt, int node, unsigned slot,
                              unsigned pin)
{
    int len;
    const fdt32_t *mask = fdt_getprop(fdt, node, "interrupt-map-mask", &len);
    const fdt32_t *map = fdt_getprop(fdt, node, "interrupt-map", &len);

    for (int i = 0; i + 7 <= len / (int)sizeof(*map); i += 7) {
        if (fdt32_to_cpu(map[i]) == (slot << 11 & fdt32_to_cpu(mask[0])) &&
            fdt32_to_cpu(map[i + 3]) == pin) {
            g_assert_cmpuint(fdt32_to_cpu(map[i + 6]), ==, 1);
            return fdt32_to_cpu(map[i + 5]);
        }
    }
    g_assert_not_reached();
}

static void test_pins(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device edu,addr=4 -device edu,addr=5 -device edu,addr=6 "
        "-device edu,addr=7 -device edu,addr=8");
    uint32_t sources[5], edge;

    for (unsigned slot = 4; slot <= 8; slot++) {
        Function f = edu(&guest, 0, CONFIG_ADDR(0, slot, 0), 0x80000000);
        uint32_t *source = &sources[slot - 4];

        g_assert_cmpint(query_source(&f, 0, source, &edge), ==, OK);
        g_assert_cmpuint(edge, ==, 0);
        g_assert_cmphex(*source, ==, mapped_source(guest.fdt,
                        phb_node(guest.fdt, 0), slot, 1));
        g_assert_cmpint(query_source(&f, 1, source, &edge), ==, NO_INTERRUPT);
        g_assert_cmpint(query_source(&f, 0, source, &edge), ==, OK);

        unmask(&f, *source);
        g_assert_cmphex(take(&f), ==, 0);
        qtest_writel(guest.qts, f.mmio + EDU_RAISE, 1);
        g_assert_cmphex(take(&f), ==, *source);
        g_assert_cmphex(take(&f), ==, 0);
        /* It is a level: there again until the function is content */
        end(&f, *source);
        g_assert_cmphex(take(&f), ==, *source);
        qtest_writel(guest.qts, f.mmio + EDU_ACK, 1);
        end(&f, *source);
        g_assert_cmphex(take(&f), ==, 0);
        config_write(&f, PCI_COMMAND, 2, 0);
    }
    /* Four lines, which slots share in turn */
    for (unsigned i = 1; i < 4; i++) {
        g_assert_cmphex(sources[i], !=, sources[0]);
    }
    g_assert_cmphex(sources[4], ==, sources[0]);
    spapr_rtas_guest_stop(&guest);
}

static void test_msi(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=5 "
                                                  "-device edu,addr=6");
    Function f = edu(&guest, 0, CONFIG_ADDR(0, 5, 0), 0x80000000);
    Function g = edu(&guest, 0, CONFIG_ADDR(0, 6, 0), 0x80100000);
    uint8_t cap = find_capability(&f, PCI_CAP_ID_MSI);
    uint32_t pin, source, other, edge, count, kind;

    g_assert_cmpint(query_source(&f, 0, &pin, &edge), ==, OK);
    expect_change(&f, 0, 0, 0, 0);
    /* As many as it has, not as many as it wants */
    expect_change(&f, 3, 8, 1, 1);
    expect_change(&f, 0, 0, 1, 1);
    g_assert_cmpint(query_source(&f, 0, &source, &edge), ==, OK);
    g_assert_cmpuint(edge, ==, 1);
    g_assert_cmphex(source, !=, pin);
    g_assert_cmpint(query_source(&f, 1, &other, &edge), ==, NO_INTERRUPT);
    g_assert_cmphex(config_read(&f, cap + PCI_MSI_DATA_64, 2), ==, source);
    g_assert_true(config_read(&f, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE);

    expect_change(&g, 5, 1, 1, 1);
    g_assert_cmpint(query_source(&g, 0, &other, &edge), ==, OK);
    g_assert_cmphex(other, !=, source);

    config_write(&f, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    expect_message(&f, source);

    /* A message that it makes up is no interrupt */
    config_write(&f, cap + PCI_MSI_DATA_64, 2, 0x1000);
    qtest_writel(guest.qts, f.mmio + EDU_RAISE, 1);
    g_assert_cmphex(take(&f), ==, 0);
    qtest_writel(guest.qts, f.mmio + EDU_ACK, 1);

    /* Back to the pin */
    expect_change(&f, 3, 0, 0, 0);
    g_assert_false(config_read(&f, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE);
    g_assert_false(config_read(&f, cap + PCI_MSI_FLAGS, 2) &
                   PCI_MSI_FLAGS_ENABLE);
    g_assert_cmpint(query_source(&f, 0, &source, &edge), ==, OK);
    g_assert_cmphex(source, ==, pin);
    unmask(&f, pin);
    qtest_writel(guest.qts, f.mmio + EDU_RAISE, 1);
    g_assert_cmphex(take(&f), ==, pin);

    /* The older version of the call: three cells, and MSI is what is meant */
    g_assert_cmpint(change_msi(&f, 1, 1, 3, &count, &kind), ==, OK);
    g_assert_cmpuint(count, ==, 1);
    expect_change(&f, 0, 0, 1, 1);
    expect_change(&f, 2, 7, 0, 0);
    spapr_rtas_guest_stop(&guest);
}

static void test_msix(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device e1000e,addr=5");
    Function f = function(&guest, 0, CONFIG_ADDR(0, 5, 0));
    uint8_t cap = find_capability(&f, PCI_CAP_ID_MSIX);
    uint32_t table = config_read(&f, cap + PCI_MSIX_TABLE, 4);
    uint32_t first, source, edge;

    config_write(&f, PCI_BASE_ADDRESS_0 + 4 * (table & 7), 4, 0x90000000);
    config_write(&f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    table = (table & ~7) + 0x10000000;

    expect_change(&f, 4, 4, 4, 2);
    g_assert_cmpint(query_source(&f, 0, &first, &edge), ==, OK);
    for (unsigned n = 0; n < 4; n++) {
        uint64_t entry = MEM32_WINDOW(0) + table + n * PCI_MSIX_ENTRY_SIZE;
        uint32_t data = qtest_readl(guest.qts, entry + PCI_MSIX_ENTRY_DATA);

        g_assert_cmpint(query_source(&f, n, &source, &edge), ==, OK);
        g_assert_cmpuint(edge, ==, 1);
        g_assert_cmphex(source, ==, first + n);
        g_assert_cmphex(bswap32(data), ==, source);
    }
    g_assert_cmpint(query_source(&f, 4, &source, &edge), ==, NO_INTERRUPT);
    /* More, all that it has; the other kind, without a way over none */
    expect_change(&f, 6, 100, 5, 2);
    expect_change(&f, 3, 1, 1, 1);
    /* What we choose */
    expect_change(&f, 1, 2, 2, 2);
    expect_change(&f, 4, 0, 0, 0);
    spapr_rtas_guest_stop(&guest);
}

static void test_msi_errors(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=5 "
        "-device pci-testdev,addr=6 "
        "-device spapr-pci-host-bridge,index=1,id=second "
        "-device virtio-serial-pci,bus=second.0,addr=1,vectors=60 "
        "-device virtio-serial-pci,bus=second.0,addr=2,vectors=6 "
        "-device edu,bus=second.0,addr=3");
    Function f = function(&guest, 0, CONFIG_ADDR(0, 5, 0));
    Function testdev = function(&guest, 0, CONFIG_ADDR(0, 6, 0));
    Function many = function(&guest, 1, CONFIG_ADDR(0, 1, 0));
    Function few = function(&guest, 1, CONFIG_ADDR(0, 2, 0));
    Function one = function(&guest, 1, CONFIG_ADDR(0, 3, 0));
    Function wrong[] = { f, f, f, f };
    uint32_t rets[5], count, kind, source, edge;

    wrong[0].bridge = 2;
    wrong[1].addr = CONFIG_ADDR(0, 9, 0);
    wrong[2].addr |= 4;         /* a register */
    wrong[3].addr |= 1 << 24;
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_assert_cmpint(change_msi(&wrong[i], 3, 1, 4, &count, &kind), ==,
                        BAD);
        g_assert_cmpint(query_source(&wrong[i], 0, &source, &edge), ==, BAD);
    }
    /* Kinds that it does not have, functions that there are not */
    g_assert_cmpint(change_msi(&f, 4, 1, 4, &count, &kind), ==, BAD);
    g_assert_cmpint(change_msi(&f, 6, 1, 4, &count, &kind), ==, BAD);
    g_assert_cmpint(change_msi(&f, 7, 1, 4, &count, &kind), ==, BAD);
    g_assert_cmpint(change_msi(&f, 7, 0, 4, &count, &kind), ==, BAD);
    g_assert_cmpint(change_msi(&f, -1, 0, 4, &count, &kind), ==, BAD);
    for (unsigned function = 1; function <= 6; function++) {
        if (function != 2) {
            g_assert_cmpint(change_msi(&testdev, function, 1, 4, &count,
                                       &kind), ==, BAD);
            g_assert_cmpint(change_msi(&testdev, function, 0, 4, &count,
                                       &kind), ==, BAD);
        }
    }
    /* It is done at once, so there is no second call */
    for (unsigned sequence = 0; sequence < 4; sequence += 2) {
        g_assert_cmpint(call(&f, rets, 4, "ibm,change-msi",
                             3, 1, sequence), ==, BAD);
    }
    g_assert_cmpint(call(&f, rets, 5, "ibm,change-msi", 3, 1, 1), ==,
                    BAD);
    expect_change(&f, 0, 0, 0, 0);

    /* A bridge's stock ends */
    expect_change(&many, 4, 60, 60, 2);
    expect_change(&few, 4, 6, 4, 2);
    g_assert_cmpint(change_msi(&one, 3, 1, 4, &count, &kind), ==, HW_ERROR);
    expect_change(&one, 0, 0, 0, 0);
    expect_change(&few, 4, 3, 3, 2);
    expect_change(&one, 3, 1, 1, 1);
    expect_change(&many, 4, 0, 0, 0);
    expect_change(&few, 4, 6, 6, 2);
    g_assert_cmpint(query_source(&one, 0, &source, &edge), ==, OK);
    g_assert_cmpuint(edge, ==, 1);
    spapr_rtas_guest_stop(&guest);
}

/*
 * DMA
 */

static void test_dma(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device " EDU_DMA ",addr=5");
    Function f = edu(&guest, 0, CONFIG_ADDR(0, 5, 0), 0x80000000);

    g_assert_false(dma_works(&f, PAGE_A, PAGE_A, PAGE_B, PAGE_B));
    g_assert_cmpint(put_tce(&f, LIOBN(0), IOBA_A, PAGE_A | TCE_RW), ==,
                    H_SUCCESS);
    g_assert_false(dma_works(&f, PAGE_A, PAGE_A, PAGE_B, PAGE_B));
    g_assert_cmpint(put_tce(&f, LIOBN(0), GiB - 4096, PAGE_B | TCE_RW), ==,
                    H_SUCCESS);
    g_assert_true(dma_works(&f, IOBA_A, PAGE_A, GiB - 4096, PAGE_B));
    g_assert_cmpint(put_tce(&f, LIOBN(0), GiB - 4096, 0), ==, H_SUCCESS);
    g_assert_false(dma_works(&f, IOBA_A, PAGE_A, GiB - 4096, PAGE_B));
    g_assert_cmpint(put_tce(&f, LIOBN(0), GiB, PAGE_B | TCE_RW), ==,
                    H_PARAMETER);
    g_assert_cmpint(put_tce(&f, LIOBN(1), 0, PAGE_B | TCE_RW), ==,
                    H_PARAMETER);
    spapr_rtas_guest_stop(&guest);
}

static void expect_query(Function *f, uint32_t windows, uint64_t tces,
                         uint32_t sizes)
{
    uint32_t rets[6];

    g_assert_cmpint(call(f, rets, 5, "ibm,query-pe-dma-window"), ==,
                    OK);
    g_assert_cmpuint(rets[1], ==, windows);
    g_assert_cmphex(rets[2], ==, tces);
    g_assert_cmphex(rets[3], ==, sizes);
    g_assert_cmphex(rets[4], ==, 0);
    g_assert_cmpint(call(f, rets, 6, "ibm,query-pe-dma-window"), ==,
                    OK);
    g_assert_cmpuint(rets[1], ==, windows);
    g_assert_cmphex(rets[2], ==, tces >> 32);
    g_assert_cmphex(rets[3], ==, tces);
    g_assert_cmphex(rets[4], ==, sizes);
    g_assert_cmphex(rets[5], ==, 0);
}

/* 4 and 64 KiB, 2 and 16 MiB; as many TCEs as map 256 MiB in 4 KiB */
#define SIZES           0x107
#define TCES            0x10000

static uint32_t create(Function *f, uint32_t page_shift, uint32_t window_shift,
                       uint64_t *base)
{
    uint32_t rets[4];

    g_assert_cmpint(call(f, rets, 4, "ibm,create-pe-dma-window",
                         page_shift, window_shift), ==, OK);
    *base = (uint64_t)rets[2] << 32 | rets[3];
    return rets[1];
}

static int32_t remove_window(Function *f, uint32_t liobn)
{
    return spapr_rtas_guest_status(f->guest, "ibm,remove-pe-dma-window",
                                   liobn);
}

static void test_ddw(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device " EDU_DMA ",addr=5");
    Function f = edu(&guest, 0, CONFIG_ADDR(0, 5, 0), 0x80000000);
    uint32_t liobn, second, rets[1];
    uint64_t base, second_base;

    expect_query(&f, 1, TCES, SIZES);
    liobn = create(&f, 24, 28, &base);
    g_assert_cmphex(liobn, !=, LIOBN(0));
    g_assert_cmphex(base, ==, DMA64);
    expect_query(&f, 0, TCES, SIZES);
    /* All of memory at once */
    for (uint64_t addr = 0; addr < 256 * MiB; addr += 16 * MiB) {
        g_assert_cmpint(put_tce(&f, liobn, base + addr, addr | TCE_RW), ==,
                        H_SUCCESS);
    }
    g_assert_cmpint(put_tce(&f, liobn, base + 256 * MiB, TCE_RW), ==,
                    H_PARAMETER);
    g_assert_cmpint(put_tce(&f, liobn, base - 1, TCE_RW), ==, H_PARAMETER);
    g_assert_cmpint(put_tce(&f, liobn, 0, TCE_RW), ==, H_PARAMETER);
    g_assert_true(dma_works(&f, base + PAGE_A, PAGE_A, base + PAGE_B, PAGE_B));
    g_assert_false(dma_works(&f, PAGE_A, PAGE_A, base + PAGE_B, PAGE_B));

    /* Without the default one there is room for another */
    g_assert_cmpint(remove_window(&f, LIOBN(0)), ==, OK);
    g_assert_cmpint(remove_window(&f, LIOBN(0)), ==, BAD);
    g_assert_cmpint(put_tce(&f, LIOBN(0), 0, 0), ==, H_PARAMETER);
    expect_query(&f, 1, TCES, SIZES);
    second = create(&f, 16, 31, &second_base);
    expect_query(&f, 0, TCES, SIZES);
    g_assert_cmpint(put_tce(&f, second, second_base + 2 * GiB - 65536,
                            PAGE_B | TCE_RW), ==, H_SUCCESS);
    g_assert_true(dma_works(&f, base + PAGE_A, PAGE_A,
                            second_base + 2 * GiB - 65536, PAGE_B));

    /* The last one to go brings the default one back */
    g_assert_cmpint(remove_window(&f, liobn), ==, OK);
    g_assert_false(dma_works(&f, base + PAGE_A, PAGE_A,
                             second_base + 2 * GiB - 65536, PAGE_B));
    g_assert_cmpint(remove_window(&f, second), ==, OK);
    expect_query(&f, 1, TCES, SIZES);
    g_assert_cmpint(put_tce(&f, LIOBN(0), IOBA_A, PAGE_A | TCE_RW), ==,
                    H_SUCCESS);

    /* A window that is made again is empty */
    liobn = create(&f, 24, 28, &base);
    g_assert_false(dma_works(&f, IOBA_A, PAGE_A, base + PAGE_B, PAGE_B));
    g_assert_cmpint(put_tce(&f, liobn, base + PAGE_B, PAGE_B | TCE_RW), ==,
                    H_SUCCESS);
    g_assert_true(dma_works(&f, IOBA_A, PAGE_A, base + PAGE_B, PAGE_B));
    g_assert_cmpint(call(&f, rets, 1, "ibm,reset-pe-dma-windows"), ==,
                    OK);
    g_assert_false(dma_works(&f, IOBA_A, PAGE_A, base + PAGE_B, PAGE_B));
    expect_query(&f, 1, TCES, SIZES);

    /* And so does a reboot */
    g_assert_cmpint(remove_window(&f, LIOBN(0)), ==, OK);
    create(&f, 12, 28, &base);
    qtest_system_reset(guest.qts);
    expect_query(&f, 1, TCES, SIZES);
    g_assert_cmpint(put_tce(&f, LIOBN(0), 0, PAGE_A | TCE_RW), ==, H_SUCCESS);
    spapr_rtas_guest_stop(&guest);
}

static void test_ddw_errors(void)
{
    static const struct {
        uint32_t page_shift, window_shift;
    } bad_sizes[] = {
        { 0, 28 }, { 11, 28 }, { 13, 28 }, { 25, 28 }, { 34, 40 }, { 63, 63 },
        { 64, 64 }, { -1, 28 }, { 12, 11 }, { 16, 15 }, { 12, 29 },
        { 24, 41 }, { 24, 63 }, { 24, 64 }, { 24, -1 }, { 24, 0 },
    };
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device edu,addr=5 "
        "-device spapr-pci-host-bridge,index=1,ddw=off,id=plain "
        "-device edu,bus=plain.0,addr=1");
    Function f = function(&guest, 0, CONFIG_ADDR(0, 5, 0));
    Function plain = function(&guest, 1, CONFIG_ADDR(0, 1, 0));
    Function wrong[] = { f, f, f, plain };
    uint32_t rets[6];
    uint64_t base;

    wrong[0].bridge = 2;
    wrong[1].addr = CONFIG_ADDR(0, 9, 0);
    wrong[2].addr |= 1 << 27;
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        Function *w = &wrong[i];

        g_assert_cmpint(call(w, rets, 5, "ibm,query-pe-dma-window"),
                        ==, BAD);
        g_assert_cmpint(call(w, rets, 6, "ibm,query-pe-dma-window"),
                        ==, BAD);
        g_assert_cmpint(call(w, rets, 4, "ibm,create-pe-dma-window",
                             24, 28), ==, BAD);
        g_assert_cmpint(call(w, rets, 1, "ibm,reset-pe-dma-windows"),
                        ==, BAD);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad_sizes); i++) {
        g_assert_cmpint(call(&f, rets, 4, "ibm,create-pe-dma-window",
                             bad_sizes[i].page_shift,
                                 bad_sizes[i].window_shift), ==, BAD);
    }
    create(&f, 24, 24, &base);
    g_assert_cmpint(call(&f, rets, 4, "ibm,create-pe-dma-window",
                         24, 28), ==, BAD);
    g_assert_cmpint(remove_window(&f, 0), ==, BAD);
    g_assert_cmpint(remove_window(&f, LIOBN(0) + 2), ==, BAD);
    g_assert_cmpint(remove_window(&f, LIOBN(1)), ==, BAD);
    g_assert_cmpint(remove_window(&f, LIOBN(2)), ==, BAD);
    g_assert_cmpint(remove_window(&f, -1), ==, BAD);
    g_assert_null(fdt_getprop(guest.fdt, phb_node(guest.fdt, 1),
                              "ibm,ddw-applicable", NULL));
    spapr_rtas_guest_stop(&guest);
}

/*
 * Bridges
 */

static void test_many_bridges(void)
{
    g_autoptr(GString) options = g_string_new("-device edu,addr=1");
    SpaprRtasGuest guest;

    for (unsigned n = 1; n < BRIDGES; n++) {
        g_string_append_printf(options, " -device spapr-pci-host-bridge,"
                               "index=%u,id=b%u -device edu,bus=b%u.0,addr=1",
                               n, n, n);
    }
    guest = spapr_rtas_guest_start(options->str);
    for (unsigned n = 0; n < BRIDGES; n++) {
        Function f = edu(&guest, n, CONFIG_ADDR(0, 1, 0), 0xffe00000);
        uint8_t cap = find_capability(&f, PCI_CAP_ID_MSI);
        uint32_t source, pin, edge;

        phb_node(guest.fdt, n);
        g_assert_cmpint(query_source(&f, 0, &pin, &edge), ==, OK);
        unmask(&f, pin);
        qtest_writel(guest.qts, f.mmio + EDU_RAISE, 1);
        g_assert_cmphex(take(&f), ==, pin);
        qtest_writel(guest.qts, f.mmio + EDU_ACK, 1);
        end(&f, pin);
        expect_change(&f, 3, 1, 1, 1);
        g_assert_cmpint(query_source(&f, 0, &source, &edge), ==, OK);
        config_write(&f, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
        expect_message(&f, source);
        g_assert_cmpint(put_tce(&f, LIOBN(n), 0, 0), ==, H_SUCCESS);
    }
    spapr_rtas_guest_stop(&guest);
}

/* A bridge on bus 0 and one behind it, each with a function */
static void test_bus_bridge(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device pci-bridge,chassis_nr=1,id=one,addr=3 "
        "-device pci-bridge,chassis_nr=2,id=two,bus=one,addr=2 "
        "-device edu,bus=one,addr=5 -device edu,bus=two,addr=6");
    Function one = function(&guest, 0, CONFIG_ADDR(0, 3, 0));
    Function two = function(&guest, 0, CONFIG_ADDR(1, 2, 0));
    Function f = function(&guest, 0, CONFIG_ADDR(2, 6, 0));
    int bridge = fdt_subnode_offset(guest.fdt, phb_node(guest.fdt, 0),
                                    "pci@3");
    int inner = fdt_subnode_offset(guest.fdt, bridge, "pci@2");
    int node = fdt_subnode_offset(guest.fdt, inner,
                                  "legacy-device@6");
    uint32_t pin, edge;

    g_assert_cmpint(node, >=, 0);
    EXPECT_CELLS(guest.fdt, bridge, "bus-range", 1, 2);
    EXPECT_CELLS(guest.fdt, inner, "bus-range", 2, 2);
    EXPECT_CELLS(guest.fdt, node, "reg", 0x23000, 0, 0, 0, 0,
                 0x02023010, 0, 0, 0, 0x100000);
    g_assert_cmphex(config_read(&one, PCI_PRIMARY_BUS, 4) & 0xffffff, ==,
                    0x020100);
    g_assert_cmphex(config_read(&two, PCI_PRIMARY_BUS, 4) & 0xffffff, ==,
                    0x020201);
    for (unsigned i = 0; i < 2; i++) {
        Function *b = i ? &two : &one;

        config_write(b, PCI_MEMORY_BASE, 4, 0x80108000);
        config_write(b, PCI_COMMAND, 2,
                     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    }
    f = edu(&guest, 0, f.addr, 0x80000000);
    /* Slot 6, pin A is C of bridge "two" in slot 2, A of "one" in slot 3 */
    g_assert_cmpint(query_source(&f, 0, &pin, &edge), ==, OK);
    g_assert_cmphex(pin, ==, mapped_source(guest.fdt, phb_node(guest.fdt, 0),
                                           3, 1));
    g_assert_cmphex(pin, ==, mapped_source(guest.fdt, bridge, 2, 3));
    g_assert_cmphex(pin, ==, mapped_source(guest.fdt, inner, 6, 1));
    unmask(&f, pin);
    qtest_writel(guest.qts, f.mmio + EDU_RAISE, 1);
    g_assert_cmphex(take(&f), ==, pin);
    spapr_rtas_guest_stop(&guest);
}

/* With VOF, a guest finds addresses assigned, behind bridges too */
static void test_assigned(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-machine firmware=vof -device pci-testdev,addr=1 "
        "-device pci-bridge,chassis_nr=1,id=one,addr=3 "
        "-device edu,bus=one,addr=5 -device edu,addr=4");
    Function bridge = function(&guest, 0, CONFIG_ADDR(0, 3, 0));
    Function all[] = {
        function(&guest, 0, CONFIG_ADDR(0, 4, 0)),
        function(&guest, 0, CONFIG_ADDR(1, 5, 0)),
    };
    int node = fdt_subnode_offset(guest.fdt, phb_node(guest.fdt, 0), "pci@3");

    config_write(&bridge, PCI_COMMAND, 2,
                 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
        uint32_t bus = config_read(&all[i], PCI_BASE_ADDRESS_0, 4);

        g_assert_cmphex(bus, >=, MEM32_BUS);
        config_write(&all[i], PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
        g_assert_cmphex(qtest_readl(guest.qts, MEM32_WINDOW(0) + bus -
                                    MEM32_BUS) & 0xff, ==, 0xed);
    }
    node = fdt_subnode_offset(guest.fdt, node, "legacy-device@5");
    g_assert_cmpint(node, >=, 0);
    EXPECT_CELLS(guest.fdt, node, "assigned-addresses", 0x82012810, 0,
                 config_read(&all[1], PCI_BASE_ADDRESS_0, 4), 0, 0x100000);
    spapr_rtas_guest_stop(&guest);
}

/* A large one is in the large window, or nowhere, but takes nobody's place */
static void test_assigned_large(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-machine firmware=vof "
        "-object memory-backend-ram,id=m,size=1G "
        "-device ivshmem-plain,memdev=m,addr=4 "
        "-device e1000,addr=5 -device virtio-rng-pci,addr=6 "
        "-device pci-bridge,chassis_nr=1,id=one,addr=7 "
        "-device virtio-rng-pci,bus=one,addr=5 "
        "-device pci-bridge,chassis_nr=2,id=empty,addr=8 "
        "-device spapr-pci-host-bridge,index=1,id=p,mem_win_size=0x100000,"
        "mem64_win_size=0 "
        "-object memory-backend-ram,id=n,size=4M "
        "-device ivshmem-plain,memdev=n,bus=p.0,addr=4 "
        "-device edu,bus=p.0,addr=5 -device e1000,bus=p.0,addr=6");
    Function large = function(&guest, 0, CONFIG_ADDR(0, 4, 0));
    Function nic = function(&guest, 0, CONFIG_ADDR(0, 5, 0));
    Function rng = function(&guest, 0, CONFIG_ADDR(0, 6, 0));
    Function bridge = function(&guest, 0, CONFIG_ADDR(0, 7, 0));
    Function behind = function(&guest, 0, CONFIG_ADDR(1, 5, 0));
    Function closed = function(&guest, 0, CONFIG_ADDR(0, 8, 0));
    Function none = function(&guest, 1, CONFIG_ADDR(0, 4, 0));
    Function edu = function(&guest, 1, CONFIG_ADDR(0, 5, 0));
    Function other = function(&guest, 1, CONFIG_ADDR(0, 6, 0));
    /* The upper half of addresses in the large window */
    const uint32_t mem64 = MEM64_WINDOW(0) >> 32;
    int phb = phb_node(guest.fdt, 1);
    uint32_t high;

    g_assert_cmphex(config_read(&large, PCI_BASE_ADDRESS_3, 4), >=, mem64);
    g_assert_cmphex(config_read(&large, PCI_BASE_ADDRESS_0, 4), >=, MEM32_BUS);
    g_assert_cmphex(config_read(&nic, PCI_BASE_ADDRESS_0, 4), >=, MEM32_BUS);
    g_assert_cmphex(config_read(&nic, PCI_BASE_ADDRESS_1, 4), !=, 1);
    g_assert_cmphex(config_read(&rng, PCI_BASE_ADDRESS_5, 4), >=, mem64);

    /* Behind a bridge it is in the window for what is prefetchable */
    high = config_read(&behind, PCI_BASE_ADDRESS_5, 4);
    g_assert_cmphex(high, >=, mem64);
    g_assert_cmphex(config_read(&bridge, PCI_PREF_BASE_UPPER32, 4), ==, high);
    g_assert_cmphex(config_read(&bridge, PCI_PREF_LIMIT_UPPER32, 4), ==, high);
    g_assert_cmphex(config_read(&bridge, PCI_PREF_MEMORY_BASE, 2) & 0xfff0, ==,
                    config_read(&behind, PCI_BASE_ADDRESS_4, 4) >> 16 & 0xfff0);
    g_assert_cmphex(config_read(&closed, PCI_MEMORY_BASE, 2), >,
                    config_read(&closed, PCI_MEMORY_LIMIT, 2));
    g_assert_cmphex(config_read(&closed, PCI_PREF_MEMORY_BASE, 2) & 0xfff0, >,
                    config_read(&closed, PCI_PREF_MEMORY_LIMIT, 2) & 0xfff0);
    g_assert_cmphex(config_read(&closed, PCI_IO_BASE, 1) & 0xf0, >,
                    config_read(&closed, PCI_IO_LIMIT, 1) & 0xf0);

    /* All addresses of a function or none: Linux can find others then */
    g_assert_cmphex(config_read(&none, PCI_BASE_ADDRESS_0, 4), ==, 0);
    g_assert_cmphex(config_read(&none, PCI_BASE_ADDRESS_2, 4) & ~0xf, ==, 0);
    g_assert_null(fdt_getprop(guest.fdt,
                              fdt_subnode_offset(guest.fdt, phb, "memory@4"),
                              "assigned-addresses", NULL));
    g_assert_cmphex(config_read(&edu, PCI_BASE_ADDRESS_0, 4), ==, MEM32_BUS);
    g_assert_cmphex(config_read(&other, PCI_BASE_ADDRESS_0, 4), ==, 0);
    g_assert_cmphex(config_read(&other, PCI_BASE_ADDRESS_1, 4), ==, 1);
    spapr_rtas_guest_stop(&guest);
}

static void test_options(void)
{
#define PHB "-device spapr-pci-host-bridge"
    spapr_qtest_refused(PHB, "index=", "missing");
    spapr_qtest_refused(PHB ",index=0", "index=0", "another");
    spapr_qtest_refused(PHB ",index=31", "index=31", "from 0 to 30");
    spapr_qtest_refused(PHB ",index=1 " PHB ",index=1", "index=1", "another");
    spapr_qtest_refused(PHB ",index=1,io_win_size=0", "io_win_size=0x0",
                        "64 KiB");
    spapr_qtest_refused(PHB ",index=1,io_win_size=131072",
                        "io_win_size=0x20000", "no more than");
    spapr_qtest_refused(PHB ",index=1,mem_win_size=4096",
                        "mem_win_size=0x1000", "multiple of");
    spapr_qtest_refused(PHB ",index=1,mem64_win_size=0x20000000000",
                        "mem64_win_size=", "no more than");
    spapr_qtest_refused(PHB ",index=1,dma_win_size=0", "dma_win_size=",
                        "multiples");
    spapr_qtest_refused(PHB ",index=1,dma_win_addr=0x1000", "dma_win_addr=",
                        "multiples");
    spapr_qtest_refused(PHB ",index=1,dma_win_addr=0xffff0000",
                        "dma_win_addr=", "or below");
    spapr_qtest_refused(PHB ",index=1,dma64_win_addr=0x1000",
                        "dma64_win_addr=", "16 GiB");
    spapr_qtest_refused(PHB ",index=1,pgsz=0x2000", "pgsz=0x2000", "sum");
    spapr_qtest_refused(PHB ",index=1,numa_node=1", "numa_node=1", "no such");
    spapr_qtest_refused(PHB ",index=1,id=pci", "id=pci", "pci.0");
#undef PHB
}

static void test_other_options(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(
        "-device spapr-pci-host-bridge,index=3,id=p,mem_win_size=0x10000000,"
        "mem64_win_size=0,dma_win_addr=0x10000,dma_win_size=0x20000,"
        "pgsz=0x1000,numa_node=0 -device " EDU_DMA ",bus=p.0,addr=2");
    int phb = phb_node(guest.fdt, 3);
    Function f = edu(&guest, 3, CONFIG_ADDR(0, 2, 0), 0x80000000);

    EXPECT_CELLS(guest.fdt, phb, "ranges",
                 0x01000000, 0, 0, 0x2000, 0x30000, 0, 0x10000,
                 0x02000000, 0, 0x80000000, 0x2002, 0, 0, 0x10000000);
    EXPECT_CELLS(guest.fdt, phb, "ibm,dma-window", LIOBN(3), 0, 0x10000, 0,
                 0x20000);
    g_assert_nonnull(fdt_getprop(guest.fdt, phb, "ibm,associativity", NULL));
    g_assert_cmpint(put_tce(&f, LIOBN(3), 0xffff, 0), ==, H_PARAMETER);
    g_assert_cmpint(put_tce(&f, LIOBN(3), 0x30000, 0), ==, H_PARAMETER);
    g_assert_cmpint(put_tce(&f, LIOBN(3), 0x10000, PAGE_A | TCE_RW), ==,
                    H_SUCCESS);
    g_assert_cmpint(put_tce(&f, LIOBN(3), 0x2f000, PAGE_B | TCE_RW), ==,
                    H_SUCCESS);
    g_assert_true(dma_works(&f, 0x10000, PAGE_A, 0x2f000, PAGE_B));
    expect_query(&f, 1, TCES, 1);
    spapr_rtas_guest_stop(&guest);
}

/*
 * Virtual functions
 */

static uint32_t find_sriov(Function *f)
{
    uint32_t at = PCI_CFG_SPACE_SIZE;

    while (at && PCI_EXT_CAP_ID(config_read(f, at, 4)) !=
                 PCI_EXT_CAP_ID_SRIOV) {
        at = PCI_EXT_CAP_NEXT(config_read(f, at, 4));
    }
    g_assert_cmphex(at, !=, 0);
    return at;
}

/* Have what has come to a slot get its addresses */
static void connect_slot(SpaprRtasGuest *guest, uint32_t drc)
{
    const uint32_t power[] = { drc, 100 };
    uint32_t rets[2];

    g_assert_cmpint(spapr_rtas_guest_call(guest, "set-power-level", 2, power, 2,
                                          rets), ==, OK);
    g_assert_cmpint(spapr_rtas_guest_status(guest, "set-indicator", 9001, drc,
                                            1), ==, OK);
    qtest_writel(guest->qts, PAGE_A, drc);
    qtest_writel(guest->qts, PAGE_A + 4, 0);
    g_assert_cmpint(spapr_rtas_guest_status(guest, "ibm,configure-connector",
                                            PAGE_A, 0), ==, 2);
}

/* They are there when the guest has enabled them, and their addresses before */
static void test_virtual_functions(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-device igb,addr=2");
    int phb = phb_node(guest.fdt, 0), node, nodes = 0;
    Function pf = function(&guest, 0, CONFIG_ADDR(0, 2, 0));
    uint32_t cap = find_sriov(&pf), count, kind;
    uint32_t first = config_read(&pf, cap + PCI_SRIOV_VF_OFFSET, 2);
    Function vf = function(&guest, 0, pf.addr + (first << 8));
    Function bar = pf, other = function(&guest, 0, CONFIG_ADDR(0, 9, 0));

    fdt_for_each_subnode(node, guest.fdt, phb) {
        nodes++;
    }
    g_assert_cmpint(nodes, ==, 1);
    g_assert_cmphex(config_read(&vf, PCI_VENDOR_ID, 4), ==, 0xffffffff);
    g_assert_cmpint(change_msi(&vf, 4, 1, 4, &count, &kind), ==, BAD);

    bar.addr |= (cap & 0xf00) << 20;
    config_write(&bar, (cap & 0xff) + PCI_SRIOV_BAR, 4, MEM32_BUS);
    qtest_qmp_device_add(guest.qts, "edu", "edu", "{ 'addr': '9' }");
    connect_slot(&guest, 0x40000048);
    /* Its own is of a mebibyte */
    g_assert_cmphex(config_read(&other, PCI_BASE_ADDRESS_0, 4), ==,
                    MEM32_BUS + 1 * MiB);

    config_write(&bar, (cap & 0xff) + PCI_SRIOV_NUM_VF, 2, 2);
    config_write(&bar, (cap & 0xff) + PCI_SRIOV_CTRL, 2, PCI_SRIOV_CTRL_VFE);
    g_assert_cmpint(change_msi(&vf, 4, 1, 4, &count, &kind), ==, OK);
    g_assert_cmpuint(count, ==, 1);
    spapr_rtas_guest_stop(&guest);
}

/*
 * Migration
 */

static void check_load_refused(const char *from, const char *to,
                               const char *word)
{
    g_autofree char *path = spapr_qtest_save(qtest_initf(
        "-nodefaults -m 256 -device spapr-pci-host-bridge,index=1%s", from));
    g_autofree char *options = g_strdup_printf(
        "-nodefaults -m 256 -device spapr-pci-host-bridge,index=1%s "
        "-incoming file:%s", to, path);
    g_autofree char *errors = spapr_qtest_fail(options);

    g_assert_nonnull(strstr(errors, word));
    unlink(path);
}

static void test_load_refused(void)
{
    check_load_refused("", ",dma_win_size=0x10000000", "dma_win_size= differs");
    check_load_refused("", ",ddw=off", "ddw= or pgsz= differs");
    check_load_refused(",pgsz=0x1000", "", "ddw= or pgsz= differs");
}

/* Where a saved machine has whose interrupts these are */
static char *saved_msi(char *state, size_t len, uint32_t source, uint32_t count)
{
    const uint32_t known[] = { cpu_to_be32(source), cpu_to_be32(count) };
    char *at = memmem(state, len, known, sizeof(known));

    g_assert_nonnull(at);
    return at - 4;
}

/* Interrupts that no function can have, or that two have, are refused */
static void test_bad_migration(void)
{
    /* The place of the function, the first number, how many, and MSI-X */
    static const struct {
        unsigned offset;
        uint64_t value;
        size_t size;
    } cases[] = {
        { 0, 2, 4 }, { 0, 1, 4 }, { 0, UINT32_MAX, 4 },
        { 4, 0, 4 }, { 4, UINT32_MAX, 4 },
        { 8, 6, 4 }, { 8, 0x10000, 4 }, { 8, UINT32_MAX, 4 },
        { 12, 0, 1 },
    };
    const char *options = "-nodefaults -m 256 "
        "-device e1000e,addr=6 -device e1000e,addr=7";
    SpaprRtasGuest guest = spapr_rtas_guest_start(options);
    Function a = function(&guest, 0, CONFIG_ADDR(0, 6, 0));
    Function b = function(&guest, 0, CONFIG_ADDR(0, 7, 0));
    g_autofree char *path = NULL;
    g_autofree char *state = NULL;
    uint32_t source, other, edge;
    size_t len;
    char *at;

    expect_change(&a, 4, 3, 3, 2);
    expect_change(&b, 4, 5, 5, 2);
    g_assert_cmpint(query_source(&a, 0, &source, &edge), ==, OK);
    g_assert_cmpint(query_source(&b, 0, &other, &edge), ==, OK);
    path = spapr_qtest_save(guest.qts);
    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    at = saved_msi(state, len, source, 3);
    g_assert_cmpuint(ldl_be_p(at), ==, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        spapr_qtest_number_refused(options, path, state, len,
                                   at + cases[i].offset, cases[i].value,
                                   cases[i].size, "spapr-pci-host-bridge");
    }
    at = saved_msi(state, len, other, 5);
    spapr_qtest_number_refused(options, path, state, len, at + 4, source, 4,
                               "spapr-pci-host-bridge");
    unlink(path);
    g_free(guest.fdt);
}

static void test_migration(void)
{
    const char *options = "-device " EDU_DMA ",addr=5 -device e1000e,addr=6 "
        "-device spapr-pci-host-bridge,index=1,id=p "
        "-device " EDU_DMA ",bus=p.0,addr=5";
    SpaprRtasGuest guest = spapr_rtas_guest_start(options);
    Function f = edu(&guest, 0, CONFIG_ADDR(0, 5, 0), 0x80000000);
    Function g = edu(&guest, 1, CONFIG_ADDR(0, 5, 0), 0x80000000);
    Function nic = function(&guest, 0, CONFIG_ADDR(0, 6, 0));
    uint8_t cap = find_capability(&f, PCI_CAP_ID_MSI);
    uint32_t liobn, source, edge, before;
    uint64_t base;

    expect_change(&f, 3, 1, 1, 1);
    g_assert_cmpint(query_source(&f, 0, &before, &edge), ==, OK);
    config_write(&f, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    unmask(&f, before);
    expect_change(&nic, 4, 3, 3, 2);
    liobn = create(&f, 24, 28, &base);
    put_tce(&f, liobn, base + PAGE_A, PAGE_A | TCE_RW);
    put_tce(&f, LIOBN(0), IOBA_A, PAGE_B | TCE_RW);
    g_assert_cmpint(remove_window(&g, LIOBN(1)), ==, OK);

    spapr_rtas_guest_migrate(&guest, options);

    edu(&guest, 0, f.addr, 0x80000000);
    config_write(&f, cap + PCI_MSI_ADDRESS_LO, 4, 0xffff0000);
    config_write(&f, cap + PCI_MSI_DATA_64, 2, before);
    config_write(&f, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    g_assert_true(dma_works(&f, base + PAGE_A, PAGE_A, IOBA_A, PAGE_B));
    expect_query(&f, 0, TCES, SIZES);
    expect_query(&g, 2, TCES, SIZES);
    g_assert_cmpint(put_tce(&g, LIOBN(1), 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(query_source(&f, 0, &source, &edge), ==, OK);
    g_assert_cmphex(source, ==, before);
    expect_message(&f, source);
    expect_change(&nic, 0, 0, 3, 2);
    g_assert_cmpint(remove_window(&f, liobn), ==, OK);
    spapr_rtas_guest_stop(&guest);
}

/* Without -nodefaults there is a screen, QEMU's standard VGA */
static void test_default_screen(void)
{
    SpaprRtasGuest guest = { .qts = qtest_init("-machine pseries -m 256") };
    Function f = function(&guest, 0, CONFIG_ADDR(0, 0, 0));

    guest.fdt = spapr_qtest_fdt(guest.qts);
    g_assert_cmphex(config_read(&f, PCI_VENDOR_ID, 4), ==,
                    VGA_ID);
    spapr_rtas_guest_stop(&guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/spapr/pci/tree", test_tree);
    qtest_add_func("/spapr/pci/boot-list", test_boot_list);
    qtest_add_func("/spapr/pci/config", test_config);
    qtest_add_func("/spapr/pci/config/errors", test_config_errors);
    qtest_add_func("/spapr/pci/windows", test_windows);
    qtest_add_func("/spapr/pci/pins", test_pins);
    qtest_add_func("/spapr/pci/msi", test_msi);
    qtest_add_func("/spapr/pci/msix", test_msix);
    qtest_add_func("/spapr/pci/msi/errors", test_msi_errors);
    qtest_add_func("/spapr/pci/dma", test_dma);
    qtest_add_func("/spapr/pci/ddw", test_ddw);
    qtest_add_func("/spapr/pci/ddw/errors", test_ddw_errors);
    qtest_add_func("/spapr/pci/bridges", test_many_bridges);
    qtest_add_func("/spapr/pci/bus-bridge", test_bus_bridge);
    qtest_add_func("/spapr/pci/assigned", test_assigned);
    qtest_add_func("/spapr/pci/assigned-large", test_assigned_large);
    qtest_add_func("/spapr/pci/options", test_options);
    qtest_add_func("/spapr/pci/other-options", test_other_options);
    qtest_add_func("/spapr/pci/default-screen", test_default_screen);
    qtest_add_func("/spapr/pci/virtual-functions", test_virtual_functions);
    qtest_add_func("/spapr/pci/load-refused", test_load_refused);
    qtest_add_func("/spapr/pci/bad-migration", test_bad_migration);
    qtest_add_func("/spapr/pci/migration", test_migration);
    return g_test_run();
}
