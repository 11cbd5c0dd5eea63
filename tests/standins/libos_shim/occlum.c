/* /dev/sgx as Occlum has it, as far as DCAP quotes go (src/libos/src/fs/dev_fs/dev_sgx). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

struct gen_dcap_quote {
    const uint8_t *report_data;
    uint32_t *quote_len; /* in: size of the buffer; out: as much as it may hold */
    uint8_t *quote_buf;
};

#define GET_DCAP_QUOTE_SIZE _IOR('s', 7, uint32_t)
#define GEN_DCAP_QUOTE _IOWR('s', 8, struct gen_dcap_quote)

int occlum_open(int flags) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", flags & ~O_CREAT, 0);
    if (fd < 0 || fd >= MAX_DESCRIPTORS)
        abort();
    descriptors[fd].device = DEVICE_OCCLUM;
    return fd;
}

static int generate(const struct gen_dcap_quote *argument) {
    if (!argument->report_data || !argument->quote_len || !argument->quote_buf)
        return fail(EINVAL);
    uint32_t needed = 0;
    int error = quote_size(&needed);
    if (error || *argument->quote_len < needed)
        return fail(error ? error : EINVAL); /* "provided quote is too small" */
    memset(argument->quote_buf, 0, needed);
    size_t size = 0;
    error = make_quote(argument->report_data, argument->quote_buf, needed, &size);
    if (error)
        return fail(error);
    *argument->quote_len = needed;
    return 0;
}

int occlum_ioctl(unsigned long request, void *argument) {
    if ((uint32_t)request == (uint32_t)GET_DCAP_QUOTE_SIZE) {
        int error = quote_size(argument);
        return error ? fail(error) : 0;
    }
    if ((uint32_t)request == (uint32_t)GEN_DCAP_QUOTE)
        return generate(argument);
    return fail(EINVAL); /* "unknown ioctl" */
}
