/* SPDX-License-Identifier: Apache-2.0 */
/* Files of settings: whatever the bytes, no crash; the description is JSON, and shows no secret. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "renku/renku.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct {
    int fd;
    char path[32];
} file;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    file.fd = memfd_create("settings", MFD_CLOEXEC);
    (void)snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
    return file.fd < 0 ? abort(), 1 : 0;
}

static void check_description(const renku_config *config)
{
    renku_result *described = renku_config_describe(config);
    const char *secret = renku_config_get(config, "DB_PASSWORD");

    if (!renku_result_ok(described) || renku_result_count(described, "/settings") == 0)
        abort();
    const char *body = renku_result_body(described, NULL);

    if (secret && strlen(secret) >= 24 && strstr(body, secret))
        abort();
    renku_result_free(described);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    renku_config *config = renku_config_new();

    if (!config)
        return 0;
    if (ftruncate(file.fd, 0) < 0 || pwrite(file.fd, bytes, size, 0) != (ssize_t)size)
        abort();
    renku_result *result = renku_config_from_file(config, file.path);

    if (renku_result_ok(result))
        check_description(config);
    renku_result_free(result);
    renku_config_free(config);
    return 0;
}
