/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the virtual terminal
 *
 * LoPAR, ch. "Virtualized Input/Output", "Virtual Terminal (Vterm)": a client
 * Vterm that is connected to a character backend. Neither direction loses
 * anything: what the guest does not read stays with the backend, and what the
 * backend does not take yet waits here, until the guest is told H_BUSY.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/fifo8.h"
#include "qemu/units.h"
#include "chardev/char-fe.h"
#include "hw/char/spapr_vty.h"
#include "hw/qdev-properties-system.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "trace.h"

/* Most that one hypercall carries: two registers */
#define VTY_CALL_BYTES      16

#define VTY_INPUT_BYTES     256
/*
 * Firmware does not look at H_BUSY (SLOF's hv_putchar, early Linux), so there
 * is room for all it says before the kernel's own driver starts.
 */
#define VTY_OUTPUT_BYTES    (16 * KiB)

/* How long a guest that powers off waits for a backend that takes nothing */
#define VTY_FLUSH_MS        500

struct SpaprVty {
    SpaprVioDevice parent_obj;

    CharBackend chardev;
    Fifo8 input;            /* from the backend, not yet read by the guest */
    Fifo8 output;           /* from the guest, not yet taken by the backend */
    guint watch;            /* source id: waits for the backend, or 0 */
    VMChangeStateEntry *vm_state;
};

/*
 * Output
 */

static void vty_stop_waiting(SpaprVty *vty)
{
    if (vty->watch) {
        g_source_remove(vty->watch);
        vty->watch = 0;
    }
}

/* Hand over what the backend takes at once; false when it takes no more now */
static bool vty_write_some(SpaprVty *vty)
{
    while (!fifo8_is_empty(&vty->output)) {
        uint32_t len = fifo8_num_used(&vty->output);
        const uint8_t *buf = fifo8_peek_bufptr(&vty->output, len, &len);
        int done = qemu_chr_fe_write(&vty->chardev, buf, len);

        if (done < 0 && errno != EAGAIN) {
            /* Nobody will ever read it, as with a wire that was cut */
            fifo8_reset(&vty->output);
            return true;
        }
        if (done > 0) {
            fifo8_drop(&vty->output, done);
        }
        if (done < (int)len) {
            return false;
        }
    }
    return true;
}

static void vty_drain(SpaprVty *vty);

static gboolean vty_writable(void *do_not_use, GIOCondition condition,
                             void *opaque)
{
    SpaprVty *vty = opaque;

    vty->watch = 0;
    vty_drain(vty);
    return G_SOURCE_REMOVE;
}

static void vty_drain(SpaprVty *vty)
{
    if (!qemu_chr_fe_backend_connected(&vty->chardev)) {
        fifo8_reset(&vty->output);
        return;
    }
    /*
     * While the machine is stopped its state, which this FIFO is a part of,
     * may already be on its way to another host that writes it as well.
     */
    if (vty->watch || !runstate_is_running()) {
        return;
    }
    if (!vty_write_some(vty)) {
        trace_spapr_vty_stalled(SPAPR_VIO_DEVICE(vty)->reg,
                                fifo8_num_used(&vty->output));
        vty->watch = qemu_chr_fe_add_watch(&vty->chardev, G_IO_OUT | G_IO_HUP,
                                           vty_writable, vty);
    }
}

/* The guest has powered off: its last words shall not stay here */
static void vty_flush(SpaprVty *vty)
{
    uint32_t left = fifo8_num_used(&vty->output);

    vty_stop_waiting(vty);
    for (int ms = 0; ms < VTY_FLUSH_MS && !vty_write_some(vty); ms++) {
        if (fifo8_num_used(&vty->output) < left) {
            left = fifo8_num_used(&vty->output);
            ms = 0;
        }
        g_usleep(1000);
    }
}

static void vty_vm_state(void *opaque, bool running, RunState state)
{
    SpaprVty *vty = opaque;

    if (running) {
        vty_drain(vty);
    } else if (state == RUN_STATE_SHUTDOWN) {
        if (qemu_chr_fe_backend_connected(&vty->chardev)) {
            vty_flush(vty);
        }
    } else {
        vty_stop_waiting(vty);
    }
}

/* The terminal that a hypercall's unit address means */
static SpaprVty *vty_find(SpaprVioBus *bus, target_ulong termno)
{
    SpaprVioDevice *dev = termno == SPAPR_VIO_CONSOLE_UNIT
        ? spapr_vty_default(bus)
        : spapr_vio_find(bus, termno, TYPE_SPAPR_VTY);

    return dev ? SPAPR_VTY(dev) : NULL;
}

static target_long vty_put(SpaprVty *vty, const uint8_t *buf, target_ulong len)
{
    if (len > VTY_CALL_BYTES) {
        return H_PARAMETER;
    }
    if (!qemu_chr_fe_backend_connected(&vty->chardev)) {
        return H_SUCCESS;
    }
    if (fifo8_num_free(&vty->output) < len) {
        vty_drain(vty);
        if (fifo8_num_free(&vty->output) < len) {
            return H_BUSY;
        }
    }
    fifo8_push_all(&vty->output, buf, len);
    vty_drain(vty);
    return H_SUCCESS;
}

/*
 * H_PUT_TERM_CHAR: output to a terminal
 *
 * LoPAR, "H_PUT_TERM_CHAR". R4: unit address; 0 is the default console, as
 * SLOF's hvterm.fs has it; R5: length in bytes, 0 to 16; R6 and R7: the bytes,
 * from the high-order byte of R6 on. Returns H_SUCCESS; H_PARAMETER for a unit
 * address that is no terminal's and for a length above 16; H_BUSY, with nothing
 * taken, when there is no room. A terminal without a backend swallows what it
 * gets, like a serial port with nothing plugged in.
 */
static target_long h_put_term_char(PowerPCCPU *cpu, void *opaque,
                                   target_ulong *args)
{
    SpaprVty *vty = vty_find(opaque, args[0]);
    uint8_t buf[VTY_CALL_BYTES];
    target_long ret;

    if (!vty) {
        return H_PARAMETER;
    }
    stq_be_p(buf, args[2]);
    stq_be_p(buf + 8, args[3]);
    ret = vty_put(vty, buf, args[1]);
    trace_spapr_vty_put(SPAPR_VIO_DEVICE(vty)->reg, args[1], ret);
    return ret;
}

target_long spapr_vty_display(SpaprVioBus *bus, uint8_t ch)
{
    SpaprVioDevice *dev = spapr_vty_default(bus);

    return dev ? vty_put(SPAPR_VTY(dev), &ch, sizeof(ch)) : H_PARAMETER;
}

/*
 * Input
 */

static int vty_input_room(void *opaque)
{
    return fifo8_num_free(&SPAPR_VTY(opaque)->input);
}

static void vty_input(void *opaque, const uint8_t *buf, int size)
{
    SpaprVty *vty = opaque;
    bool was_empty = fifo8_is_empty(&vty->input);

    /* A loadvm since the backend has asked may have brought some */
    size = MIN(size, fifo8_num_free(&vty->input));
    if (!size) {
        return;
    }
    trace_spapr_vty_receive(SPAPR_VIO_DEVICE(vty)->reg, size);
    fifo8_push_all(&vty->input, buf, size);
    /* LoPAR, "Interrupts" of the Vterm: empty to non-empty, edge-triggered */
    if (was_empty) {
        spapr_vio_signal(SPAPR_VIO_DEVICE(vty));
    }
}

/*
 * H_GET_TERM_CHAR: input from a terminal
 *
 * LoPAR, "H_GET_TERM_CHAR". R4: unit address; 0 is the default console. Returns
 * H_SUCCESS, in R4 the number of bytes, 0 to 16, and the bytes from the
 * high-order byte of R5 on into R6; H_PARAMETER for a unit address that is no
 * terminal's.
 */
static target_long h_get_term_char(PowerPCCPU *cpu, void *opaque,
                                   target_ulong *args)
{
    SpaprVty *vty = vty_find(opaque, args[0]);
    uint8_t buf[VTY_CALL_BYTES] = { };
    uint32_t len;

    if (!vty) {
        return H_PARAMETER;
    }
    len = fifo8_pop_buf(&vty->input, buf,
                        MIN(sizeof(buf), fifo8_num_used(&vty->input)));
    args[0] = len;
    args[1] = ldq_be_p(buf);
    args[2] = ldq_be_p(buf + 8);
    if (len) {
        trace_spapr_vty_get(SPAPR_VIO_DEVICE(vty)->reg, len);
        qemu_chr_fe_accept_input(&vty->chardev);
    }
    return H_SUCCESS;
}

/*
 * H_VTERM_PARTNER_INFO: the terminals that a server may connect to
 *
 * LoPAR, "H_VTERM_PARTNER_INFO". R4: unit address; R5 and R6: partition and
 * unit address of the last one that was told; R7: real address of a page for
 * the next one. It is for servers, which this board has none of, so a client
 * gets what it gets for any device that is no server: H_PARAMETER.
 */
static target_long h_vterm_partner_info(PowerPCCPU *cpu, void *opaque,
                                        target_ulong *args)
{
    return H_PARAMETER;
}

static void spapr_vty_register_calls(SpaprVioBus *bus, SpaprHcallTable *hcalls,
                                     SpaprRtasTable *rtas)
{
    powerpc_register_hypercall(hcalls, H_PUT_TERM_CHAR, "H_PUT_TERM_CHAR",
                               "hcall-term", h_put_term_char, bus);
    powerpc_register_hypercall(hcalls, H_GET_TERM_CHAR, "H_GET_TERM_CHAR",
                               "hcall-term", h_get_term_char, bus);
    /* "hcall-vty" would promise servers' other calls as well */
    powerpc_register_hypercall(hcalls, H_VTERM_PARTNER_INFO,
                               "H_VTERM_PARTNER_INFO", NULL,
                               h_vterm_partner_info, bus);
}

/*
 * The device
 */

/* Another backend was put in place of the old one at run time */
static int vty_backend_changed(void *opaque)
{
    SpaprVty *vty = opaque;

    vty_stop_waiting(vty);
    qemu_chr_fe_set_handlers(&vty->chardev, vty_input_room, vty_input, NULL,
                             vty_backend_changed, vty, NULL, true);
    vty_drain(vty);
    return 0;
}

static void spapr_vty_realize(SpaprVioDevice *dev, Error **errp)
{
    SpaprVty *vty = SPAPR_VTY(dev);

    qemu_chr_fe_set_handlers(&vty->chardev, vty_input_room, vty_input, NULL,
                             vty_backend_changed, vty, NULL, true);
    vty->vm_state = qdev_add_vm_change_state_handler(DEVICE(dev), vty_vm_state,
                                                     vty);
}

static void spapr_vty_unrealize(SpaprVioDevice *dev)
{
    SpaprVty *vty = SPAPR_VTY(dev);

    qemu_del_vm_change_state_handler(vty->vm_state);
    vty_stop_waiting(vty);
    qemu_chr_fe_deinit(&vty->chardev, false);
}

static void spapr_vty_reset(SpaprVioDevice *dev)
{
    SpaprVty *vty = SPAPR_VTY(dev);

    fifo8_reset(&vty->input);
    /*
     * What the guest wrote before is on the wire already, so it goes out.
     * H_VIO_SIGNAL is optional for a client Vterm: it starts enabled.
     */
    spapr_vio_enable_irq(dev, true);
}

static bool fifo_valid(const Fifo8 *fifo, uint32_t size)
{
    return fifo->num <= size && fifo->head < size;
}

/* Of each as soon as it is there: what follows may be missing */
static bool vty_fifos_valid(void *opaque, int version_id)
{
    SpaprVty *vty = opaque;

    if (!fifo_valid(&vty->input, VTY_INPUT_BYTES) ||
        !fifo_valid(&vty->output, VTY_OUTPUT_BYTES)) {
        /* After a loadvm that has failed the user may go on nonetheless */
        fifo8_reset(&vty->input);
        fifo8_reset(&vty->output);
        return false;
    }
    return true;
}

static const VMStateDescription vmstate_spapr_vty = {
    .name = TYPE_SPAPR_VTY,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(parent_obj, SpaprVty, 1, vmstate_spapr_vio_device,
                       SpaprVioDevice),
        VMSTATE_FIFO8(input, SpaprVty),
        VMSTATE_VALIDATE("what is to be read", vty_fifos_valid),
        VMSTATE_FIFO8(output, SpaprVty),
        VMSTATE_VALIDATE("what is to be printed", vty_fifos_valid),
        VMSTATE_END_OF_LIST()
    },
};

void spapr_vty_create(SpaprVioBus *bus, Chardev *chr)
{
    DeviceState *dev = qdev_new(TYPE_SPAPR_VTY);

    qdev_prop_set_chr(dev, "chardev", chr);
    qdev_realize_and_unref(dev, BUS(bus), &error_fatal);
}

SpaprVioDevice *spapr_vty_default(SpaprVioBus *bus)
{
    return spapr_vio_first(bus, TYPE_SPAPR_VTY);
}

static const Property spapr_vty_properties[] = {
    DEFINE_PROP_CHR("chardev", SpaprVty, chardev),
};

static void spapr_vty_init(Object *obj)
{
    SpaprVty *vty = SPAPR_VTY(obj);

    fifo8_create(&vty->input, VTY_INPUT_BYTES);
    fifo8_create(&vty->output, VTY_OUTPUT_BYTES);
}

static void spapr_vty_finalize(Object *obj)
{
    SpaprVty *vty = SPAPR_VTY(obj);

    fifo8_destroy(&vty->input);
    fifo8_destroy(&vty->output);
}

static void spapr_vty_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_CLASS(oc);

    dc->desc = "sPAPR virtual terminal";
    dc->vmsd = &vmstate_spapr_vty;
    device_class_set_props(dc, spapr_vty_properties);
    set_bit(DEVICE_CATEGORY_INPUT, dc->categories);
    /* The names are Linux's: drivers/tty/hvc/hvc_vio.c */
    vdc->dt_name = "vty";
    vdc->dt_type = "serial";
    vdc->dt_compatible = "hvterm1";
    vdc->has_irq = true;
    vdc->realize = spapr_vty_realize;
    vdc->unrealize = spapr_vty_unrealize;
    vdc->reset = spapr_vty_reset;
    vdc->register_calls = spapr_vty_register_calls;
}

static const TypeInfo spapr_vty_types[] = {
    {
        .name = TYPE_SPAPR_VTY,
        .parent = TYPE_SPAPR_VIO_DEVICE,
        .instance_size = sizeof(SpaprVty),
        .instance_init = spapr_vty_init,
        .instance_finalize = spapr_vty_finalize,
        .class_init = spapr_vty_class_init,
    },
};

DEFINE_TYPES(spapr_vty_types)
