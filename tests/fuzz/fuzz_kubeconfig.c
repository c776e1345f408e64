/* SPDX-License-Identifier: Apache-2.0 */
/* Kubeconfig files and answers of credential programs: the first byte says which reader gets the
 * rest. What is accepted is fit for use. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "librenku/k8s/exec.h"
#include "librenku/k8s/kubeconfig.h"

enum { WHOLE, HALVES, CREDENTIAL, READERS };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check(const rk_kubeconfig *found)
{
    if (!found->server)
        return;
    require(strncasecmp(found->server, "http", 4) == 0 && !strpbrk(found->server, " \r\n?#@"));
    require(!found->exec.command || found->exec.api_version);
    for (size_t i = 0; i < found->exec.environment.count; i++)
        require(strchr(found->exec.environment.items[i], '=') != NULL);
}

static void read_files(rk_op *op, const rk_kube_file *files, size_t count)
{
    rk_kubeconfig found;

    if (rk_kubeconfig_read(&found, op, files, count) == 0)
        check(&found);
    else
        require(op->error.message && strstr(op->error.message, "kubeconfig"));
}

/* Two files: the first ends where a line is "=". */
static void read_halves(rk_op *op, char *text)
{
    char *mark = strstr(text, "\n=\n");
    const rk_kube_file files[] = {
        {"/one/config", text                  },
        {"two/config",  mark ? mark + 3 : "{}"},
    };

    if (mark)
        mark[1] = '\0';
    read_files(op, files, RK_COUNT(files));
}

static void read_credential(rk_op *op, const char *text, size_t length)
{
    const rk_kube_exec program = {
        .command = "program",
        .api_version = "client.authentication.k8s.io/v1",
    };
    rk_kube_credential found;

    if (rk_kube_credential_read(&found, op, &program, text, length) == 0)
        require(found.token || (found.certificate && found.key));
}

static void run(rk_op *op, unsigned reader, char *text, size_t length)
{
    const rk_kube_file file = {"config", text};

    switch (reader % READERS) {
    case WHOLE:
        read_files(op, &file, 1);
        break;
    case HALVES:
        read_halves(op, text);
        break;
    case CREDENTIAL:
        read_credential(op, text, length);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    rk_op op;

    if (size == 0 || rk_op_begin(&op) < 0)
        return 0;
    /* a copy of its own size, with the NUL that texts have */
    char *text = calloc(size, 1);

    if (text) {
        memcpy(text, bytes + 1, size - 1);
        run(&op, bytes[0], text, size - 1);
    }
    rk_op_end(&op);
    free(text);
    return 0;
}
