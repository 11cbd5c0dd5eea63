/* /dev/attestation as Gramine's pseudo file system has it (libos/src/fs/dev/attestation.c and
 * libos/src/fs/libos_fs_pseudo.c of Gramine 1.9).
 *
 * The state directory holds one file for each pseudo-file, with its mode: what is not there does
 * not exist. A handle is a private copy, taken when the file is opened. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

#define KEY_SIZE 16
#define TARGET_INFO_SIZE 512

static int named(const char *found, const char *name) {
    size_t prefix = strlen(state);
    return found[prefix] == '/' && strcmp(found + prefix + 1, name) == 0;
}

static int is_key(const char *found) { return strncmp(found + strlen(state), "/keys/", 6) == 0; }

/* What a handle holds when it is opened: its size, or -1 and errno. */
static ssize_t load(const char *found, uint8_t *content) {
    if (named(found, "user_report_data") || named(found, "target_info"))
        return 0;
    if (!named(found, "quote"))
        return read_state(found, content, MAX_QUOTE_SIZE);
    char path[PATH_MAX];
    uint8_t report_data[REPORT_DATA_SIZE] = {0};
    size_t size = 0;
    snprintf(path, sizeof path, "%s/user_report_data", state);
    if (read_state(path, report_data, sizeof report_data) < 0 ||
        make_quote(report_data, content, MAX_QUOTE_SIZE, &size) != 0)
        return fail(EACCES); /* whatever went wrong */
    return (ssize_t)size;
}

int gramine_open(const char *found, int flags) {
    struct stat file;
    int error = check_open(found, flags, &file);
    if (!error && S_ISDIR(file.st_mode))
        return (int)syscall(SYS_openat, AT_FDCWD, found, flags, 0);
    if (!error)
        error = allowed(file.st_mode, flags);
    if (error)
        return fail(error);
    uint8_t content[MAX_QUOTE_SIZE];
    ssize_t size = load(found, content);
    return size < 0 ? -1 : open_handle(DEVICE_GRAMINE, found, flags, content, (size_t)size);
}

int gramine_mkdir(const char *found) {
    struct stat file;
    return fail(syscall(SYS_newfstatat, AT_FDCWD, found, &file, 0) == 0 ? EEXIST : EACCES);
}

static void write_padded(const char *found, const void *data, size_t size, size_t capacity) {
    uint8_t value[TARGET_INFO_SIZE] = {0};
    memcpy(value, data, size < capacity ? size : capacity);
    write_state(found, value, capacity);
}

/* Hands the value over: 0, or an errno. */
static int save(const char *found, const void *data, size_t size) {
    if (named(found, "user_report_data"))
        write_padded(found, data, size, REPORT_DATA_SIZE);
    else if (named(found, "target_info"))
        write_padded(found, data, size, TARGET_INFO_SIZE);
    else if (is_key(found) ? size != KEY_SIZE : size != 2 * KEY_SIZE)
        return EACCES; /* the only other writable file is the old protected_files_key, in hex */
    else
        write_state(found, data, size);
    return 0;
}

ssize_t gramine_write(int fd, const void *data, size_t size) {
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return fail(EBADF);
    int error = save(descriptors[fd].path, data, size);
    if (error)
        return fail(error);
    /* Each write replaces what the handle holds, too. */
    ftruncate(fd, 0);
    lseek(fd, 0, SEEK_SET);
    return syscall(SYS_write, fd, data, size);
}
