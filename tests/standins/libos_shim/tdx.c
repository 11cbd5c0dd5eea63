/* /sys/kernel/config/tsm/report as Linux has it in a TDX guest (drivers/virt/coco/guest/report.c,
 * drivers/virt/coco/tdx-guest/tdx-guest.c and fs/configfs/file.c of Linux since 6.16).
 *
 * In the state directory, `provider` is the driver's name with a newline, without which there is
 * no driver, and `report` has a directory for each entry. In that, each file is an attribute, and
 * `made` is the generation that `outblob` was made for. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

#define MAX_OUTBLOB 32768

static const struct attribute {
    const char *name;
    mode_t mode;
} attributes[] = {{"generation", 0444}, {"provider", 0444}, {"inblob", 0200}, {"outblob", 0400}};

static const char *base_name(const char *found) { return strrchr(found, '/') + 1; }

static int named(int fd, const char *name) {
    return strcmp(base_name(descriptors[fd].path), name) == 0;
}

/* The path of another attribute of the same entry. */
static const char *beside(const char *found, const char *name) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/%s", (int)(base_name(found) - 1 - found), found, name);
    return path;
}

static unsigned long number(const char *found, const char *name) {
    char text[32] = "";
    return read_state(beside(found, name), text, sizeof text - 1) > 0 ? strtoul(text, NULL, 10) : 0;
}

static void set_number(const char *found, const char *name, unsigned long value) {
    char text[32];
    write_state(beside(found, name), text, (size_t)snprintf(text, sizeof text, "%lu\n", value));
}

int tdx_mkdir(const char *entry) {
    struct stat directory;
    char name[64], path[PATH_MAX];
    if (base_name(entry) != entry + strlen(kept_at) + 1)
        return fail(EPERM); /* entries have no directories */
    if (stat(kept_at, &directory) == 0 && !(directory.st_mode & S_IWUSR))
        return fail(EACCES);
    snprintf(path, sizeof path, "%s/provider", state);
    ssize_t size = read_state(path, name, sizeof name);
    if (size < 0)
        return fail(ENXIO);
    if (syscall(SYS_mkdirat, AT_FDCWD, entry, 0755) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/attribute", entry);
    write_state(beside(path, "provider"), name, (size_t)size);
    write_state(beside(path, "inblob"), NULL, 0);
    write_state(beside(path, "outblob"), NULL, 0);
    set_number(path, "generation", 0);
    set_number(path, "made", 0);
    return 0;
}

int tdx_rmdir(const char *entry) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/attribute", entry);
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        syscall(SYS_unlinkat, AT_FDCWD, beside(path, attributes[i].name), 0);
    syscall(SYS_unlinkat, AT_FDCWD, beside(path, "made"), 0);
    return (int)syscall(SYS_unlinkat, AT_FDCWD, entry, AT_REMOVEDIR);
}

int tdx_open(const char *found, int flags) {
    struct stat file;
    int error = check_open(found, flags, &file);
    if (error)
        return fail(error);
    if (S_ISDIR(file.st_mode))
        return (int)syscall(SYS_openat, AT_FDCWD, found, flags, 0);
    size_t i = 0;
    while (i < sizeof attributes / sizeof *attributes &&
           strcmp(attributes[i].name, base_name(found)) != 0)
        i++;
    error = i < sizeof attributes / sizeof *attributes ? allowed(attributes[i].mode, flags) : ENOENT;
    if (error)
        return fail(error);
    uint8_t text[64];
    ssize_t size = i < 2 ? read_state(found, text, sizeof text) : 0;
    return open_handle(DEVICE_TDX, found, flags, text, (size_t)size);
}

ssize_t tdx_write(int fd, const void *data, size_t size) {
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return fail(EBADF);
    descriptors[fd].used = 1; /* even if it fails */
    if ((size_t)lseek(fd, 0, SEEK_CUR) + size > REPORT_DATA_SIZE)
        return fail(EFBIG);
    return syscall(SYS_write, fd, data, size);
}

/* What was written counts from here on; whether it could be taken, nobody is told. */
void tdx_close(int fd) {
    uint8_t data[REPORT_DATA_SIZE];
    char path[64];
    const char *found = descriptors[fd].path;
    if (!named(fd, "inblob") || !descriptors[fd].used)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t size = read_state(path, data, sizeof data);
    write_state(found, data, (size_t)size);
    set_number(found, "generation", number(found, "generation") + 1);
}

/* Makes the report unless there is one for this generation: 0, or an errno. */
static int make(const char *found) {
    static uint8_t quote[MAX_OUTBLOB + 1];
    uint8_t data[REPORT_DATA_SIZE];
    size_t size = 0;
    unsigned long generation = number(found, "generation");
    ssize_t given = read_state(beside(found, "inblob"), data, sizeof data);
    if (given != REPORT_DATA_SIZE)
        return given < 0 ? ENOENT : EINVAL;
    if (number(found, "made") == generation)
        return 0;
    int error = make_quote(data, quote, sizeof quote, &size);
    if (error || size > MAX_OUTBLOB)
        return error ? error : EFBIG;
    write_state(found, quote, size);
    set_number(found, "made", generation);
    return 0;
}

ssize_t tdx_read(int fd, void *data, size_t size) {
    static uint8_t quote[MAX_OUTBLOB];
    if (named(fd, "outblob") && !descriptors[fd].used) {
        const char *found = descriptors[fd].path;
        char path[64];
        int error = make(found);
        if (error)
            return fail(error);
        ssize_t made = read_state(found, quote, sizeof quote);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        write_state(path, quote, (size_t)made);
        descriptors[fd].used = 1;
    }
    return syscall(SYS_read, fd, data, size);
}
