/* The libc functions that stand before the devices. Everything else goes to the kernel as it is,
 * by system call, so that no symbol has to be looked up. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "shim.h"

struct descriptor descriptors[MAX_DESCRIPTORS];
const char *standin, *state, *provider, *seen_at;
char kept_at[PATH_MAX];

int fail(int error) {
    errno = error;
    return -1;
}

static char *copy_of(const char *name) {
    const char *value = getenv(name);
    return value ? strdup(value) : NULL; /* the process may change its environment */
}

static int is(const char *name) { return standin && strcmp(standin, name) == 0; }

__attribute__((constructor)) static void read_environment(void) {
    standin = copy_of("RINGTAW_STANDIN");
    state = copy_of("RINGTAW_STANDIN_STATE");
    provider = copy_of("RINGTAW_STANDIN_QUOTES");
    if (is("gramine"))
        seen_at = "/dev/attestation";
    if (is("tdx"))
        seen_at = "/sys/kernel/config/tsm/report";
    if (seen_at && state)
        snprintf(kept_at, sizeof kept_at, "%s%s", state, is("tdx") ? "/report" : "");
}

static enum device device_of(int fd) {
    return fd >= 0 && fd < MAX_DESCRIPTORS ? descriptors[fd].device : DEVICE_NONE;
}

/* Whether `path` is a pseudo-file's; `found` is then where the stand-in keeps it. */
static int is_ours(int directory, const char *path, char *found) {
    return seen_at && path && find(directory, path, found, PATH_MAX);
}

int uname(struct utsname *name) {
    int result = (int)syscall(SYS_uname, name);
    if (result == 0 && is("gramine")) {
        strcpy(name->sysname, "Linux");
        strcpy(name->nodename, "(none)");
        strcpy(name->release, "3.10.0");
        strcpy(name->version, "1");
        strcpy(name->machine, "x86_64");
    } else if (result == 0 && is("occlum")) {
        strcpy(name->sysname, "Occlum");
        strcpy(name->nodename, "occlum-node");
        strcpy(name->release, "0.1");
        strcpy(name->version, "0.1");
        strcpy(name->machine, "x86_64");
    }
    return result;
}

/* --- open ------------------------------------------------------------------------------------ */

static int open_any(int directory, const char *path, int flags, mode_t mode) {
    char found[PATH_MAX];
    int fd;
    if (is_ours(directory, path, found))
        fd = is("tdx") ? tdx_open(found, flags) : gramine_open(found, flags);
    else if (is("occlum") && path && strcmp(path, "/dev/sgx") == 0)
        fd = occlum_open(flags);
    else {
        fd = (int)syscall(SYS_openat, directory, path, flags, mode);
        if (fd >= 0 && fd < MAX_DESCRIPTORS)
            descriptors[fd].device = DEVICE_NONE;
    }
    return fd;
}

#define MODE_AFTER(last)                                                                           \
    mode_t mode = 0;                                                                               \
    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {                                          \
        va_list rest;                                                                              \
        va_start(rest, last);                                                                      \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
    }

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        MODE_AFTER(flags)                                                                          \
        return open_any(AT_FDCWD, path, flags, mode);                                              \
    }
#define OPENAT(name)                                                                               \
    int name(int directory, const char *path, int flags, ...) {                                    \
        MODE_AFTER(flags)                                                                          \
        return open_any(directory, path, flags, mode);                                             \
    }
OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)
OPENAT(openat)
OPENAT(openat64)
OPENAT(__openat_2)
OPENAT(__openat64_2)

/* --- on descriptors -------------------------------------------------------------------------- */

int close(int fd) {
    if (device_of(fd) == DEVICE_TDX)
        tdx_close(fd);
    if (device_of(fd) != DEVICE_NONE)
        descriptors[fd].device = DEVICE_NONE;
    return (int)syscall(SYS_close, fd);
}

ssize_t read(int fd, void *data, size_t size) {
    if (device_of(fd) == DEVICE_TDX)
        return tdx_read(fd, data, size);
    return syscall(SYS_read, fd, data, size);
}

ssize_t write(int fd, const void *data, size_t size) {
    if (device_of(fd) == DEVICE_GRAMINE)
        return gramine_write(fd, data, size);
    if (device_of(fd) == DEVICE_TDX)
        return tdx_write(fd, data, size);
    return syscall(SYS_write, fd, data, size);
}

int fsync(int fd) {
    return device_of(fd) == DEVICE_GRAMINE ? fail(ENOSYS) : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return device_of(fd) == DEVICE_GRAMINE ? fail(ENOSYS) : (int)syscall(SYS_fdatasync, fd);
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (device_of(fd) == DEVICE_OCCLUM)
        return occlum_ioctl(request, argument);
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

/* --- on paths -------------------------------------------------------------------------------- */

static int stat_any(int directory, const char *path, struct stat *result, int flags) {
    char found[PATH_MAX];
    int ours = is_ours(directory, path, found);
    if (ours)
        path = found;
    int status = (int)syscall(SYS_newfstatat, directory, path, result, flags);
    /* Pseudo-files have no size. */
    if (status == 0 && (ours || ((flags & AT_EMPTY_PATH) && device_of(directory))))
        result->st_size = 0;
    return status;
}

#define AS_STAT(buffer) ((struct stat *)(void *)(buffer))
int stat(const char *p, struct stat *s) { return stat_any(AT_FDCWD, p, s, 0); }
int stat64(const char *p, struct stat64 *s) { return stat_any(AT_FDCWD, p, AS_STAT(s), 0); }
int lstat(const char *p, struct stat *s) { return stat_any(AT_FDCWD, p, s, AT_SYMLINK_NOFOLLOW); }
int lstat64(const char *p, struct stat64 *s) {
    return stat_any(AT_FDCWD, p, AS_STAT(s), AT_SYMLINK_NOFOLLOW);
}
int fstatat(int d, const char *p, struct stat *s, int f) { return stat_any(d, p, s, f); }
int fstatat64(int d, const char *p, struct stat64 *s, int f) {
    return stat_any(d, p, AS_STAT(s), f);
}
int fstat(int fd, struct stat *s) { return stat_any(fd, "", s, AT_EMPTY_PATH); }
int fstat64(int fd, struct stat64 *s) { return stat_any(fd, "", AS_STAT(s), AT_EMPTY_PATH); }
/* What programs built for a glibc before 2.33 call instead. */
int __xstat64(int v, const char *p, struct stat64 *s) { (void)v; return stat64(p, s); }
int __lxstat64(int v, const char *p, struct stat64 *s) { (void)v; return lstat64(p, s); }
int __fxstat64(int v, int fd, struct stat64 *s) { (void)v; return fstat64(fd, s); }
int __fxstatat64(int v, int d, const char *p, struct stat64 *s, int f) {
    (void)v;
    return fstatat64(d, p, s, f);
}

int faccessat(int directory, const char *path, int mode, int flags) {
    char found[PATH_MAX];
    if (is_ours(directory, path, found))
        path = found;
    if (flags == 0)
        return (int)syscall(SYS_faccessat, directory, path, mode);
    return (int)syscall(SYS_faccessat2, directory, path, mode, flags);
}

int access(const char *path, int mode) { return faccessat(AT_FDCWD, path, mode, 0); }

int mkdirat(int directory, const char *path, mode_t mode) {
    char found[PATH_MAX];
    if (is_ours(directory, path, found))
        return is("tdx") ? tdx_mkdir(found) : gramine_mkdir(found);
    return (int)syscall(SYS_mkdirat, directory, path, mode);
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int unlinkat(int directory, const char *path, int flags) {
    char found[PATH_MAX];
    if (is_ours(directory, path, found) && is("tdx"))
        return flags & AT_REMOVEDIR ? tdx_rmdir(found) : fail(EPERM);
    if (is_ours(directory, path, found))
        return fail(EACCES);
    return (int)syscall(SYS_unlinkat, directory, path, flags);
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int renameat2(int from, const char *old, int to, const char *new, unsigned int flags) {
    char found[PATH_MAX];
    if (is_ours(from, old, found))
        return fail(EPERM);
    if (is_ours(to, new, found))
        return fail(EXDEV);
    return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

int renameat(int from, const char *old, int to, const char *new) {
    return renameat2(from, old, to, new, 0);
}

int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }
