/* Asks the test for a quote. Request: one letter, S for the size of a quote or Q for a quote, and 64
 * bytes of report data. Answer: u32 errno or 0, u32 size, and for Q that many bytes. Host order. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "shim.h"

static int dial(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!provider || strlen(provider) >= sizeof address.sun_path)
        abort();
    strcpy(address.sun_path, provider);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        abort();
    return fd;
}

static void receive(int fd, void *data, size_t size) {
    if (recv(fd, data, size, MSG_WAITALL) != (ssize_t)size)
        abort();
}

static int ask(char kind, const uint8_t *report_data, uint8_t *quote, size_t room, uint32_t *size) {
    uint8_t request[1 + REPORT_DATA_SIZE] = {(uint8_t)kind};
    uint32_t answer[2]; /* errno, size */
    if (report_data)
        memcpy(request + 1, report_data, REPORT_DATA_SIZE);
    int fd = dial();
    if (send(fd, request, sizeof request, MSG_NOSIGNAL) != (ssize_t)sizeof request)
        abort();
    receive(fd, answer, sizeof answer);
    if (answer[0] == 0 && quote && answer[1] > room)
        abort(); /* a test that promises less than it gives */
    if (answer[0] == 0 && quote && answer[1] > 0)
        receive(fd, quote, answer[1]);
    syscall(SYS_close, fd);
    *size = answer[1];
    return (int)answer[0];
}

int quote_size(uint32_t *size) { return ask('S', NULL, NULL, 0, size); }

int make_quote(const uint8_t report_data[REPORT_DATA_SIZE], uint8_t *quote, size_t room,
               size_t *size) {
    uint32_t made = 0;
    int error = ask('Q', report_data, quote, room, &made);
    *size = made;
    return error;
}
