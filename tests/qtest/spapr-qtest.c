/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the suites of the sPAPR board have in common
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"
#include <libfdt.h>
#include <sys/ioctl.h>

/* token, nargs, nret */
#define RTAS_HEADER_CELLS   3

/* Cells behind the return cells that must stay as they are */
#define RTAS_CANARY_CELLS   4
#define RTAS_CANARY         0xdeadc0deu

/* Longer than any machine here takes to start or to migrate */

static uint64_t parse_u64(const char *word)
{
    uint64_t value;

    g_assert_nonnull(word);
    g_assert_cmpint(qemu_strtou64(word, NULL, 16, &value), ==, 0);
    return value;
}

int64_t spapr_qtest_hcall(QTestState *qts, unsigned cpu, uint64_t token,
                          const uint64_t *args, unsigned nargs, uint64_t *rets)
{
    g_autoptr(GString) words = g_string_new(NULL);
    g_auto(GStrv) reply = NULL;

    for (unsigned i = 0; i < nargs; i++) {
        g_string_append_printf(words, " 0x%" PRIx64, args[i]);
    }
    reply = qtest_command(qts, "hcall %u 0x%" PRIx64 "%s", cpu, token,
                          words->str);
    g_assert_cmpstr(reply[0], ==, "OK");
    g_assert_cmpuint(g_strv_length(reply), ==, 2 + SPAPR_QTEST_REGS);
    for (unsigned i = 0; rets && i < SPAPR_QTEST_REGS; i++) {
        rets[i] = parse_u64(reply[2 + i]);
    }
    return parse_u64(reply[1]);
}

uint64_t spapr_qtest_register(QTestState *qts, unsigned cpu, const char *name)
{
    g_autofree char *command = g_strdup_printf("print/x $%s", name);
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'human-monitor-command',"
                             "  'arguments': { 'command-line': %s,"
                             "                 'cpu-index': %u } }",
                             command, cpu);
    const char *digits = qdict_get_str(reply, "return");
    char *end;
    uint64_t value = g_ascii_strtoull(digits, &end, 16);

    g_assert_true(end > digits && (*end == '\r' || *end == '\n'));
    qobject_unref(reply);
    return value;
}

void *spapr_qtest_fdt(QTestState *qts)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    QDict *reply;
    char *fdt;
    gsize size;
    int fd = g_file_open_tmp("spapr-qtest-XXXXXX", &path, &error);

    g_assert_no_error(error);
    close(fd);
    reply = qtest_qmp(qts, "{ 'execute': 'dumpdtb',"
                           "  'arguments': { 'filename': %s } }", path);
    g_assert_true(qdict_haskey(reply, "return"));
    qobject_unref(reply);
    g_file_get_contents(path, &fdt, &size, &error);
    g_assert_no_error(error);
    unlink(path);
    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    return fdt;
}

uint32_t spapr_qtest_rtas_token(const void *fdt, const char *name)
{
    int len;
    const void *token = fdt_getprop(fdt, fdt_path_offset(fdt, "/rtas"), name,
                                    &len);

    g_assert_nonnull(token);
    g_assert_cmpint(len, ==, sizeof(uint32_t));
    return ldl_be_p(token);
}

int32_t spapr_qtest_rtas(QTestState *qts, uint64_t buf, uint32_t token,
                         unsigned nargs, const uint32_t *args,
                         unsigned nret, uint32_t *rets)
{
    unsigned first_ret = RTAS_HEADER_CELLS + nargs;
    unsigned used = first_ret + nret;
    unsigned total = used + RTAS_CANARY_CELLS;
    g_autofree uint32_t *cells = g_new(uint32_t, total);
    g_autofree uint32_t *after = g_new(uint32_t, total);

    cells[0] = cpu_to_be32(token);
    cells[1] = cpu_to_be32(nargs);
    cells[2] = cpu_to_be32(nret);
    for (unsigned i = 0; i < nargs; i++) {
        cells[RTAS_HEADER_CELLS + i] = cpu_to_be32(args[i]);
    }
    for (unsigned i = first_ret; i < total; i++) {
        cells[i] = cpu_to_be32(RTAS_CANARY);
    }
    qtest_memwrite(qts, buf, cells, total * sizeof(*cells));

    g_assert_cmpint(hcall(qts, H_PRIVATE_RTAS, buf), ==, H_SUCCESS);

    qtest_memread(qts, buf, after, total * sizeof(*after));
    g_assert_cmpmem(after, first_ret * sizeof(*after),
                    cells, first_ret * sizeof(*cells));
    g_assert_cmpmem(after + used, RTAS_CANARY_CELLS * sizeof(*after),
                    cells + used, RTAS_CANARY_CELLS * sizeof(*cells));
    for (unsigned i = 0; i < nret; i++) {
        rets[i] = be32_to_cpu(after[first_ret + i]);
    }
    return nret ? rets[0] : 0;
}

void spapr_qtest_await_migration(QTestState *qts, const char *goal)
{
    static const char *const ends[] = { "completed", "failed", "cancelled" };
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;

    for (;;) {
        QDict *reply = qtest_qmp_assert_success_ref(
            qts, "{ 'execute': 'query-migrate' }");
        const char *status = qdict_get_try_str(reply, "status") ?: "";
        bool reached = g_str_equal(status, goal);

        for (int i = 0; !reached && i < G_N_ELEMENTS(ends); i++) {
            g_assert_cmpstr(status, !=, ends[i]);
        }
        qobject_unref(reply);
        if (reached) {
            return;
        }
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(1000);
    }
}

void spapr_qtest_await_taken(int fd)
{
    gint64 end = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
    int left;

    for (;;) {
        g_assert_cmpint(ioctl(fd, TIOCOUTQ, &left), ==, 0);
        if (!left) {
            return;
        }
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

char *spapr_qtest_save(QTestState *qts)
{
    g_autofree char *uri = NULL;
    g_autoptr(GError) error = NULL;
    char *path;
    int fd = g_file_open_tmp("spapr-qtest-XXXXXX", &path, &error);

    g_assert_no_error(error);
    close(fd);
    uri = g_strdup_printf("file:%s", path);
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", uri);
    spapr_qtest_await_migration(qts, "completed");
    qtest_quit(qts);
    return path;
}

void spapr_qtest_load(QTestState *qts, const char *path)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);

    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-incoming', "
                             "'arguments': { 'uri': %s } }", uri);
    spapr_qtest_await_migration(qts, "completed");
}

void spapr_qtest_load_fails(QTestState *qts, const char *path)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);

    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-incoming', "
                             "'arguments': { 'uri': %s, "
                             "'exit-on-error': false } }", uri);
    spapr_qtest_await_migration(qts, "failed");
}

/*
 * What a child says until it ends, which it must: QEMU sees to it that no alarm
 * ends it
 */
static GString *read_to_end(int fd, GPid pid)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
    GString *text = g_string_new(NULL);
    GPollFD poll = { .fd = fd, .events = G_IO_IN | G_IO_HUP };
    char data[512];
    ssize_t n;

    do {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;

        if (left < 0 || !g_poll(&poll, 1, left)) {
            kill(pid, SIGKILL);
            g_error("it should have ended: %s", text->str);
        }
        n = read(fd, data, sizeof(data));
        g_assert_cmpint(n, >=, 0);
        g_string_append_len(text, data, n);
    } while (n);
    return text;
}

char *spapr_qtest_fail(const char *options)
{
    g_autofree char *line = g_strdup_printf(
        "%s -machine pseries -machine accel=tcg -nodefaults -display none -S "
        "%s", getenv("QTEST_QEMU_BINARY"), options);
    g_auto(GStrv) argv = NULL;
    g_autoptr(GError) error = NULL;
    GString *errors;
    GPid pid;
    int fd, status;

    g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
    g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL |
                             G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                             NULL, &fd, &error);
    g_assert_no_error(error);
    errors = read_to_end(fd, pid);
    close(fd);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    return g_string_free(errors, false);
}

void spapr_qtest_state_refused(const char *options, const char *path,
                               const char *state, size_t len,
                               const char *word)
{
    g_autofree char *more = g_strdup_printf("%s -incoming file:%s", options,
                                            path);
    g_autofree char *errors = NULL;
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, state, len, &error);
    g_assert_no_error(error);
    errors = spapr_qtest_fail(more);
    g_assert_nonnull(strstr(errors, word));
}

/* A section: type, number, name, instance and version; then a footer */
char *spapr_qtest_section(char *state, size_t len, const char *name,
                          size_t *size)
{
    g_autofree char *key = g_strdup_printf("%c%s", (int)strlen(name), name);
    char *at = memmem(state, len, key, strlen(key));
    char footer[5] = { 0x7e };
    char *end;

    g_assert_nonnull(at);
    memcpy(footer + 1, at - 4, 4);
    at += strlen(key) + 8;
    end = memmem(at, state + len - at, footer, sizeof(footer));
    g_assert_nonnull(end);
    *size = end - at;
    return at;
}

void spapr_qtest_number_refused(const char *options, const char *path,
                                char *state, size_t len, char *at,
                                uint64_t value, size_t size, const char *word)
{
    uint64_t before = ldn_be_p(at, size);

    stn_be_p(at, size, value);
    spapr_qtest_state_refused(options, path, state, len, word);
    stn_be_p(at, size, before);
}

QTestState *spapr_qtest_after_refusal(const char *options, const char *path,
                                      char *state, size_t len, char *at,
                                      uint64_t value, size_t size)
{
    QTestState *qts = qtest_initf("%s -incoming defer", options);
    uint64_t before = ldn_be_p(at, size);

    stn_be_p(at, size, value);
    g_assert_true(g_file_set_contents(path, state, len, NULL));
    stn_be_p(at, size, before);
    spapr_qtest_load_fails(qts, path);
    return qts;
}

void spapr_qtest_refused(const char *options, const char *which,
                         const char *why)
{
    g_autofree char *errors = spapr_qtest_fail(options);

    g_assert_nonnull(strstr(errors, which));
    g_assert_nonnull(strstr(errors, why));
    g_assert_cmpstr(strchr(errors, '\n'), ==, "\n");
}

SpaprRtasGuest spapr_rtas_guest_start(const char *options)
{
    SpaprRtasGuest guest;

    guest.qts = qtest_initf("-machine pseries -nodefaults -m 256 %s", options);
    guest.fdt = spapr_qtest_fdt(guest.qts);
    return guest;
}

void spapr_rtas_guest_stop(SpaprRtasGuest *guest)
{
    g_free(guest->fdt);
    qtest_quit(guest->qts);
}

void spapr_rtas_guest_migrate(SpaprRtasGuest *guest, const char *options)
{
    g_autofree char *path = spapr_qtest_save(guest->qts);

    guest->qts = qtest_initf("-machine pseries -nodefaults -m 256 %s "
                             "-incoming defer", options);
    spapr_qtest_load(guest->qts, path);
    unlink(path);
}

int32_t spapr_rtas_guest_call(SpaprRtasGuest *guest, const char *name,
                              unsigned nargs, const uint32_t *args,
                              unsigned nret, uint32_t *rets)
{
    return spapr_qtest_rtas(guest->qts, SPAPR_RTAS_GUEST_ARGS,
                            spapr_qtest_rtas_token(guest->fdt, name),
                            nargs, args, nret, rets);
}

uint32_t spapr_rtas_guest_cell(SpaprRtasGuest *guest, const char *name,
                               unsigned i)
{
    int len;
    const uint32_t *cells = fdt_getprop(guest->fdt,
                                        fdt_path_offset(guest->fdt, "/rtas"),
                                        name, &len);

    g_assert_nonnull(cells);
    g_assert_cmpuint(len, >, i * sizeof(*cells));
    return fdt32_to_cpu(cells[i]);
}

bool spapr_rtas_guest_has(SpaprRtasGuest *guest, const char *name)
{
    return fdt_getprop(guest->fdt, fdt_path_offset(guest->fdt, "/rtas"),
                       name, NULL);
}

uint32_t spapr_rtas_guest_open_errinjct(SpaprRtasGuest *guest)
{
    uint32_t rets[2];

    spapr_rtas_guest_call(guest, "ibm,open-errinjct", 0, NULL, 2, rets);
    g_assert_cmpint((int32_t)rets[1], ==, 0);
    g_assert_cmpuint(rets[0], !=, 0);
    return rets[0];
}

/* From the list of names and tokens */
uint32_t spapr_rtas_guest_errinjct_class(SpaprRtasGuest *guest,
                                         const char *name)
{
    int len;
    const char *list = fdt_getprop(guest->fdt,
                                   fdt_path_offset(guest->fdt, "/rtas"),
                                   "ibm,errinjct-tokens", &len);
    const char *end = list + len;

    g_assert_nonnull(list);
    while (list < end) {
        size_t n = strlen(list) + 1;

        if (g_str_equal(list, name)) {
            return ldl_be_p(list + n);
        }
        list += n + sizeof(uint32_t);
    }
    g_assert_not_reached();
}

void spapr_qtest_untouched(QTestState *qts, uint64_t addr, size_t len)
{
    g_autofree uint8_t *data = g_malloc(len);

    qtest_memread(qts, addr, data, len);
    for (size_t i = 0; i < len; i++) {
        g_assert_cmphex(data[i], ==, 0xa5);
    }
}
