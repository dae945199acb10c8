/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: run-time abstraction services, called as a guest calls them
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include <libfdt.h>
#include "spapr-qtest.h"

#define RAM_SIZE        (256 * MiB)
/* Memory that neither firmware nor device tree is in */
#define ARGS            (64 * MiB)
#define BUFFER          (65 * MiB)

/* The board's EPOW interrupt is source 0x1000 */
#define IRQ_EPOW        0x1000
#define VECTOR_EXTERNAL 0x500
#define CLASS_EPOW      0x40000000

typedef struct Guest {
    QTestState *qts;
    void *fdt;
} Guest;

static Guest guest_start(const char *options)
{
    Guest guest;

    guest.qts = qtest_initf("-machine pseries,firmware=vof -nodefaults -m 256 "
                            "%s", options);
    guest.fdt = spapr_qtest_fdt(guest.qts);
    return guest;
}

static void guest_stop(Guest *guest)
{
    g_free(guest->fdt);
    qtest_quit(guest->qts);
}

/* Call a service by name; @nret includes the status */
static int32_t call(Guest *guest, const char *name,
                    unsigned nargs, const uint32_t *args,
                    unsigned nret, uint32_t *rets)
{
    return spapr_qtest_rtas(guest->qts, ARGS,
                            spapr_qtest_rtas_token(guest->fdt, name),
                            nargs, args, nret, rets);
}

/* A service that returns nothing but its status */
#define status(guest, name, ...)                                        \
    ({                                                                  \
        const uint32_t args_[] = { 0, ##__VA_ARGS__ };                  \
        uint32_t rets_[1];                                              \
                                                                        \
        call((guest), (name), ARRAY_SIZE(args_) - 1, args_ + 1,         \
             1, rets_);                                                 \
    })

/*
 * The table
 */

static void test_tokens(void)
{
    static const char *const services[] = {
        "get-time-of-day", "set-time-of-day", "power-off", "system-reboot",
        "set-power-level", "get-power-level", "display-character", "quiesce",
        "ibm,get-system-parameter", "ibm,set-system-parameter",
        "check-exception", "event-scan", "get-sensor-state",
    };
    Guest guest = guest_start("");
    uint32_t tokens[ARRAY_SIZE(services)];

    for (unsigned i = 0; i < ARRAY_SIZE(services); i++) {
        tokens[i] = spapr_qtest_rtas_token(guest.fdt, services[i]);
        /* Firmware takes 0 for "no such service" */
        g_assert_cmphex(tokens[i], !=, 0);
        for (unsigned j = 0; j < i; j++) {
            g_assert_cmphex(tokens[i], !=, tokens[j]);
        }
    }
    guest_stop(&guest);
}

static void test_unknown_token(void)
{
    static const uint32_t tokens[] = { 0, 1, 0xfff, 0x10000, 0x7fffffff,
                                       0x80000000, 0xffffffff };
    static const uint32_t args[3] = { 1, 2, 3 };
    Guest guest = guest_start("");
    uint32_t rets[2];

    for (unsigned i = 0; i < ARRAY_SIZE(tokens); i++) {
        g_assert_cmpint(spapr_qtest_rtas(guest.qts, ARGS, tokens[i], 0, NULL,
                                         1, rets), ==, RTAS_OUT_PARAM_ERROR);
        g_assert_cmpint(spapr_qtest_rtas(guest.qts, ARGS, tokens[i], 3, args,
                                         2, rets), ==, RTAS_OUT_PARAM_ERROR);
    }
    guest_stop(&guest);
}

/* Counts other than the service's own: a status is returned, nothing is done */
static void test_wrong_counts(void)
{
    static const uint32_t args[16] = { 2001, 1, 1, 1, 1, 1, 1 };
    Guest guest = guest_start("-rtc base=2024-02-29T12:00:00,clock=vm");
    uint32_t token = spapr_qtest_rtas_token(guest.fdt, "set-time-of-day");
    uint32_t rets[16];

    for (unsigned nargs = 0; nargs <= 16; nargs++) {
        for (unsigned nret = 1; nret <= 16; nret++) {
            if (nargs == 7 && nret == 1) {
                continue;
            }
            g_assert_cmpint(spapr_qtest_rtas(guest.qts, ARGS, token, nargs,
                                             args, nret, rets), ==,
                            RTAS_OUT_PARAM_ERROR);
        }
    }
    g_assert_cmpint(call(&guest, "get-time-of-day", 0, NULL, 8, rets), ==, 0);
    g_assert_cmpuint(rets[1], ==, 2024);
    guest_stop(&guest);
}

/* Put a header, and only that, at @buf; all around it are canaries */
static void put_header(QTestState *qts, uint64_t buf, uint32_t token,
                       uint32_t nargs, uint32_t nret)
{
    qtest_memset(qts, buf - 64, 0xa5, 64);
    qtest_writel(qts, buf, token);
    qtest_writel(qts, buf + 4, nargs);
    qtest_writel(qts, buf + 8, nret);
}

static void check_untouched(QTestState *qts, uint64_t addr, size_t len)
{
    g_autofree uint8_t *data = g_malloc(len);

    qtest_memread(qts, addr, data, len);
    for (size_t i = 0; i < len; i++) {
        g_assert_cmphex(data[i], ==, 0xa5);
    }
}

/* Counts with which no call can be meant, the sum of some wrapping around */
static void test_huge_counts(void)
{
    static const uint32_t counts[][2] = {
        { 17, 1 }, { 0, 17 }, { 0xffffffff, 1 }, { 0, 0xffffffff },
        { 0xffffffff, 0xffffffff }, { 0x40000000, 1 }, { 0x3ffffffd, 1 },
        { 0x80000000, 0x80000000 }, { 0x10000, 0x10000 },
    };
    Guest guest = guest_start("");
    uint32_t token = spapr_qtest_rtas_token(guest.fdt, "event-scan");

    for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
        qtest_memset(guest.qts, ARGS, 0xa5, 4096);
        put_header(guest.qts, ARGS, token, counts[i][0], counts[i][1]);
        g_assert_cmpint(hcall(guest.qts, H_PRIVATE_RTAS, ARGS), ==,
                        H_PARAMETER);
        check_untouched(guest.qts, ARGS - 64, 64);
        check_untouched(guest.qts, ARGS + 12, 4096 - 12);
    }
    guest_stop(&guest);
}

/* No room for a status: it can't be returned, the hypercall tells */
static void test_no_status(void)
{
    Guest guest = guest_start("");

    qtest_memset(guest.qts, ARGS, 0xa5, 4096);
    put_header(guest.qts, ARGS,
               spapr_qtest_rtas_token(guest.fdt, "event-scan"), 4, 0);
    g_assert_cmpint(hcall(guest.qts, H_PRIVATE_RTAS, ARGS), ==, H_PARAMETER);
    put_header(guest.qts, ARGS, 0, 0, 0);
    g_assert_cmpint(hcall(guest.qts, H_PRIVATE_RTAS, ARGS), ==, H_PARAMETER);
    check_untouched(guest.qts, ARGS + 12, 4096 - 12);
    guest_stop(&guest);
}

/* The buffer ends where memory does, or later */
static void test_end_of_ram(void)
{
    Guest guest = guest_start("");
    uint32_t token = spapr_qtest_rtas_token(guest.fdt, "get-power-level");
    const unsigned size = (3 + 1 + 2) * sizeof(uint32_t);
    uint64_t buf = RAM_SIZE - size;

    put_header(guest.qts, buf, token, 1, 2);
    qtest_writel(guest.qts, buf + 12, 0);
    g_assert_cmpint(hcall(guest.qts, H_PRIVATE_RTAS, buf), ==, H_SUCCESS);
    g_assert_cmpuint(qtest_readl(guest.qts, buf + 16), ==, 0);
    g_assert_cmpuint(qtest_readl(guest.qts, buf + 20), ==, 100);
    check_untouched(guest.qts, buf - 64, 64);

    for (unsigned missing = 4; missing <= size; missing += 4) {
        uint32_t header[3] = { cpu_to_be32(token), cpu_to_be32(1),
                               cpu_to_be32(2) };

        buf = RAM_SIZE - size + missing;
        qtest_memset(guest.qts, buf - 64, 0xa5, 64);
        qtest_memwrite(guest.qts, buf, header,
                       MIN(sizeof(header), size - missing));
        g_assert_cmpint(hcall(guest.qts, H_PRIVATE_RTAS, buf), ==, H_PARAMETER);
        check_untouched(guest.qts, buf - 64, 64);
    }
    guest_stop(&guest);
}

static void test_outside_ram(void)
{
    static const uint64_t addrs[] = {
        RAM_SIZE, RAM_SIZE + 4096, 1ull << 40, 1ull << 60, 1ull << 63,
        -4096ull, -12ull, -8ull, -4ull, -1ull,
    };
    Guest guest = guest_start("");

    qtest_memset(guest.qts, 0, 0xa5, 64);
    for (unsigned i = 0; i < ARRAY_SIZE(addrs); i++) {
        g_assert_cmpint(hcall(guest.qts, H_PRIVATE_RTAS, addrs[i]), ==,
                        H_PARAMETER);
    }
    /* No address wraps around to the beginning of memory */
    check_untouched(guest.qts, 0, 64);
    guest_stop(&guest);
}

/* The LoPAR wants the buffer aligned; a call where it is not does no harm */
static void test_unaligned(void)
{
    static const uint32_t args[1] = { 0 };
    Guest guest = guest_start("");
    uint32_t token = spapr_qtest_rtas_token(guest.fdt, "get-power-level");
    uint32_t rets[2];

    for (unsigned i = 1; i < 8; i++) {
        g_assert_cmpint(spapr_qtest_rtas(guest.qts, ARGS + i, token, 1, args,
                                         2, rets), ==, 0);
        g_assert_cmpuint(rets[1], ==, 100);
    }
    guest_stop(&guest);
}

/*
 * The clock
 */

static void check_time(Guest *guest, unsigned year, unsigned month,
                       unsigned day, unsigned hour, unsigned min, unsigned sec,
                       unsigned ns)
{
    uint32_t rets[8];

    g_assert_cmpint(call(guest, "get-time-of-day", 0, NULL, 8, rets), ==, 0);
    g_assert_cmpuint(rets[1], ==, year);
    g_assert_cmpuint(rets[2], ==, month);
    g_assert_cmpuint(rets[3], ==, day);
    g_assert_cmpuint(rets[4], ==, hour);
    g_assert_cmpuint(rets[5], ==, min);
    g_assert_cmpuint(rets[6], ==, sec);
    g_assert_cmpuint(rets[7], ==, ns);
}

/* With a clock that stands still unless it is told to go */
#define RTC_OPTIONS "-rtc base=2024-02-29T23:59:58,clock=vm"

static void test_get_time(void)
{
    Guest guest = guest_start(RTC_OPTIONS);

    qtest_clock_set(guest.qts, 1500000000);
    check_time(&guest, 2024, 2, 29, 23, 59, 59, 500000000);
    qtest_clock_step(guest.qts, 499999999);
    check_time(&guest, 2024, 2, 29, 23, 59, 59, 999999999);
    qtest_clock_step(guest.qts, 1);
    check_time(&guest, 2024, 3, 1, 0, 0, 0, 0);
    guest_stop(&guest);
}

static void test_set_time(void)
{
    Guest guest = guest_start(RTC_OPTIONS);
    QDict *event, *data;
    int64_t offset;

    /* Ahead, with the nanoseconds; then on from there */
    qtest_clock_set(guest.qts, 750000000);
    g_assert_cmpint(status(&guest, "set-time-of-day",
                           2030, 12, 31, 23, 59, 59, 500000000), ==, 0);
    check_time(&guest, 2030, 12, 31, 23, 59, 59, 500000000);
    event = qtest_qmp_eventwait_ref(guest.qts, "RTC_CHANGE");
    data = qdict_get_qdict(event, "data");
    /*
     * From 2024-02-29 23:59:58 it is 2497 days and a second, less what the
     * host's clock, which this is measured by, has gone on
     */
    offset = qdict_get_int(data, "offset");
    g_assert_cmpint(offset, <=, 2497 * 86400 + 1);
    g_assert_cmpint(offset, >, 2497 * 86400 - 60);
    g_assert_true(g_str_has_suffix(qdict_get_str(data, "qom-path"), "/rtc"));
    qobject_unref(event);
    qtest_clock_step(guest.qts, 600000000);
    check_time(&guest, 2031, 1, 1, 0, 0, 0, 100000000);

    /* Back, to before the core's clock started */
    g_assert_cmpint(status(&guest, "set-time-of-day",
                           1970, 1, 1, 0, 0, 0, 0), ==, 0);
    check_time(&guest, 1970, 1, 1, 0, 0, 0, 0);
    qtest_clock_step(guest.qts, 1999999999);
    check_time(&guest, 1970, 1, 1, 0, 0, 1, 999999999);

    /* The last second of all */
    g_assert_cmpint(status(&guest, "set-time-of-day",
                           9999, 12, 31, 23, 59, 59, 999999999), ==, 0);
    check_time(&guest, 9999, 12, 31, 23, 59, 59, 999999999);
    guest_stop(&guest);
}

/* A clock that is set keeps its time over a reset, and QMP can read it */
static void test_time_over_reset(void)
{
    Guest guest = guest_start(RTC_OPTIONS);
    QDict *reply, *date;

    g_assert_cmpint(status(&guest, "set-time-of-day",
                           2001, 2, 3, 4, 5, 6, 7), ==, 0);
    qtest_system_reset(guest.qts);
    check_time(&guest, 2001, 2, 3, 4, 5, 6, 7);

    reply = qtest_qmp(guest.qts, "{ 'execute': 'qom-get', 'arguments':"
                      "{ 'path': '/machine', 'property': 'rtc-time' } }");
    date = qdict_get_qdict(reply, "return");
    g_assert_cmpint(qdict_get_int(date, "tm_year"), ==, 101);
    g_assert_cmpint(qdict_get_int(date, "tm_mon"), ==, 1);
    g_assert_cmpint(qdict_get_int(date, "tm_mday"), ==, 3);
    g_assert_cmpint(qdict_get_int(date, "tm_hour"), ==, 4);
    g_assert_cmpint(qdict_get_int(date, "tm_min"), ==, 5);
    g_assert_cmpint(qdict_get_int(date, "tm_sec"), ==, 6);
    qobject_unref(reply);
    guest_stop(&guest);
}

static void test_set_time_bad(void)
{
    static const uint32_t bad[][7] = {
        { 1969, 12, 31, 23, 59, 59, 0 },    /* year */
        { 10000, 1, 1, 0, 0, 0, 0 },
        { 0, 1, 1, 0, 0, 0, 0 },
        { 0xffffffff, 1, 1, 0, 0, 0, 0 },
        { 67560, 1, 1, 0, 0, 0, 0 },        /* 2024 in 16 bits */
        { 2024, 0, 1, 0, 0, 0, 0 },         /* month */
        { 2024, 13, 1, 0, 0, 0, 0 },
        { 2024, 257, 1, 0, 0, 0, 0 },
        { 2024, 0xffffffff, 1, 0, 0, 0, 0 },
        { 2024, 1, 0, 0, 0, 0, 0 },         /* day */
        { 2024, 1, 32, 0, 0, 0, 0 },
        { 2024, 4, 31, 0, 0, 0, 0 },
        { 2024, 2, 30, 0, 0, 0, 0 },
        { 2023, 2, 29, 0, 0, 0, 0 },
        { 2100, 2, 29, 0, 0, 0, 0 },
        { 2024, 1, 257, 0, 0, 0, 0 },
        { 2024, 1, 1, 24, 0, 0, 0 },        /* time */
        { 2024, 1, 1, 0, 60, 0, 0 },
        { 2024, 1, 1, 0, 0, 60, 0 },
        { 2024, 1, 1, 0, 0, 0, 1000000000 },
        { 2024, 1, 1, 0xffffffff, 0, 0, 0 },
        { 2024, 1, 1, 0, 0xffffffff, 0, 0 },
        { 2024, 1, 1, 0, 0, 0xffffffff, 0 },
        { 2024, 1, 1, 0, 0, 0, 0xffffffff },
    };
    static const uint32_t good[][7] = {
        { 2024, 2, 29, 0, 0, 0, 0 },
        { 2000, 2, 29, 0, 0, 0, 0 },
        { 2023, 2, 28, 23, 59, 59, 999999999 },
        { 2023, 11, 30, 1, 2, 3, 4 },
    };
    Guest guest = guest_start(RTC_OPTIONS);
    uint32_t rets[1];

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(call(&guest, "set-time-of-day", 7, bad[i], 1, rets), ==,
                        RTAS_OUT_PARAM_ERROR);
        check_time(&guest, 2024, 2, 29, 23, 59, 58, 0);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
        const uint32_t *t = good[i];

        g_assert_cmpint(call(&guest, "set-time-of-day", 7, t, 1, rets), ==, 0);
        check_time(&guest, t[0], t[1], t[2], t[3], t[4], t[5], t[6]);
    }
    guest_stop(&guest);
}

/*
 * Power
 */

static void check_shutdown(QTestState *qts, const char *reason)
{
    QDict *event = qtest_qmp_eventwait_ref(qts, "SHUTDOWN");
    QDict *data = qdict_get_qdict(event, "data");

    g_assert_true(qdict_get_bool(data, "guest"));
    g_assert_cmpstr(qdict_get_str(data, "reason"), ==, reason);
    qobject_unref(event);
}

static void test_power_off(void)
{
    /* The mask of events that turn power on has no meaning */
    static const uint32_t masks[][2] = { { 0, 0 }, { -1, -1 } };

    for (unsigned i = 0; i < ARRAY_SIZE(masks); i++) {
        Guest guest = guest_start("-no-shutdown");
        uint32_t rets[1];

        g_assert_cmpint(call(&guest, "power-off", 2, masks[i], 1, rets), ==, 0);
        check_shutdown(guest.qts, "guest-shutdown");
        guest_stop(&guest);
    }
}

static void test_power_level(void)
{
    static const uint32_t bad_set[][2] = {
        { 0, 1 }, { 0, 50 }, { 0, 101 }, { 0, -1 }, { 1, 100 }, { -1, 100 },
        { 1, 0 }, { -1, 0 },
    };
    static const uint32_t on[2] = { 0, 100 }, off[2] = { 0, 0 };
    static const uint32_t domains[] = { 0, 1, -1 };
    Guest guest = guest_start("-no-shutdown");
    uint32_t rets[2];

    g_assert_cmpint(call(&guest, "get-power-level", 1, &domains[0], 2, rets),
                    ==, 0);
    g_assert_cmpuint(rets[1], ==, 100);
    g_assert_cmpint(call(&guest, "get-power-level", 1, &domains[1], 2, rets),
                    ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(call(&guest, "get-power-level", 1, &domains[2], 2, rets),
                    ==, RTAS_OUT_PARAM_ERROR);

    for (unsigned i = 0; i < ARRAY_SIZE(bad_set); i++) {
        g_assert_cmpint(call(&guest, "set-power-level", 2, bad_set[i], 2, rets),
                        ==, RTAS_OUT_PARAM_ERROR);
    }
    g_assert_cmpint(call(&guest, "set-power-level", 2, on, 2, rets), ==, 0);
    g_assert_cmpuint(rets[1], ==, 100);
    g_assert_cmpint(call(&guest, "set-power-level", 2, off, 2, rets), ==, 0);
    g_assert_cmpuint(rets[1], ==, 0);
    check_shutdown(guest.qts, "guest-shutdown");
    guest_stop(&guest);
}

static void test_system_reboot(void)
{
    Guest guest = guest_start("");
    QDict *event, *data;

    g_assert_cmpint(status(&guest, "system-reboot"), ==, 0);
    event = qtest_qmp_eventwait_ref(guest.qts, "RESET");
    data = qdict_get_qdict(event, "data");
    g_assert_true(qdict_get_bool(data, "guest"));
    g_assert_cmpstr(qdict_get_str(data, "reason"), ==, "guest-reset");
    qobject_unref(event);
    guest_stop(&guest);
}

/* Firmware asks for neither a status nor anything else */
static void test_quiesce(void)
{
    Guest guest = guest_start("");

    g_assert_cmpint(call(&guest, "quiesce", 0, NULL, 0, NULL), ==, 0);
    guest_stop(&guest);
}

static void test_display_character(void)
{
    static const char text[] = "PAPR\r\n\x01\x7f";
    g_autofree char *path = NULL, *out = NULL;
    g_autofree char *options = NULL;
    g_autoptr(GError) error = NULL;
    gsize len;
    int fd = g_file_open_tmp("spapr-rtas-XXXXXX", &path, &error);
    Guest guest;

    g_assert_no_error(error);
    close(fd);
    options = g_strdup_printf("-chardev file,id=c,path=%s "
                              "-device spapr-vty,chardev=c,reg=0x71000007 "
                              "-device spapr-vty,reg=0x71000008", path);
    guest = guest_start(options);
    for (const char *c = text; *c; c++) {
        g_assert_cmpint(status(&guest, "display-character", (uint8_t)*c), ==,
                        0);
    }
    /* The character is the cell's low byte */
    g_assert_cmpint(status(&guest, "display-character", 0xffffff00 | '!'), ==,
                    0);
    guest_stop(&guest);

    g_file_get_contents(path, &out, &len, &error);
    g_assert_no_error(error);
    unlink(path);
    g_assert_cmpstr(out, ==, "PAPR\r\n\x01\x7f!");
}

static void test_display_nowhere(void)
{
    Guest guest = guest_start("");

    g_assert_cmpint(status(&guest, "display-character", 'x'), ==,
                    RTAS_OUT_HW_ERROR);
    guest_stop(&guest);
}

/*
 * System parameters
 */

#define SYSPARM_MAX     4002

static int32_t get_parameter(Guest *guest, uint32_t token, uint32_t addr,
                             uint32_t len)
{
    return status(guest, "ibm,get-system-parameter", token, addr, len);
}

static int32_t set_parameter(Guest *guest, uint32_t token, uint32_t addr)
{
    return status(guest, "ibm,set-system-parameter", token, addr);
}

/* Get a parameter that is there, into an ample buffer */
static GByteArray *fetch_parameter(Guest *guest, uint32_t token)
{
    GByteArray *value = g_byte_array_new();
    uint16_t len;

    qtest_memset(guest->qts, BUFFER, 0xa5, SYSPARM_MAX + 64);
    g_assert_cmpint(get_parameter(guest, token, BUFFER, SYSPARM_MAX), ==, 0);
    len = qtest_readw(guest->qts, BUFFER);
    g_assert_cmpuint(len, >, 0);
    g_assert_cmpuint(len, <=, SYSPARM_MAX - 2);
    g_byte_array_set_size(value, len);
    qtest_memread(guest->qts, BUFFER + 2, value->data, len);
    check_untouched(guest->qts, BUFFER + 2 + len, SYSPARM_MAX + 62 - len);
    return value;
}

static void check_string(const GByteArray *value, const char *string)
{
    g_assert_cmpmem(value->data, value->len, string, strlen(string) + 1);
}

static void test_get_parameter(void)
{
    static const uint8_t uuid[16] = {
        0xf7, 0x75, 0x1e, 0xfe, 0xe4, 0x9b, 0x4b, 0x25,
        0x88, 0xea, 0x06, 0x8a, 0x3c, 0x1d, 0x5e, 0x9f,
    };
    static const uint8_t modules[8] = { 0, 1, 0, 2, 0, 1, 0, 2 };
    static const uint8_t mode[1] = { 0 };
    Guest guest = guest_start("-smp 4,sockets=2,cores=2,threads=2,maxcpus=8 "
                              "-name papr -uuid "
                              "f7751efe-e49b-4b25-88ea-068a3c1d5e9f");
    g_autoptr(GByteArray) splpar = fetch_parameter(&guest, 20);
    g_autoptr(GByteArray) restart = fetch_parameter(&guest, 21);
    g_autoptr(GByteArray) watched = fetch_parameter(&guest, 27);
    g_autoptr(GByteArray) interval = fetch_parameter(&guest, 28);
    g_autoptr(GByteArray) delay = fetch_parameter(&guest, 29);
    g_autoptr(GByteArray) cmo = fetch_parameter(&guest, 44);
    g_autoptr(GByteArray) diagnostics = fetch_parameter(&guest, 42);
    g_autoptr(GByteArray) processors = fetch_parameter(&guest, 43);
    g_autoptr(GByteArray) id = fetch_parameter(&guest, 48);
    g_autoptr(GByteArray) name = fetch_parameter(&guest, 55);

    check_string(splpar, "BoundThrds=0,CapInc=1,DisWheRotPer=5120000,"
                 "MinEntCap=1,MinEntCapPerVP=1,MinMem=256,MinProcs=1,"
                 "MaxEntCap=400,MaxPlatProcs=4,DesEntCap=200,DesMem=256,"
                 "DesProcs=2,DesVarCapWt=128,DedDonMode=0");
    g_assert_cmpmem(restart->data, restart->len, "\0", 1);
    g_assert_cmpmem(watched->data, watched->len, "\0", 1);
    g_assert_cmpmem(interval->data, interval->len, "\5", 1);
    g_assert_cmpmem(delay->data, delay->len, "\12", 1);
    check_string(cmo, "CMOPageSize=12,PrPSP=-1,SecPSP=-1");
    g_assert_cmpmem(diagnostics->data, diagnostics->len, mode, sizeof(mode));
    g_assert_cmpmem(processors->data, processors->len, modules,
                    sizeof(modules));
    g_assert_cmpmem(id->data, id->len, uuid, sizeof(uuid));
    check_string(name, "papr");
    guest_stop(&guest);
}

static void test_get_parameter_missing(void)
{
    static const uint32_t tokens[] = { 0, 15, 16, 17, 22, 30, 45, 46, 48, 55,
                                       58, 59, 1000, 0xffffffff };
    Guest guest = guest_start("");

    qtest_memset(guest.qts, BUFFER, 0xa5, SYSPARM_MAX);
    for (unsigned i = 0; i < ARRAY_SIZE(tokens); i++) {
        g_assert_cmpint(get_parameter(&guest, tokens[i], BUFFER, SYSPARM_MAX),
                        ==, RTAS_OUT_NOT_SUPPORTED);
        g_assert_cmpint(get_parameter(&guest, tokens[i], BUFFER, 0), ==,
                        RTAS_OUT_NOT_SUPPORTED);
        /* Whether the parameter is there is asked first */
        g_assert_cmpint(get_parameter(&guest, tokens[i], RAM_SIZE, 100), ==,
                        RTAS_OUT_NOT_SUPPORTED);
    }
    check_untouched(guest.qts, BUFFER, SYSPARM_MAX);
    guest_stop(&guest);
}

/* The data are cut where the buffer ends; the length tells how long they are */
static void test_get_parameter_short(void)
{
    static const uint8_t whole[] = { 0, 5, 'p', 'a', 'p', 'r', 0 };
    Guest guest = guest_start("-name papr");

    for (uint32_t len = 0; len <= sizeof(whole) + 1; len++) {
        uint32_t n = MIN(len, sizeof(whole));
        uint8_t got[sizeof(whole)];

        qtest_memset(guest.qts, BUFFER, 0xa5, 64);
        g_assert_cmpint(get_parameter(&guest, 55, BUFFER, len), ==, 0);
        qtest_memread(guest.qts, BUFFER, got, n);
        g_assert_cmpmem(got, n, whole, n);
        check_untouched(guest.qts, BUFFER + n, 64 - n);
    }
    guest_stop(&guest);
}

static void test_get_parameter_no_memory(void)
{
    Guest guest = guest_start("-name papr");
    QTestState *qts = guest.qts;

    /* No byte is needed of a buffer without length */
    g_assert_cmpint(get_parameter(&guest, 55, RAM_SIZE, 0), ==, 0);
    g_assert_cmpint(get_parameter(&guest, 55, RAM_SIZE, 100), ==,
                    RTAS_OUT_SYSPARM_ERROR);
    g_assert_cmpint(get_parameter(&guest, 55, 0xffffffff, 100), ==,
                    RTAS_OUT_SYSPARM_ERROR);
    qtest_memset(qts, RAM_SIZE - 64, 0xa5, 64);
    g_assert_cmpint(get_parameter(&guest, 55, RAM_SIZE - 6, 100), ==,
                    RTAS_OUT_SYSPARM_ERROR);
    check_untouched(qts, RAM_SIZE - 64, 64);
    g_assert_cmpint(get_parameter(&guest, 55, RAM_SIZE - 7, 100), ==, 0);
    g_assert_cmpuint(qtest_readw(qts, RAM_SIZE - 7), ==, 5);
    guest_stop(&guest);
}

static void test_set_parameter(void)
{
    static const uint32_t read_only[] = { 0, 1, 15, 18, 19, 20, 21, 27, 28, 29,
                                          37, 38, 39, 43, 44, 45, 46, 48, 50,
                                          52, 53, 55 };
    static const uint32_t missing[] = { 16, 17, 22, 36, 47, 56, 59, 100,
                                        0xffffffff };
    Guest guest = guest_start("");
    QTestState *qts = guest.qts;

    for (unsigned i = 0; i < ARRAY_SIZE(read_only); i++) {
        g_assert_cmpint(set_parameter(&guest, read_only[i], BUFFER), ==,
                        RTAS_OUT_NOT_AUTHORIZED);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(missing); i++) {
        g_assert_cmpint(set_parameter(&guest, missing[i], BUFFER), ==,
                        RTAS_OUT_NOT_SUPPORTED);
    }

    /* The run mode of diagnostics: one byte, and there are none to run */
    qtest_writew(qts, BUFFER, 1);
    qtest_writeb(qts, BUFFER + 2, 0);
    g_assert_cmpint(set_parameter(&guest, 42, BUFFER), ==, 0);
    for (uint8_t mode = 1; mode <= 2; mode++) {
        qtest_writeb(qts, BUFFER + 2, mode);
        g_assert_cmpint(set_parameter(&guest, 42, BUFFER), ==,
                        RTAS_OUT_NOT_AUTHORIZED);
    }
    qtest_writeb(qts, BUFFER + 2, 3);
    g_assert_cmpint(set_parameter(&guest, 42, BUFFER), ==,
                    RTAS_OUT_SYSPARM_ERROR);
    qtest_writeb(qts, BUFFER + 2, 0);
    for (unsigned len = 2; len <= 0xffff; len = len * 2 + 1) {
        qtest_writew(qts, BUFFER, len);
        g_assert_cmpint(set_parameter(&guest, 42, BUFFER), ==,
                        RTAS_OUT_SYSPARM_ERROR);
    }
    /* No data are not too few */
    qtest_writew(qts, BUFFER, 0);
    g_assert_cmpint(set_parameter(&guest, 42, BUFFER), ==, 0);

    /* At the end of memory, and beyond */
    qtest_writew(qts, RAM_SIZE - 3, 1);
    qtest_writeb(qts, RAM_SIZE - 1, 0);
    g_assert_cmpint(set_parameter(&guest, 42, RAM_SIZE - 3), ==, 0);
    qtest_writew(qts, RAM_SIZE - 2, 1);
    g_assert_cmpint(set_parameter(&guest, 42, RAM_SIZE - 2), ==,
                    RTAS_OUT_SYSPARM_ERROR);
    g_assert_cmpint(set_parameter(&guest, 42, RAM_SIZE - 1), ==,
                    RTAS_OUT_SYSPARM_ERROR);
    g_assert_cmpint(set_parameter(&guest, 42, 0xffffffff), ==,
                    RTAS_OUT_SYSPARM_ERROR);
    guest_stop(&guest);
}

/*
 * Events
 */

#define NO_EVENT        1

/* The log of an EPOW event: fixed part, length, what follows */
#define LOG_FIXED       4
#define LOG_SIZE        (8 + 16 + 48 + 24 + 20)
#define LOG_MAX         2048

static int32_t check_exception(Guest *guest, uint32_t vector, uint32_t irq,
                               uint32_t mask, uint32_t critical,
                               uint32_t addr, uint32_t len)
{
    return status(guest, "check-exception", vector, irq, mask, critical, addr,
                  len);
}

/* As Linux's EPOW interrupt handler asks */
static int32_t check_epow(Guest *guest, uint32_t critical, uint32_t len)
{
    qtest_memset(guest->qts, BUFFER, 0xa5, LOG_MAX);
    return check_exception(guest, VECTOR_EXTERNAL, IRQ_EPOW, CLASS_EPOW,
                           critical, BUFFER, len);
}

static uint32_t epow_sensor(Guest *guest)
{
    static const uint32_t args[2] = { 9, 0 };
    uint32_t rets[2];

    g_assert_cmpint(call(guest, "get-sensor-state", 2, args, 2, rets), ==, 0);
    return rets[1];
}

static void powerdown(Guest *guest)
{
    qtest_qmp_assert_success(guest->qts, "{ 'execute': 'system_powerdown' }");
    qtest_qmp_eventwait(guest->qts, "POWERDOWN");
}

static void test_no_events(void)
{
    Guest guest = guest_start("");

    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, NO_EVENT);
    g_assert_cmpint(status(&guest, "event-scan", 0xffffffff, 0, BUFFER,
                           LOG_MAX), ==, NO_EVENT);
    check_untouched(guest.qts, BUFFER, LOG_MAX);
    g_assert_cmpuint(epow_sensor(&guest), ==, 0);
    guest_stop(&guest);
}

/* What LoPAR says of the log, byte for byte, but for its number */
static void test_epow_log(void)
{
    static const uint8_t expected[LOG_SIZE] = {
        /* Version 6, an event, fully recovered, extended part present; EPOW */
        6, 0x24, 0, 64,
        0, 0, 0, LOG_SIZE - 8,
        /* Valid, new, big endian; platform event log; "IBM" */
        0x86, 0, 0x8e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'I', 'B', 'M', 0,
        /* Main-A: date and time, by the hypervisor, three sections, number */
        'P', 'H', 0, 48, 1, 0, 0, 0,
        0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
        'H', 0, 0, 3, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 1, 0, 0, 0, 0,
        /* Main-B: power subsystem, no error but a normal shutdown */
        'U', 'H', 0, 24, 1, 0, 0, 0,
        0x60, 0, 0, 0xd0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
        /* EPOW: system shutdown, normal, of this partition */
        'E', 'P', 0, 20, 2, 0, 0, 0,
        3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    };
    Guest guest = guest_start(RTC_OPTIONS);
    uint8_t log[LOG_SIZE];

    powerdown(&guest);
    g_assert_cmpuint(epow_sensor(&guest), ==, 3);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, 0);
    qtest_memread(guest.qts, BUFFER, log, sizeof(log));
    g_assert_cmpmem(log, sizeof(log), expected, sizeof(expected));
    check_untouched(guest.qts, BUFFER + LOG_SIZE, LOG_MAX - LOG_SIZE);
    /* It is told once */
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, NO_EVENT);
    guest_stop(&guest);
}

/* Whoever asks for something else does not get it, nor does it go away */
static void test_epow_selection(void)
{
    static const uint32_t other[][3] = {
        { 0x200, IRQ_EPOW, CLASS_EPOW },
        { 0x100, IRQ_EPOW, CLASS_EPOW },
        { VECTOR_EXTERNAL, IRQ_EPOW + 1, CLASS_EPOW },
        { VECTOR_EXTERNAL, 0, CLASS_EPOW },
        { VECTOR_EXTERNAL, IRQ_EPOW, 0 },
        { VECTOR_EXTERNAL, IRQ_EPOW, (uint32_t)~CLASS_EPOW },
    };
    Guest guest = guest_start("");

    powerdown(&guest);
    qtest_memset(guest.qts, BUFFER, 0xa5, LOG_MAX);
    for (unsigned i = 0; i < ARRAY_SIZE(other); i++) {
        g_assert_cmpint(check_exception(&guest, other[i][0], other[i][1],
                                        other[i][2], 0, BUFFER, LOG_MAX), ==,
                        NO_EVENT);
    }
    /* By check-exception or by event-scan, but not by both */
    g_assert_cmpint(status(&guest, "event-scan", 0xffffffff, 0, BUFFER,
                           LOG_MAX), ==, NO_EVENT);
    check_untouched(guest.qts, BUFFER, LOG_MAX);
    g_assert_cmpint(check_exception(&guest, VECTOR_EXTERNAL, IRQ_EPOW,
                                    0xffffffff, 0, BUFFER, LOG_MAX), ==, 0);
    guest_stop(&guest);
}

/* A critical call, or a short buffer: nothing but the fixed part */
static void test_epow_short(void)
{
    static const struct {
        uint32_t critical;
        uint32_t len;
        uint32_t expected;
    } cases[] = {
        { 1, LOG_MAX, LOG_FIXED }, { 0xffffffff, LOG_SIZE, LOG_FIXED },
        { 0, LOG_SIZE - 1, LOG_FIXED }, { 0, 8, LOG_FIXED },
        { 0, 4, LOG_FIXED }, { 0, 3, 3 }, { 0, 1, 1 }, { 0, 0, 0 },
        { 0, LOG_SIZE, LOG_SIZE }, { 0, 0xffffffff, LOG_SIZE },
    };
    static const uint8_t fixed[LOG_FIXED] = { 6, 0x20, 0, 64 };
    Guest guest = guest_start("");

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t n = cases[i].expected;
        uint8_t log[LOG_FIXED];

        powerdown(&guest);
        g_assert_cmpint(check_epow(&guest, cases[i].critical, cases[i].len), ==,
                        0);
        if (n <= LOG_FIXED) {
            qtest_memread(guest.qts, BUFFER, log, n);
            g_assert_cmpmem(log, n, fixed, n);
        }
        check_untouched(guest.qts, BUFFER + n, LOG_MAX - n);
        g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, NO_EVENT);
    }
    guest_stop(&guest);
}

/* An event is not lost to a buffer that is no memory */
static void test_epow_no_memory(void)
{
    static const uint32_t bad[] = { RAM_SIZE, RAM_SIZE - 1,
                                    RAM_SIZE - LOG_SIZE + 1, 0xffffffff };
    Guest guest = guest_start("");

    powerdown(&guest);
    qtest_memset(guest.qts, RAM_SIZE - LOG_SIZE, 0xa5, LOG_SIZE);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(check_exception(&guest, VECTOR_EXTERNAL, IRQ_EPOW,
                                        CLASS_EPOW, 0, bad[i], LOG_MAX), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    check_untouched(guest.qts, RAM_SIZE - LOG_SIZE, LOG_SIZE);
    g_assert_cmpint(check_exception(&guest, VECTOR_EXTERNAL, IRQ_EPOW,
                                    CLASS_EPOW, 0, RAM_SIZE - LOG_SIZE,
                                    LOG_MAX), ==, 0);
    g_assert_cmphex(qtest_readl(guest.qts, RAM_SIZE - LOG_SIZE), ==,
                    0x06240040);
    guest_stop(&guest);
}

static uint32_t log_number(Guest *guest)
{
    return qtest_readl(guest->qts, BUFFER + 8 + 16 + 0x28);
}

/* Events come in their order; what does not fit into the queue is dropped */
static void test_epow_queue(void)
{
    const unsigned room = 8;
    Guest guest = guest_start("");

    for (unsigned i = 0; i < room + 3; i++) {
        powerdown(&guest);
    }
    for (unsigned i = 1; i <= room; i++) {
        g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, 0);
        g_assert_cmpuint(log_number(&guest), ==, i);
    }
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, NO_EVENT);
    /* Numbers are never used again */
    powerdown(&guest);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, 0);
    g_assert_cmpuint(log_number(&guest), ==, room + 3 + 1);
    guest_stop(&guest);
}

static void test_epow_reset(void)
{
    Guest guest = guest_start("");

    powerdown(&guest);
    g_assert_cmpuint(epow_sensor(&guest), ==, 3);
    qtest_system_reset(guest.qts);
    g_assert_cmpuint(epow_sensor(&guest), ==, 0);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, NO_EVENT);
    guest_stop(&guest);
}

static void test_sensor_missing(void)
{
    static const uint32_t bad[][2] = { { 9, 1 }, { 9, -1 }, { 0, 0 }, { 3, 0 },
                                       { 9003, 0 }, { -1, -1 } };
    Guest guest = guest_start("");
    uint32_t rets[2];

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(call(&guest, "get-sensor-state", 2, bad[i], 2, rets),
                        ==, RTAS_OUT_PARAM_ERROR);
    }
    guest_stop(&guest);
}

static uint32_t cell(const void *fdt, int node, const char *name, unsigned i)
{
    int len;
    const uint32_t *cells = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(cells);
    g_assert_cmpuint(len, >, i * sizeof(*cells));
    return fdt32_to_cpu(cells[i]);
}

static void test_event_sources(void)
{
    Guest guest = guest_start("");
    int rtas = fdt_path_offset(guest.fdt, "/rtas");
    int sources = fdt_path_offset(guest.fdt, "/event-sources");
    int epow = fdt_path_offset(guest.fdt, "/event-sources/epow-events");
    int len;

    g_assert_cmpint(epow, >, 0);
    g_assert_nonnull(fdt_getprop(guest.fdt, sources, "interrupt-controller",
                                 &len));
    g_assert_cmpuint(cell(guest.fdt, sources, "#interrupt-cells", 0), ==, 2);
    g_assert_cmpuint(cell(guest.fdt, sources, "interrupt-ranges", 0), ==,
                     IRQ_EPOW);
    g_assert_cmpuint(cell(guest.fdt, sources, "interrupt-ranges", 1), ==, 1);
    g_assert_cmpuint(cell(guest.fdt, epow, "interrupts", 0), ==, IRQ_EPOW);
    g_assert_cmpuint(cell(guest.fdt, epow, "interrupts", 1), ==, 1);

    g_assert_cmpuint(cell(guest.fdt, rtas, "rtas-error-log-max", 0), ==,
                     LOG_MAX);
    g_assert_cmpuint(cell(guest.fdt, rtas, "rtas-event-scan-rate", 0), >, 0);
    g_assert_cmpuint(cell(guest.fdt, rtas, "rtas-version", 0), ==, 1);
    guest_stop(&guest);
}

/* While an event waits its interrupt is up, for a processor that listens */
static void test_epow_interrupt(void)
{
    static const uint32_t route[3] = { IRQ_EPOW, 0, 5 };
    Guest guest = guest_start("");
    uint64_t rets[SPAPR_QTEST_REGS];
    uint32_t ret[1];

    g_assert_cmpint(call(&guest, "ibm,set-xive", 3, route, 1, ret), ==, 0);
    g_assert_cmpint(status(&guest, "ibm,int-on", IRQ_EPOW), ==, 0);
    g_assert_cmpint(hcall(guest.qts, H_CPPR, 0xff), ==, H_SUCCESS);
    g_assert_cmpint(hcall_rets(guest.qts, rets, H_XIRR), ==, H_SUCCESS);
    g_assert_cmphex(rets[0] & 0xffffff, ==, 0);

    powerdown(&guest);
    g_assert_cmpint(hcall_rets(guest.qts, rets, H_XIRR), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, 0xff000000 | IRQ_EPOW);
    /* Ended without a look at the event, it is there again */
    g_assert_cmpint(hcall(guest.qts, H_EOI, 0xff000000 | IRQ_EPOW), ==,
                    H_SUCCESS);
    g_assert_cmpint(hcall_rets(guest.qts, rets, H_XIRR), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, 0xff000000 | IRQ_EPOW);

    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, 0);
    g_assert_cmpint(hcall(guest.qts, H_EOI, 0xff000000 | IRQ_EPOW), ==,
                    H_SUCCESS);
    g_assert_cmpint(hcall_rets(guest.qts, rets, H_XIRR), ==, H_SUCCESS);
    g_assert_cmphex(rets[0] & 0xffffff, ==, 0);
    guest_stop(&guest);
}

/* A clock that is so far ahead can show no time */
static void test_bad_migration(void)
{
    static const uint64_t ahead[] = { 1ull << 60, INT64_MAX, INT64_MIN };
    const char *options = "-machine pseries -nodefaults -m 256";
    g_autofree char *path = spapr_qtest_save(qtest_init(options));
    g_autofree char *state = NULL;
    size_t len, size;
    char *at;

    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    at = spapr_qtest_section(state, len, "spapr-rtc", &size);
    for (int i = 0; i < ARRAY_SIZE(ahead); i++) {
        spapr_qtest_number_refused(options, path, state, len, at, ahead[i], 8,
                                   "spapr-rtc");
    }
    unlink(path);
}

/* A machine that has refused a state may go on with its own */
static void test_after_bad_migration(void)
{
    const char *options = "-machine pseries,firmware=vof -nodefaults -m 256 "
        RTC_OPTIONS;
    g_autofree char *path = spapr_qtest_save(qtest_init(options));
    g_autofree char *state = NULL;
    g_autofree void *fdt = NULL;
    uint32_t rets[8];
    Guest guest;
    size_t len, size;
    char *at;

    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    /* How many events wait, which is more than there is room for */
    at = spapr_qtest_section(state, len, "spapr-events", &size);
    guest.qts = spapr_qtest_after_refusal(options, path, state, len, at,
                                          0x10000, 4);
    guest.fdt = spapr_qtest_fdt(guest.qts);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, NO_EVENT);
    powerdown(&guest);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, 0);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, NO_EVENT);
    guest_stop(&guest);

    at = spapr_qtest_section(state, len, "spapr-rtc", &size);
    guest.qts = spapr_qtest_after_refusal(options, path, state, len, at,
                                          1ULL << 62, 8);
    guest.fdt = spapr_qtest_fdt(guest.qts);
    g_assert_cmpint(call(&guest, "get-time-of-day", 0, NULL, 8, rets), ==, 0);
    g_assert_cmpuint(rets[1], ==, 2024);
    guest_stop(&guest);
    unlink(path);
}

/* The clock's setting and the events that wait go along */
static void test_migration(void)
{
    const char *options = "-machine firmware=vof " RTC_OPTIONS;
    Guest guest = guest_start(RTC_OPTIONS);
    SpaprRtasGuest moved;

    qtest_clock_set(guest.qts, 250000000);
    g_assert_cmpint(status(&guest, "set-time-of-day",
                           2001, 2, 3, 4, 5, 6, 7), ==, 0);
    powerdown(&guest);
    powerdown(&guest);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, 0);

    moved = (SpaprRtasGuest) { .qts = guest.qts, .fdt = guest.fdt };
    spapr_rtas_guest_migrate(&moved, options);
    guest.qts = moved.qts;
    /* qtest's own clock does not migrate */
    qtest_clock_set(guest.qts, 250000000);
    check_time(&guest, 2001, 2, 3, 4, 5, 6, 7);
    g_assert_cmpuint(epow_sensor(&guest), ==, 3);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, 0);
    g_assert_cmpuint(log_number(&guest), ==, 2);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, NO_EVENT);
    powerdown(&guest);
    g_assert_cmpint(check_epow(&guest, 0, LOG_MAX), ==, 0);
    g_assert_cmpuint(log_number(&guest), ==, 3);
    guest_stop(&guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-rtas/tokens", test_tokens);
    qtest_add_func("spapr-rtas/unknown-token", test_unknown_token);
    qtest_add_func("spapr-rtas/wrong-counts", test_wrong_counts);
    qtest_add_func("spapr-rtas/huge-counts", test_huge_counts);
    qtest_add_func("spapr-rtas/no-status", test_no_status);
    qtest_add_func("spapr-rtas/end-of-ram", test_end_of_ram);
    qtest_add_func("spapr-rtas/outside-ram", test_outside_ram);
    qtest_add_func("spapr-rtas/unaligned", test_unaligned);

    qtest_add_func("spapr-rtas/clock/get", test_get_time);
    qtest_add_func("spapr-rtas/clock/set", test_set_time);
    qtest_add_func("spapr-rtas/clock/reset", test_time_over_reset);
    qtest_add_func("spapr-rtas/clock/bad", test_set_time_bad);

    qtest_add_func("spapr-rtas/power/off", test_power_off);
    qtest_add_func("spapr-rtas/power/level", test_power_level);
    qtest_add_func("spapr-rtas/power/reboot", test_system_reboot);
    qtest_add_func("spapr-rtas/quiesce", test_quiesce);
    qtest_add_func("spapr-rtas/display", test_display_character);
    qtest_add_func("spapr-rtas/display-nowhere", test_display_nowhere);

    qtest_add_func("spapr-rtas/parameter/get", test_get_parameter);
    qtest_add_func("spapr-rtas/parameter/missing", test_get_parameter_missing);
    qtest_add_func("spapr-rtas/parameter/short", test_get_parameter_short);
    qtest_add_func("spapr-rtas/parameter/no-memory",
                   test_get_parameter_no_memory);
    qtest_add_func("spapr-rtas/parameter/set", test_set_parameter);

    qtest_add_func("spapr-rtas/event/none", test_no_events);
    qtest_add_func("spapr-rtas/event/log", test_epow_log);
    qtest_add_func("spapr-rtas/event/selection", test_epow_selection);
    qtest_add_func("spapr-rtas/event/short", test_epow_short);
    qtest_add_func("spapr-rtas/event/no-memory", test_epow_no_memory);
    qtest_add_func("spapr-rtas/event/queue", test_epow_queue);
    qtest_add_func("spapr-rtas/event/reset", test_epow_reset);
    qtest_add_func("spapr-rtas/event/sensor-missing", test_sensor_missing);
    qtest_add_func("spapr-rtas/event/sources", test_event_sources);
    qtest_add_func("spapr-rtas/event/interrupt", test_epow_interrupt);
    qtest_add_func("spapr-rtas/migration", test_migration);
    qtest_add_func("spapr-rtas/bad-migration", test_bad_migration);
    qtest_add_func("spapr-rtas/after-bad-migration", test_after_bad_migration);

    return g_test_run();
}
