/* Pseudo-files: which paths are theirs, what a handle is, where their state is kept. */
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

/* Where relative paths begin; a directory of pseudo-files is open as one in the state directory. */
static int origin(int directory, char *result, size_t room) {
    char link[64], real[PATH_MAX];
    snprintf(link, sizeof link, directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d",
             directory);
    ssize_t size = readlink(link, real, sizeof real - 1);
    if (size < 0)
        return 0;
    real[size] = '\0';
    size_t prefix = strlen(kept_at);
    if (strncmp(real, kept_at, prefix) == 0 && (real[prefix] == '/' || real[prefix] == '\0'))
        return append(result, room, seen_at) && append(result, room, real + prefix);
    return append(result, room, real);
}

int find(int directory, const char *path, char *found, size_t room) {
    char whole[PATH_MAX] = "";
    if (!state || *path == '\0' || (*path != '/' && !origin(directory, whole, sizeof whole)) ||
        !append(whole, sizeof whole, path))
        return 0;
    size_t prefix = strlen(seen_at);
    if (strncmp(whole, seen_at, prefix) != 0 || (whole[prefix] && whole[prefix] != '/'))
        return 0;
    return snprintf(found, room, "%s%s", kept_at, whole + prefix) < (int)room;
}

ssize_t read_state(const char *found, void *data, size_t room) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, found, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    ssize_t size = syscall(SYS_read, fd, data, room);
    syscall(SYS_close, fd);
    return size;
}

void write_state(const char *found, const void *data, size_t size) {
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, found, flags, 0600);
    if (fd < 0 || syscall(SYS_write, fd, data, size) != (long)size)
        abort();
    syscall(SYS_close, fd);
}

int check_open(const char *found, int flags, struct stat *file) {
    if (syscall(SYS_newfstatat, AT_FDCWD, found, file, 0) != 0)
        return errno == ENOENT && (flags & O_CREAT) ? EACCES : errno;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return EEXIST;
    if (S_ISDIR(file->st_mode))
        return (flags & O_ACCMODE) != O_RDONLY ? EISDIR : 0;
    return flags & O_DIRECTORY ? ENOTDIR : 0;
}

int allowed(mode_t mode, int flags) {
    int reads = (flags & O_ACCMODE) != O_WRONLY, writes = (flags & O_ACCMODE) != O_RDONLY;
    return (reads && !(mode & S_IRUSR)) || (writes && !(mode & S_IWUSR)) ? EACCES : 0;
}

int open_handle(enum device device, const char *found, int flags, const uint8_t *content,
                size_t size) {
    int memory = (int)syscall(SYS_memfd_create, "pseudo-file", MFD_CLOEXEC);
    if (memory < 0 || syscall(SYS_write, memory, content, size) != (long)size)
        abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    /* Again, with the access mode asked for. */
    int kept = flags & (O_ACCMODE | O_CLOEXEC | O_TRUNC | O_APPEND);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, kept, 0);
    syscall(SYS_close, memory);
    struct descriptor *opened = &descriptors[fd];
    if (fd < 0 || fd >= MAX_DESCRIPTORS || strlen(found) >= sizeof opened->path)
        abort();
    opened->device = device;
    opened->used = 0;
    strcpy(opened->path, found);
    return fd;
}
