/* The application: knows nothing of enclaves or Coordinators. It tells what it was given, and never
 * the secret itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char CERTIFICATE[] = "/secrets/certificate.pem";
static const char KEY[] = "/secrets/api-key";

static int fail(const char *path) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return 1;
}

int main(int argc, char **argv) {
    const char *greeting = getenv("GREETING");
    printf("%s,", greeting ? greeting : "No greeting");
    for (int i = 1; i < argc; i++)
        printf(" %s", argv[i]);
    putchar('\n');

    char line[128];
    FILE *certificate = fopen(CERTIFICATE, "r");
    if (!certificate || !fgets(line, sizeof line, certificate))
        return fail(CERTIFICATE);
    fclose(certificate);
    printf("my certificate: %s", line);

    struct stat key;
    if (stat(KEY, &key) != 0)
        return fail(KEY);
    printf("my key: %ld bytes in memory\n", (long)key.st_size);
    return 0;
}
