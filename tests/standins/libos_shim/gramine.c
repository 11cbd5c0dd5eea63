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
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

#define DEVICE "/dev/attestation"
#define KEY_SIZE 16
#define TARGET_INFO_SIZE 512

/* Appends the components of `path` to the absolute `result`, without empty ones, "." and "..". */
static int append(char *result, size_t room, const char *path) {
    size_t length = strlen(result);
    while (*path) {
        size_t size = strcspn(path, "/");
        if (size == 2 && path[0] == '.' && path[1] == '.') {
            while (length > 0 && result[--length] != '/') {}
        } else if (size > 0 && !(size == 1 && path[0] == '.')) {
            if (length + 1 + size >= room)
                return 0;
            result[length++] = '/';
            memcpy(result + length, path, size);
            length += size;
        }
        result[length] = '\0';
        path += size + (path[size] == '/');
    }
    return 1;
}

/* Where relative paths begin; a directory of the device is open as one of the state directory. */
static int origin(int directory, char *result, size_t room) {
    char link[64], real[PATH_MAX];
    snprintf(link, sizeof link, directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d",
             directory);
    ssize_t size = readlink(link, real, sizeof real - 1);
    if (size < 0)
        return 0;
    real[size] = '\0';
    size_t prefix = strlen(state);
    if (strncmp(real, state, prefix) == 0 && (real[prefix] == '/' || real[prefix] == '\0'))
        return append(result, room, DEVICE) && append(result, room, real + prefix);
    return append(result, room, real);
}

int gramine_find(int directory, const char *path, char *found, size_t room) {
    char whole[PATH_MAX] = "";
    if (!state || *path == '\0' || (*path != '/' && !origin(directory, whole, sizeof whole)) ||
        !append(whole, sizeof whole, path))
        return 0;
    size_t prefix = strlen(DEVICE);
    if (strncmp(whole, DEVICE, prefix) != 0 || (whole[prefix] && whole[prefix] != '/'))
        return 0;
    return snprintf(found, room, "%s%s", state, whole + prefix) < (int)room;
}

static int named(const char *found, const char *name) {
    size_t prefix = strlen(state);
    return found[prefix] == '/' && strcmp(found + prefix + 1, name) == 0;
}

static int is_key(const char *found) { return strncmp(found + strlen(state), "/keys/", 6) == 0; }

static ssize_t read_state(const char *found, void *data, size_t room) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, found, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    ssize_t size = read(fd, data, room);
    syscall(SYS_close, fd);
    return size;
}

static void write_state(const char *found, const void *data, size_t size) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, found, O_WRONLY | O_TRUNC | O_CLOEXEC, 0);
    if (fd < 0 || syscall(SYS_write, fd, data, size) != (long)size)
        abort();
    syscall(SYS_close, fd);
}

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

static int open_handle(const char *found, int flags, const uint8_t *content, size_t size) {
    int memory = (int)syscall(SYS_memfd_create, "attestation", MFD_CLOEXEC);
    if (memory < 0 || syscall(SYS_write, memory, content, size) != (long)size)
        abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    /* Again, with the access mode asked for. */
    int kept = flags & (O_ACCMODE | O_CLOEXEC | O_TRUNC | O_APPEND);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, kept, 0);
    syscall(SYS_close, memory);
    if (fd < 0 || fd >= MAX_DESCRIPTORS)
        abort();
    descriptors[fd].device = DEVICE_GRAMINE;
    snprintf(descriptors[fd].path, sizeof descriptors[fd].path, "%s", found);
    return fd;
}

int gramine_open(const char *found, int flags) {
    struct stat file;
    if (syscall(SYS_newfstatat, AT_FDCWD, found, &file, 0) != 0)
        return fail(errno == ENOENT && (flags & O_CREAT) ? EACCES : errno);
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return fail(EEXIST);
    int reads = (flags & O_ACCMODE) != O_WRONLY, writes = (flags & O_ACCMODE) != O_RDONLY;
    if (S_ISDIR(file.st_mode))
        return writes ? fail(EISDIR) : (int)syscall(SYS_openat, AT_FDCWD, found, flags, 0);
    if (flags & O_DIRECTORY)
        return fail(ENOTDIR);
    if ((reads && !(file.st_mode & S_IRUSR)) || (writes && !(file.st_mode & S_IWUSR)))
        return fail(EACCES);
    uint8_t content[MAX_QUOTE_SIZE];
    ssize_t size = load(found, content);
    return size < 0 ? -1 : open_handle(found, flags, content, (size_t)size);
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
