/* A libOS's devices in front of an unchanged process, by LD_PRELOAD. Linux, glibc.
 *
 * interpose.c   the libc functions a process calls; sends each to a device or to the kernel
 * gramine.c     /dev/attestation as Gramine has it
 * occlum.c      /dev/sgx as Occlum has it
 * quotes.c      asks the test for quotes, over a UNIX socket
 *
 * Environment:
 *   RINGTAW_STANDIN          "gramine" or "occlum": whose uname and device
 *   RINGTAW_STANDIN_STATE    directory that holds the files of /dev/attestation, with their modes
 *   RINGTAW_STANDIN_QUOTES   path of the UNIX socket that answers for the quoting enclave
 *
 * All of it survives execve with the environment, as the device does in the libOS.
 */
#ifndef RINGTAW_SHIM_H
#define RINGTAW_SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define REPORT_DATA_SIZE 64
#define MAX_QUOTE_SIZE 8192
#define MAX_DESCRIPTORS 1024

/* What a descriptor is, as long as it is open. */
enum device { DEVICE_NONE, DEVICE_GRAMINE, DEVICE_OCCLUM };

struct descriptor {
    enum device device;
    char path[256]; /* of the file in the state directory */
};

extern struct descriptor descriptors[MAX_DESCRIPTORS];
extern const char *standin;   /* "gramine", "occlum" or NULL */
extern const char *state;     /* directory */
extern const char *provider;  /* socket */

/* Sets errno and returns -1. */
int fail(int error);

/* quotes.c: 0, or the errno that the quoting enclave's failure has. */
int quote_size(uint32_t *size);
int make_quote(const uint8_t report_data[REPORT_DATA_SIZE], uint8_t *quote, size_t room,
               size_t *size);

/* gramine.c: `found` is a path in the state directory. */
int gramine_find(int directory, const char *path, char *found, size_t room);
int gramine_open(const char *found, int flags);
int gramine_mkdir(const char *found);
ssize_t gramine_write(int descriptor, const void *data, size_t size);

/* occlum.c */
int occlum_open(int flags);
int occlum_ioctl(unsigned long request, void *argument);

#endif
