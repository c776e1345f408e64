/* SPDX-License-Identifier: Apache-2.0 */
/* usage: loader LIBRARY ROUNDS - opens the library, works with it, closes it, again and again.
 * Prints the blocks in use, the mappings and the descriptors after the first rounds and at the end,
 * and whether the library was ever unloaded. */
#include "tests/abi/memory.h"

#include <dirent.h>
#include <dlfcn.h>
#include <renku/renku.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM = 10 };

/* What is used of it, found by name in each round. */
typedef struct {
    renku_config *(*config_new)(void);
    int (*config_from_environment)(renku_config *config);
    void (*config_free)(renku_config *config);
    renku_result *(*ctx_new)(renku_ctx **out, const renku_config *config);
    void (*ctx_free)(renku_ctx *ctx);
    renku_result *(*caller_from_token)(renku_caller **out, renku_ctx *ctx, const char *token);
    void (*caller_free)(renku_caller *caller);
    renku_result *(*user_me)(renku_ctx *ctx, const renku_caller *caller, const renku_call *call);
    const char *(*result_text)(const renku_result *result, const char *pointer);
    const char *(*result_message)(const renku_result *result);
    void (*result_free)(renku_result *result);
} functions;

static void find(void *place, void *library, const char *name)
{
    void *found = dlsym(library, name);

    if (!found) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    memcpy(place, &found, sizeof(found));
}

static functions find_all(void *library)
{
    functions f;

    find(&f.config_new, library, "renku_config_new");
    find(&f.config_from_environment, library, "renku_config_from_environment");
    find(&f.config_free, library, "renku_config_free");
    find(&f.ctx_new, library, "renku_ctx_new");
    find(&f.ctx_free, library, "renku_ctx_free");
    find(&f.caller_from_token, library, "renku_caller_from_token");
    find(&f.caller_free, library, "renku_caller_free");
    find(&f.user_me, library, "renku_user_me");
    find(&f.result_text, library, "renku_result_text");
    find(&f.result_message, library, "renku_result_message");
    find(&f.result_free, library, "renku_result_free");
    return f;
}

static void use(const functions *f)
{
    renku_config *config = f->config_new();
    renku_ctx *ctx = NULL;
    renku_caller *caller = NULL;

    if (f->config_from_environment(config) < 0)
        exit(1);
    f->result_free(f->ctx_new(&ctx, config));
    f->result_free(f->caller_from_token(&caller, ctx, getenv("ABI_JANE")));
    renku_result *me = f->user_me(ctx, caller, NULL);

    if (!f->result_text(me, "/id")) {
        fprintf(stderr, "%s\n", f->result_message(me));
        exit(1);
    }
    f->result_free(me);
    f->caller_free(caller);
    f->ctx_free(ctx);
    f->config_free(config);
}

static int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;

    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static int count_mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    int count = 0;

    for (int c; (c = fgetc(file)) != EOF;)
        count += c == '\n';
    fclose(file);
    return count;
}

static void report(void)
{
    printf("%ld %d %d\n", abi_memory_live(), count_mappings(), count_entries("/proc/self/fd"));
}

int main(int count, char **arguments)
{
    int unloaded = 0;

    if (count != 3)
        return 2;
    for (int round = 1; round <= atoi(arguments[2]); round++) {
        void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);

        if (!library) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        const functions f = find_all(library);

        use(&f);
        dlclose(library);
        library = dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD);
        unloaded += !library;
        if (library)
            dlclose(library);
        if (round == WARM)
            report();
    }
    report();
    printf("%d\n", unloaded);
}
