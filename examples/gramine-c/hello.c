/* The application: knows nothing of enclaves or Coordinators. It reads its arguments, its
 * environment and a certificate, and keeps a count in a file that must stay secret. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char CERTIFICATE[] = "/run/marble/certificate.pem";
static const char COUNT[] = "/data/count";

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

    int starts = 0;
    FILE *count = fopen(COUNT, "r");
    if (count) {
        if (fscanf(count, "%d", &starts) != 1)
            starts = 0;
        fclose(count);
    }
    count = fopen(COUNT, "w");
    if (!count || fprintf(count, "%d\n", starts + 1) < 0 || fclose(count) != 0)
        return fail(COUNT);
    printf("starts, counted in an encrypted file: %d\n", starts + 1);
    return 0;
}
