/* SPDX-License-Identifier: Apache-2.0 */
/* timing WHAT: how many instructions a comparison of secrets takes, for guesses that are wrong from
 * the first byte on and for those that are right up to a place by chance. A child does the
 * comparing, one instruction at a time, so that no other load of the machine shows. Prints the two
 * means and Welch's t; the control leaks on purpose. */
#include <math.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "librenku/crypto/internal_token.h"
#include "librenku/crypto/jwt.h"
#include "librenku/crypto/symmetric.h"

enum { ROUNDS = 10, WARM_UP = 2, CLASSES = 2 };

typedef struct {
    rk_op op;
    rk_secret *secret;
    char text[2048]; /* what is compared, rightly made */
    size_t mac;      /* where its code starts */
    size_t mac_length;
    rk_jwt jwt; /* of the guess */
} subject;

/* --- what is compared ------------------------------------------------------------------------- */

static void encode(char *out, size_t room, const void *bytes, size_t size)
{
    sodium_bin2base64(out, room, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void make_token(subject *of)
{
    static const char header[] = "{\"alg\":\"HS512\"}", payload[] = "{\"sub\":\"x\"}";
    unsigned char mac[RK_HS512_BYTES];
    char *text = of->text;

    encode(text, 512, header, strlen(header));
    strcat(text, ".");
    encode(text + strlen(text), 512, payload, strlen(payload));
    if (rk_jwt_hs512(mac, &of->op, of->secret, text, strlen(text)) < 0)
        abort();
    strcat(text, ".");
    of->mac = strlen(text);
    encode(text + of->mac, 512, mac, sizeof(mac));
    of->mac_length = strlen(text + of->mac);
}

static void read_token(subject *of, const char *text)
{
    if (rk_jwt_read(&of->jwt, &of->op, text) < 0)
        abort();
}

static void compare_token(subject *of, const char *text)
{
    (void)text;
    (void)rk_jwt_verify_secret(&of->op, &of->jwt, of->secret);
}

static void make_sealed(subject *of)
{
    static const rk_symmetric_key key;
    const rk_bytes plain = {"a secret", 8};
    const char *token;

    if (rk_symmetric_seal(&token, &of->op, &key, &plain, NULL) < 0)
        abort();
    strcpy(of->text, token);
    of->mac = strlen(token) - 42; /* whole groups of the last 32 bytes */
    of->mac_length = 38;          /* without the padding */
}

static void compare_sealed(subject *of, const char *text)
{
    static const rk_symmetric_key key;
    rk_bytes opened;

    (void)rk_symmetric_open(&opened, &of->op, &key, text);
}

static void compare_control(subject *of, const char *text)
{
    const char *right = of->text + of->mac;

    for (text += of->mac; *text && *text == *right; text++)
        right++;
}

static void read_nothing(subject *of, const char *text)
{
    (void)of;
    (void)text;
}

static const struct {
    const char *name;
    void (*make)(subject *of);
    void (*read)(subject *of, const char *text);
    void (*compare)(subject *of, const char *text);
} cases[] = {
    {"token",   make_token,  read_token,   compare_token  },
    {"sealed",  make_sealed, read_nothing, compare_sealed },
    {"control", make_token,  read_nothing, compare_control},
};

/* --- the guesses ------------------------------------------------------------------------------ */

/* A code that differs at the first place, or at one of chance and not before. */
static void guess(char *out, const subject *of, int class)
{
    size_t place = class ? 4 + randombytes_uniform((uint32_t)of->mac_length - 8) : 0;

    strcpy(out, of->text);
    for (size_t i = place; i + 4 < of->mac_length; i++)
        out[of->mac + i] = out[of->mac + i] == 'A' ? 'B' : 'A';
}

static void work(subject *of, size_t which)
{
    static char text[sizeof(of->text)];

    for (int round = 0; round < ROUNDS + WARM_UP; round++) {
        for (int class = 0; class < CLASSES; class ++) {
            guess(text, of, class);
            cases[which].read(of, text);
            raise(SIGUSR1);
            cases[which].compare(of, text);
            raise(SIGUSR2);
            rk_error_clear(&of->op);
        }
    }
    _exit(0);
}

/* --- counting --------------------------------------------------------------------------------- */

/* Goes on until the child stops with that signal; how many steps that took. */
static long step_to(pid_t child, int wanted, int how)
{
    int status;

    for (long steps = 0;; steps++) {
        if (ptrace(how, child, NULL, NULL) < 0 || waitpid(child, &status, 0) < 0 ||
            !WIFSTOPPED(status))
            return -1;
        if (WSTOPSIG(status) == wanted)
            return steps;
    }
}

static double mean(const double *values, double *variance)
{
    double sum = 0, squares = 0;

    for (int i = 0; i < ROUNDS; i++)
        sum += values[i];
    for (int i = 0; i < ROUNDS; i++)
        squares += (values[i] - sum / ROUNDS) * (values[i] - sum / ROUNDS);
    *variance = squares / (ROUNDS - 1);
    return sum / ROUNDS;
}

static int report(double counts[CLASSES][ROUNDS])
{
    double variances[CLASSES], means[CLASSES];

    for (int class = 0; class < CLASSES; class ++)
        means[class] = mean(counts[class], &variances[class]);
    double deviation = sqrt((variances[0] + variances[1]) / ROUNDS);
    double difference = fabs(means[0] - means[1]);

    printf("%.1f %.1f %.2f\n", means[0], means[1],
           difference > 0 ? difference / (deviation > 0 ? deviation : 1e-9) : 0);
    return 0;
}

static int watch(pid_t child)
{
    static double counts[CLASSES][ROUNDS];
    int status;

    if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status))
        return 1;
    for (int round = -WARM_UP; round < ROUNDS; round++) {
        for (int class = 0; class < CLASSES; class ++) {
            if (step_to(child, SIGUSR1, PTRACE_CONT) < 0)
                return 1;
            long steps = step_to(child, SIGUSR2, PTRACE_SINGLESTEP);

            if (steps < 0)
                return 1;
            if (round >= 0)
                counts[class][round] = (double)steps;
        }
    }
    (void)ptrace(PTRACE_CONT, child, NULL, NULL);
    (void)waitpid(child, &status, 0);
    return report(counts);
}

int main(int count, char **arguments)
{
    static const unsigned char key[64] = {1};
    static subject of;
    size_t which = 0;

    while (count == 2 && which < RK_COUNT(cases) && strcmp(cases[which].name, arguments[1]) != 0)
        which++;
    if (count != 2 || which == RK_COUNT(cases) || sodium_init() < 0 || rk_op_begin(&of.op) < 0 ||
        rk_secret_copy(&of.secret, &of.op, key, sizeof(key)) < 0)
        return 2;
    cases[which].make(&of);
    pid_t child = fork();

    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(2);
        raise(SIGSTOP);
        work(&of, which);
    }
    int status = child < 0 ? 2 : watch(child);

    rk_secret_free(of.secret);
    rk_op_end(&of.op);
    return status;
}
