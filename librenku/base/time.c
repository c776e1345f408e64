/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400, FRACTION_DIGITS = 6 };

static const int64_t micros_per_second = 1000000;
/* Beyond this a number counts milliseconds. */
static const int64_t millis_from = 20000000000;
static const int64_t year_1600 = -11676096000;
static const int64_t year_9999_end = 253402300799;

static const char too_short[] = "input is too short";
static const char extra_characters[] = "unexpected extra characters at the end of the input";
static const char too_early[] = "dates before 1600 are not supported as unix timestamps";
static const char too_late[] = "dates after 9999 are not supported as unix timestamps";

int64_t rk_time_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* this clock always exists */
    return now.tv_sec * micros_per_second + now.tv_nsec / 1000;
}

int64_t rk_time_monotonic_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock always exists */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

rk_instant rk_instant_of(int64_t micros)
{
    return (rk_instant){.set = true, .micros = micros};
}

/* Years are counted from March, in cycles of 400 years with 146097 days. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;

    int64_t cycle = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_cycle = year - cycle * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return cycle * 146097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 +
           day_of_year - 719468;
}

typedef struct {
    int64_t year;
    unsigned month, day;
} date;

/* Years from March on, counted from one that begins four centuries and is before all that 64 bits
 * of microseconds hold. Spec: Neri and Schneider, "Euclidean affine functions and their application
 * to calendar algorithms" */
static date date_of_day(int32_t days_since_1970)
{
    static const uint32_t cycles = 732, days_of_cycle = 146097, days_to_1970 = 719468;
    uint32_t quarters = 4 * ((uint32_t)days_since_1970 + days_to_1970 + cycles * days_of_cycle) + 3;
    uint32_t century = quarters / days_of_cycle;
    uint64_t in_century = UINT64_C(2939745) * (quarters % days_of_cycle | 3);
    uint32_t day_of_year = (uint32_t)in_century / 2939745 / 4;
    uint32_t shifted = 2141 * day_of_year + 197913;
    bool next_year = day_of_year >= 306;

    return (date){
        .year = INT64_C(100) * century + (int64_t)(in_century >> 32) + next_year -
                INT64_C(400) * cycles,
        .month = (shifted >> 16) - (next_year ? 12 : 0),
        .day = (shifted & 0xffff) / 2141 + 1,
    };
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads @p count digits, no more and no fewer are looked at. */
static bool digits(int64_t *out, const char *text, int count)
{
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(text[i]))
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

static int month_length(int64_t year, int64_t month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return lengths[month - 1] + (month == 2 && leap);
}

/* "YYYY-MM-DD" at the start of a text of at least 10 characters. NULL, or what is wrong. */
static const char *read_date(int64_t *out_days, const char *text)
{
    int64_t year, month, day;

    if (!digits(&year, text, 4))
        return "invalid character in year";
    if (text[4] != '-')
        return "invalid date separator, expected `-`";
    if (!digits(&month, text + 5, 2))
        return "invalid character in month";
    if (text[7] != '-')
        return "invalid date separator, expected `-`";
    if (!digits(&day, text + 8, 2))
        return "invalid character in day";
    if (month < 1 || month > 12)
        return "month value is outside expected range of 1-12";
    if (day < 1 || day > month_length(year, month))
        return "day value is outside expected range";
    if (year == 0)
        return "year 0 is out of range";
    *out_days = days_from_civil(year, (int)month, (int)day);
    return NULL;
}

/* Digits behind the point; those beyond microseconds are dropped. NULL when there are none. */
static const char *read_fraction(int64_t *out_micros, const char *text)
{
    int count = 0;

    *out_micros = 0;
    for (; is_digit(text[count]); count++)
        if (count < FRACTION_DIGITS)
            *out_micros = *out_micros * 10 + (text[count] - '0');
    for (int i = count; i < FRACTION_DIGITS; i++)
        *out_micros *= 10;
    return count > 0 ? text + count : NULL;
}

/* "HH:MM[:SS[.fraction]]". What follows, or NULL. */
static const char *read_clock(int64_t *out_micros, const char *text)
{
    int64_t hour, minute, second = 0, fraction = 0;

    if (!digits(&hour, text, 2) || text[2] != ':' || !digits(&minute, text + 3, 2))
        return NULL;
    text += 5;
    if (*text == ':') {
        if (!digits(&second, text + 1, 2))
            return NULL;
        text += 3;
        if (*text == '.')
            text = read_fraction(&fraction, text + 1);
    }
    if (!text || hour > 23 || minute > 59 || second > 59)
        return NULL;
    *out_micros = (hour * 3600 + minute * 60 + second) * micros_per_second + fraction;
    return text;
}

/* "+HH:MM" or "+HHMM", and nothing behind. */
static bool read_offset(int32_t *out_seconds, const char *text)
{
    int64_t hours, minutes;

    if (!digits(&hours, text + 1, 2))
        return false;
    const char *rest = text + 3 + (text[3] == ':');

    if (!digits(&minutes, rest, 2) || rest[2] || hours > 23 || minutes > 59)
        return false;
    int32_t seconds = (int32_t)(hours * 3600 + minutes * 60);

    *out_seconds = *text == '-' ? -seconds : seconds;
    return true;
}

static bool read_zone(rk_instant *out, const char *text)
{
    out->naive = !*text;
    out->offset_s = 0;
    if (!*text)
        return true;
    if (*text == 'Z' || *text == 'z')
        return text[1] == '\0';
    return (*text == '+' || *text == '-') && read_offset(&out->offset_s, text);
}

/* All of a date-time whose date has been read already. */
static bool read_rest(rk_instant *out, int64_t days, const char *text)
{
    int64_t clock;

    if (!*text || !strchr("Tt_ ", *text))
        return false;

    const char *rest = read_clock(&clock, text + 1);

    if (!rest || !read_zone(out, rest))
        return false;
    out->set = true;
    out->micros = (days * DAY_S - out->offset_s) * micros_per_second + clock;
    return true;
}

static const char *instant_from_seconds(rk_instant *out, int64_t seconds, int64_t micros)
{
    if (seconds < year_1600)
        return too_early;
    if (seconds > year_9999_end)
        return too_late;
    *out = rk_instant_of(seconds * micros_per_second + micros);
    return NULL;
}

static const char *instant_from_unix(rk_instant *out, int64_t whole, int64_t micros)
{
    if (whole >= -millis_from && whole <= millis_from)
        return instant_from_seconds(out, whole, micros);

    int64_t seconds = whole / 1000 - (whole % 1000 < 0);

    return instant_from_seconds(out, seconds, (whole - seconds * 1000) * 1000 + micros / 1000);
}

/* "[+-]digits[.digits]" as Unix time. @p is_number tells whether it is one; NULL, or what is wrong
 * with it. */
static const char *read_unix(rk_instant *out, bool *is_number, const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    int64_t whole = 0, micros = 0;
    bool fits = true;

    *is_number = is_digit(*at);
    for (; is_digit(*at); at++)
        fits = fits && !__builtin_mul_overflow(whole, 10, &whole) &&
               !__builtin_add_overflow(whole, *at - '0', &whole);
    if (*at == '.')
        at = read_fraction(&micros, at + 1);
    *is_number = *is_number && fits && at && *at == '\0';
    if (!*is_number)
        return NULL;
    return *text == '-' ? instant_from_unix(out, -whole, -micros)
                        : instant_from_unix(out, whole, micros);
}

bool rk_instant_parse(rk_instant *out, const char **reason, const char *text)
{
    size_t length = strlen(text);
    const char *wrong = too_short;
    int64_t days;
    bool is_number;

    if (length >= 10) {
        wrong = read_date(&days, text);
        if (!wrong && length == 10) {
            *out = (rk_instant){
                .set = true, .naive = true, .micros = days * DAY_S * micros_per_second};
            return true;
        }
        if (!wrong && read_rest(out, days, text + 10))
            return true;
        wrong = wrong ? wrong : extra_characters;
    }

    const char *beyond = read_unix(out, &is_number, text);

    *reason = is_number ? beyond : wrong;
    return is_number && !beyond;
}

bool rk_instant_from_number(rk_instant *out, double seconds)
{
    double unit = fabs(seconds) > (double)millis_from ? 1000 : 1;

    /* also refuses what is not finite */
    if (!(fabs(seconds) < 1e15))
        return false;

    double whole = floor(seconds / unit);
    double micros = round((seconds - whole * unit) * ((double)micros_per_second / unit));

    return !instant_from_seconds(out, (int64_t)whole, (int64_t)micros);
}

/* Writes two digits; gives what follows. */
static char *put_pair(char *out, unsigned value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";

    memcpy(out, pairs + 2 * (size_t)value, 2);
    return out + 2;
}

/* The same behind a mark. */
static char *put_marked(char *out, char mark, unsigned value)
{
    *out = mark;
    return put_pair(out + 1, value);
}

/* Four digits, or as many as it takes, of a year that PostgreSQL can hold. */
static char *put_year(char *out, int64_t year)
{
    unsigned digits = (unsigned)(year < 0 ? -year : year);

    if (year < 0)
        *out++ = '-';
    if (digits > 99999)
        out = put_pair(out, digits / 10000);
    else if (digits > 9999)
        *out++ = (char)('0' + digits / 10000);
    digits %= 10000;
    if (year < 0 && year > -1000)
        *out++ = (char)('0' + digits / 100);
    else
        out = put_pair(out, digits / 100);
    return put_pair(out, digits % 100);
}

static char *put_clock(char *out, unsigned second_of_day)
{
    unsigned minute_of_day = second_of_day / 60;

    out = put_marked(out, 'T', minute_of_day / 60);
    out = put_marked(out, ':', minute_of_day % 60);
    return put_marked(out, ':', second_of_day % 60);
}

static char *put_fraction(char *out, unsigned micros)
{
    if (!micros)
        return out;
    out = put_marked(out, '.', micros / 10000);
    out = put_pair(out, micros / 100 % 100);
    return put_pair(out, micros % 100);
}

static char *put_offset(char *out, int32_t offset_s)
{
    unsigned minutes = (unsigned)(offset_s < 0 ? -offset_s : offset_s) / 60;

    out = put_marked(out, offset_s < 0 ? '-' : '+', minutes / 60);
    return put_marked(out, ':', minutes % 60);
}

static char *put_zone(char *out, const rk_instant *instant, const char *utc)
{
    if (instant->naive)
        return out;
    return instant->offset_s ? put_offset(out, instant->offset_s) : stpcpy(out, utc);
}

/* The whole part, rounded down; what is left stays. */
static int64_t take_whole(int64_t *rest, int64_t unit)
{
    int64_t left = *rest % unit;
    int64_t whole = *rest / unit - (left < 0);

    *rest = left < 0 ? left + unit : left;
    return whole;
}

static char *print(char *out, const rk_instant *instant, const char *utc)
{
    int64_t rest = instant->micros + (instant->naive ? 0 : instant->offset_s * micros_per_second);
    const date day = date_of_day((int32_t)take_whole(&rest, DAY_S * micros_per_second));

    out = put_year(out, day.year);
    out = put_marked(out, '-', day.month);
    out = put_marked(out, '-', day.day);
    out = put_clock(out, (unsigned)(rest / micros_per_second));
    out = put_fraction(out, (unsigned)(rest % micros_per_second));
    out = put_zone(out, instant, utc);
    *out = '\0';
    return out;
}

char *rk_instant_print(char out[RK_TIME_TEXT_MAX], const rk_instant *instant)
{
    return print(out, instant, "Z");
}

char *rk_instant_print_iso(char out[RK_TIME_TEXT_MAX], const rk_instant *instant)
{
    return print(out, instant, "+00:00");
}
