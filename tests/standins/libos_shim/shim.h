/* A platform's devices in front of an unchanged process, by LD_PRELOAD. Linux, glibc.
 *
 * interpose.c   the libc functions a process calls; sends each to a device or to the kernel
 * gramine.c     /dev/attestation as Gramine has it
 * tdx.c         /sys/kernel/config/tsm/report as Linux has it in a TDX guest
 * occlum.c      /dev/sgx as Occlum has it
 * files.c       paths, handles and state of pseudo-files
 * quotes.c      asks the test for quotes, over a UNIX socket
 *
 * Environment:
 *   RINGTAW_STANDIN          "gramine", "occlum" or "tdx": whose uname and device
 *   RINGTAW_STANDIN_STATE    directory that holds the pseudo-files
 *   RINGTAW_STANDIN_QUOTES   path of the UNIX socket that answers for the quoting enclave
 *
 * All of it survives execve with the environment, as the device does on the platform.
 */
#ifndef RINGTAW_SHIM_H
#define RINGTAW_SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Only the libc's names are seen by the process. */
#pragma GCC visibility push(hidden)

#define REPORT_DATA_SIZE 64
#define MAX_QUOTE_SIZE 8192
#define MAX_DESCRIPTORS 1024

/* What a descriptor is, as long as it is open. */
enum device { DEVICE_NONE, DEVICE_GRAMINE, DEVICE_OCCLUM, DEVICE_TDX };

struct descriptor {
    enum device device;
    int used;       /* TDX: the quote was made, or something was written */
    char path[512]; /* of the file in the state directory */
};

extern struct descriptor descriptors[MAX_DESCRIPTORS];
extern const char *standin;  /* "gramine", "occlum", "tdx" or NULL */
extern const char *state;    /* directory */
extern const char *provider; /* socket */
extern const char *seen_at;  /* where the process sees pseudo-files, or NULL */
extern char kept_at[];       /* where they are kept */

/* Sets errno and returns -1. */
int fail(int error);

/* quotes.c: 0, or the errno that the quoting enclave's failure has. */
int quote_size(uint32_t *size);
int make_quote(const uint8_t report_data[REPORT_DATA_SIZE], uint8_t *quote, size_t room,
               size_t *size);

/* files.c */
int find(int directory, const char *path, char *found, size_t room); /* is it a pseudo-file's? */
ssize_t read_state(const char *found, void *data, size_t room);
void write_state(const char *found, const void *data, size_t size);
int check_open(const char *found, int flags, struct stat *file); /* 0, or an errno */
int allowed(mode_t mode, int flags);                             /* 0, or an errno */
int open_handle(enum device device, const char *found, int flags, const uint8_t *content,
                size_t size);

/* gramine.c: `found` is a path in the state directory. */
int gramine_open(const char *found, int flags);
int gramine_mkdir(const char *found);
ssize_t gramine_write(int descriptor, const void *data, size_t size);

/* tdx.c */
int tdx_open(const char *found, int flags);
int tdx_mkdir(const char *found);
int tdx_rmdir(const char *found);
ssize_t tdx_read(int descriptor, void *data, size_t size);
ssize_t tdx_write(int descriptor, const void *data, size_t size);
void tdx_close(int descriptor);

/* occlum.c */
int occlum_open(int flags);
int occlum_ioctl(unsigned long request, void *argument);

#pragma GCC visibility pop

#endif
