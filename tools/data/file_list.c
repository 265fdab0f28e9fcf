/* SPDX-License-Identifier: MIT */
#include "tools/data/file_list.h"

#include "tools/common/array.h"
#include "tools/common/csv.h"
#include "tools/common/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 16 };

static int add_file(struct file_list *list, const char *path, int64_t size)
{
    int code = array_make_room((void **)&list->files, list->count, &list->capacity, sizeof *list->files);
    if (code != 0)
        return code;
    char *copy = strdup(path);
    if (copy == NULL)
        return error_set(ERROR_MEMORY, "no memory for the name of a file");
    list->files[list->count++] = (struct listed_file){.path = copy, .size = size};
    list->size += size;
    return 0;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int compare_entries(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static int add_directory(struct file_list *list, const char *directory, int depth);

static int add_entry(struct file_list *list, const char *directory, const char *name, int depth)
{
    char path[FILE_PATH_SIZE];
    struct stat status;
    int code = file_path(directory, name, path);
    if (code != 0)
        return code;
    if (stat(path, &status) != 0)
        return error_set(ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return add_directory(list, path, depth + 1);
    return csv_name_length(name) > 0 ? add_file(list, path, status.st_size) : 0;
}

static int add_directory(struct file_list *list, const char *directory, int depth)
{
    struct dirent **entries = NULL;
    if (depth > DEPTH_MAX)
        return error_set(ERROR_SYSTEM, "%s: directories are nested too deep", directory);
    int count = scandir(directory, &entries, is_visible, compare_entries);
    if (count < 0)
        return error_set(ERROR_SYSTEM, "%s: %s", directory, strerror(errno));
    int code = 0;
    for (int i = 0; i < count; i++) {
        if (code == 0)
            code = add_entry(list, directory, entries[i]->d_name, depth);
        free(entries[i]);
    }
    free(entries);
    return code;
}

int file_list_add(struct file_list *list, const char *path)
{
    struct stat status;
    size_t before = list->count;
    if (stat(path, &status) != 0)
        return error_set(ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return add_file(list, path, status.st_size);
    int code = add_directory(list, path, 0);
    if (code == 0 && list->count == before)
        return error_set(ERROR_MISSING, "%s: there are no candle files (*.csv, *.csv.gz) in it", path);
    return code;
}

void file_list_release(struct file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->files[i].path);
    free(list->files);
    *list = (struct file_list){0};
}
