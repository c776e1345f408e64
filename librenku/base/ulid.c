/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/ulid.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { ULID_BYTES = 16, TIME_BYTES = 6 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char hex_digits[] = "0123456789abcdef";

/* The system call answers so few bytes at once or, where a sandbox forbids it, never: then the
 * clock has to do. */
static void fill_random(unsigned char *bytes, size_t count, uint64_t clock)
{
    ssize_t got;

    do
        got = getrandom(bytes, count, 0);
    while (got < 0 && errno == EINTR);
    if (got == (ssize_t)count)
        return;
    for (size_t i = 0; i < count; i++) {
        clock = clock * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (unsigned char)(clock >> 56);
    }
}

/* 128 bits as 26 digits of 5 bits, with two zero bits in front: from the last digit on. */
static void print(char out[RK_ULID_LENGTH + 1], const unsigned char bytes[ULID_BYTES])
{
    unsigned bits = 0, count = 0, at = ULID_BYTES;

    out[RK_ULID_LENGTH] = '\0';
    for (int digit = RK_ULID_LENGTH - 1; digit >= 0; digit--) {
        if (count < 5 && at > 0) {
            bits |= (unsigned)bytes[--at] << count;
            count += 8;
        }
        out[digit] = alphabet[bits & 31];
        bits >>= 5;
        count -= 5;
    }
}

void rk_ulid_make(char out[RK_ULID_LENGTH + 1])
{
    unsigned char bytes[ULID_BYTES];
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* this clock always exists */

    uint64_t millis = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;

    for (int i = 0; i < TIME_BYTES; i++)
        bytes[i] = (unsigned char)(millis >> (8 * (TIME_BYTES - 1 - i)));
    fill_random(bytes + TIME_BYTES, ULID_BYTES - TIME_BYTES,
                millis * 1000000 + (uint64_t)now.tv_nsec);
    print(out, bytes);
}

static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') ||
           (c >= 'A' && c <= 'Z' && c != 'I' && c != 'L' && c != 'O' && c != 'U');
}

bool rk_ulid_is_valid(const char *text)
{
    size_t length = 0;

    while (is_digit(text[length]))
        length++;
    return length == RK_ULID_LENGTH && text[length] == '\0' && text[0] <= '7';
}

void rk_ulid_to_uuid(char out[37], const char *ulid)
{
    unsigned char bytes[ULID_BYTES] = {0};

    for (int digit = 0; digit < RK_ULID_LENGTH; digit++) {
        const char *found = strchr(alphabet, ulid[digit]);
        unsigned value = found ? (unsigned)(found - alphabet) : 0;

        for (int i = 0; i < 5; i++) {
            int bit = digit * 5 - 2 + i;

            if (bit >= 0)
                bytes[bit / 8] |= (unsigned char)((value >> (4 - i) & 1u) << (7 - bit % 8));
        }
    }
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (int i = 0; i < ULID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex_digits[bytes[i] >> 4];
        *out++ = hex_digits[bytes[i] & 15];
    }
    *out = '\0';
}
