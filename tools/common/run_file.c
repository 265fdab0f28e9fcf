/* run.json is JSON, which is YAML, which libfyaml reads; the lock is one of fcntl, which names its holder. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/run_file.h"

#include "tools/common/files.h"
#include "tools/common/json_text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libfyaml.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char lock_name[] = "run.lock";
static const char run_name[] = "run.json";

int run_lock(const char *data_dir)
{
    char path[FILE_PATH_SIZE];
    int code = file_path(data_dir, lock_name, path);
    if (code != 0)
        return code;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* stays open: closing it would give the lock back */
    if (fd < 0)
        return error_set(ERROR_SYSTEM, "open %s: %s", path, strerror(errno));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &lock) == 0)
        return 0;
    (void)close(fd);
    int pid = 0;
    if (run_lock_holder(data_dir, &pid) != 0)
        return error_set(ERROR_EXISTS, "%s is in use by another run", data_dir);
    return error_set(ERROR_EXISTS, "%s is in use by another run, process %d", data_dir, pid);
}

int run_lock_holder(const char *data_dir, int *pid)
{
    char path[FILE_PATH_SIZE];
    int code = file_path(data_dir, lock_name, path);
    if (code != 0)
        return code;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(ERROR_MISSING, "nothing runs in %s", data_dir);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    int asked = fcntl(fd, F_GETLK, &lock);
    (void)close(fd);
    if (asked != 0 || lock.l_type == F_UNLCK)
        return error_set(ERROR_MISSING, "nothing runs in %s", data_dir);
    *pid = lock.l_pid;
    return 0;
}

static void print_run(FILE *out, const struct run_file *run)
{
    fprintf(out, "{\"pid\": %d, \"speed\": %" PRId64 ", \"started_ms\": %" PRId64 ", \"url\": ", run->pid, run->speed,
            run->started_ms);
    json_text_print(out, run->url);
    fputs(", \"market\": ", out);
    json_text_print(out, run->market);
    fputs(", \"processes\": [", out);
    for (int i = 0; i < run->process_count; i++) {
        const struct run_process *process = &run->processes[i];
        fprintf(out,
                "%s\n{\"name\": \"%s\", \"role\": \"%s\", \"pid\": %d, \"health_port\": %d, \"restarts\": %d, "
                "\"started_ms\": %" PRId64 ", \"silent_ms\": %" PRId64 "}",
                i > 0 ? "," : "", process->name, process->role, process->pid, process->health_port, process->restarts,
                process->started_ms, process->silent_ms);
    }
    fputs("]}", out);
}

int run_file_write(const char *data_dir, const struct run_file *run)
{
    char path[FILE_PATH_SIZE];
    char *text = NULL;
    size_t size = 0;
    int code = file_path(data_dir, run_name, path);
    if (code != 0)
        return code;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return error_set(ERROR_MEMORY, "no memory to write %s", path);
    print_run(out, run);
    if (fclose(out) != 0)
        code = error_set(ERROR_MEMORY, "no memory to write %s", path);
    if (code == 0)
        code = file_write(path, text, size);
    free(text);
    return code;
}

static bool read_text(struct fy_node *node, const char *key, char *out, size_t capacity)
{
    size_t length = 0;
    const char *text = fy_node_get_scalar(fy_node_mapping_lookup_by_string(node, key, FY_NT), &length);
    if (text == NULL || length >= capacity)
        return false;
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

static bool read_number(struct fy_node *node, const char *key, int64_t *out)
{
    char text[24], *end;
    if (!read_text(node, key, text, sizeof text))
        return false;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0';
}

static bool read_int(struct fy_node *node, const char *key, int *out)
{
    int64_t number;
    if (!read_number(node, key, &number) || number < 0 || number > INT32_MAX)
        return false;
    *out = (int)number;
    return true;
}

static bool read_process(struct fy_node *node, struct run_process *out)
{
    return read_text(node, "name", out->name, sizeof out->name) &&
           read_text(node, "role", out->role, sizeof out->role) && read_int(node, "pid", &out->pid) &&
           read_int(node, "health_port", &out->health_port) && read_int(node, "restarts", &out->restarts) &&
           read_number(node, "started_ms", &out->started_ms) && read_number(node, "silent_ms", &out->silent_ms);
}

static bool read_run(struct fy_node *root, struct run_file *out)
{
    if (root == NULL || !read_int(root, "pid", &out->pid) || !read_number(root, "speed", &out->speed) ||
        !read_number(root, "started_ms", &out->started_ms) || !read_text(root, "url", out->url, sizeof out->url) ||
        !read_text(root, "market", out->market, sizeof out->market))
        return false;
    struct fy_node *rows = fy_node_mapping_lookup_by_string(root, "processes", FY_NT);
    int count = fy_node_sequence_item_count(rows);
    if (count < 0 || count > RUN_PROCESSES_MAX)
        return false;
    for (out->process_count = 0; out->process_count < count; out->process_count++)
        if (!read_process(fy_node_sequence_get_by_index(rows, out->process_count),
                          &out->processes[out->process_count]))
            return false;
    return true;
}

/* The document without a word about what is wrong with it; NULL if it is none. */
static struct fy_document *open_document(const char *path)
{
    struct fy_diag_cfg diagnostics;
    fy_diag_cfg_default(&diagnostics);
    diagnostics.fp = fopen("/dev/null", "we");
    if (diagnostics.fp == NULL)
        return NULL;
    struct fy_diag *diag = fy_diag_create(&diagnostics);
    struct fy_parse_cfg parse = {.diag = diag};
    struct fy_document *document = fy_document_build_from_file(&parse, path);
    fy_diag_destroy(diag);
    (void)fclose(diagnostics.fp);
    return document;
}

int run_file_read(const char *data_dir, struct run_file *out)
{
    char path[FILE_PATH_SIZE];
    int code = file_path(data_dir, run_name, path);
    if (code != 0)
        return code;
    if (access(path, F_OK) != 0)
        return error_set(ERROR_MISSING, "there is no %s", path);
    struct fy_document *document = open_document(path);
    struct run_file *run = calloc(1, sizeof *run);
    if (document == NULL || run == NULL || !read_run(fy_document_root(document), run))
        code = error_set(ERROR_SYNTAX, "%s is not what `wick up` writes", path);
    else
        *out = *run;
    free(run);
    fy_document_destroy(document);
    return code;
}

void run_file_remove(const char *data_dir)
{
    char path[FILE_PATH_SIZE];
    if (file_path(data_dir, run_name, path) == 0)
        (void)unlink(path);
}
