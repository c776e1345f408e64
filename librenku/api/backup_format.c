/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "librenku/api/backup.h"
#include "librenku/http/schema.h"

int rk_backup_begin(rk_backup *backup, rk_op *op, size_t tables)
{
    backup->count = tables + 1;
    backup->parts = rk_new_array(op, rk_backup_part, backup->count);
    RK_CHECK(backup->parts);
    for (size_t i = 0; i < backup->count; i++)
        (void)crypto_hash_sha256_init(&backup->parts[i].hash); /* cannot fail */
    backup->parts[0].name = RK_BACKUP_SEQUENCES;
    return 0;
}

static void print_sha256(char out[RK_SHA256_TEXT], crypto_hash_sha256_state *hash)
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    (void)crypto_hash_sha256_final(hash, digest);                      /* cannot fail */
    (void)sodium_bin2hex(out, RK_SHA256_TEXT, digest, sizeof(digest)); /* it fits */
}

static void hash_manifest(rk_backup *backup, const char *text, size_t length)
{
    crypto_hash_sha256_state hash;

    (void)crypto_hash_sha256_init(&hash);                                        /* cannot fail */
    (void)crypto_hash_sha256_update(&hash, (const unsigned char *)text, length); /* likewise */
    print_sha256(backup->manifest_sha256, &hash);
}

/* --- the manifest ----------------------------------------------------------------------------- */

static void print_table(rk_buf *out, const rk_backup_part *part)
{
    rk_buf_text(out, "{\"name\":");
    rk_buf_json_text(out, part->name);
    rk_buf_text(out, ",\"columns\":[");
    for (size_t i = 0; i < part->columns.count; i++) {
        rk_buf_text(out, i ? "," : "");
        rk_buf_json_text(out, part->columns.items[i]);
    }
    rk_buf_text(out, "]}");
}

void rk_backup_print_manifest(rk_buf *out, rk_backup *backup)
{
    rk_buf_printf(out, "{\"format\":%d,\"library\":", RK_BACKUP_FORMAT);
    rk_buf_json_text(out, backup->library);
    rk_buf_printf(out, ",\"revision\":%d,\"checksum\":", backup->mark.revision);
    rk_buf_json_text(out, backup->mark.checksum);
    rk_buf_text(out, ",\"taken\":");
    rk_buf_json_text(out, backup->taken);
    rk_buf_text(out, ",\"tables\":[");
    for (size_t i = 1; i < backup->count; i++) {
        rk_buf_text(out, i > 1 ? ",\n" : "\n");
        print_table(out, &backup->parts[i]);
    }
    rk_buf_text(out, "]}\n");
    if (!out->failed)
        hash_manifest(backup, out->text, out->length);
}

static int bad_manifest(rk_op *op)
{
    return rk_fail(op, RK_ERR_INVALID, "This is no whole backup: its manifest is damaged.");
}

static const char *text_of(json_object *object, const char *name)
{
    json_object *value = json_object_object_get(object, name);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static json_object *list_of(json_object *object, const char *name)
{
    json_object *value = json_object_object_get(object, name);

    return json_object_is_type(value, json_type_array) ? value : NULL;
}

static int parse_columns(rk_strings *out, rk_op *op, json_object *columns)
{
    size_t count = columns ? json_object_array_length(columns) : 0;

    *out = (rk_strings){true, count, rk_new_array(op, const char *, count)};
    RK_CHECK(out->items);
    for (size_t i = 0; i < count; i++) {
        json_object *name = json_object_array_get_idx(columns, i);

        if (!json_object_is_type(name, json_type_string))
            return bad_manifest(op);
        out->items[i] = json_object_get_string(name);
    }
    return count ? 0 : bad_manifest(op);
}

static int parse_tables(rk_backup *out, rk_op *op, json_object *tables)
{
    if (!tables)
        return bad_manifest(op);
    RK_TRY(rk_backup_begin(out, op, json_object_array_length(tables)));
    for (size_t i = 1; i < out->count; i++) {
        json_object *table = json_object_array_get_idx(tables, i - 1);

        out->parts[i].name = text_of(table, "name");
        if (!out->parts[i].name || strlen(out->parts[i].name) > RK_ARCHIVE_NAME_MAX / 2)
            return bad_manifest(op);
        RK_TRY(parse_columns(&out->parts[i].columns, op, list_of(table, "columns")));
    }
    return 0;
}

int rk_backup_parse_manifest(rk_backup *out, rk_op *op, const char *text, size_t length)
{
    json_object *manifest, *format;

    *out = (rk_backup){0};
    if (rk_json_parse(&manifest, op, text, length) < 0) {
        rk_error_clear(op);
        return bad_manifest(op);
    }
    format = json_object_object_get(manifest, "format");
    if (!json_object_is_type(format, json_type_int))
        return bad_manifest(op);
    if (json_object_get_int(format) != RK_BACKUP_FORMAT)
        return rk_fail(op, RK_ERR_INVALID,
                       "The backup has format %d, this library reads format %d.",
                       json_object_get_int(format), RK_BACKUP_FORMAT);
    out->mark.revision = json_object_get_int(json_object_object_get(manifest, "revision"));
    out->mark.checksum = text_of(manifest, "checksum");
    out->library = text_of(manifest, "library");
    out->taken = text_of(manifest, "taken");
    if (!out->mark.checksum || !out->library || !out->taken)
        return bad_manifest(op);
    hash_manifest(out, text, length);
    return parse_tables(out, op, list_of(manifest, "tables"));
}

/* --- parts ------------------------------------------------------------------------------------ */

void rk_backup_count(rk_backup_part *part, const char *bytes, size_t length)
{
    const char *end = bytes + length;

    /* cannot fail */
    (void)crypto_hash_sha256_update(&part->hash, (const unsigned char *)bytes, length);
    part->bytes += (int64_t)length;
    while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
        part->rows++; /* within a value it is written as \n */
        bytes++;
    }
}

void rk_backup_member(char out[RK_ARCHIVE_NAME_MAX + 1], const rk_backup_part *part, int number)
{
    (void)snprintf(out, RK_ARCHIVE_NAME_MAX + 1, "data/%s/%08d", part->name, number); /* it fits */
}

void rk_backup_print_digests(rk_buf *out, rk_backup *backup)
{
    char sha256[RK_SHA256_TEXT];

    rk_buf_printf(out, "{\"manifest\":\"%s\",\"parts\":[", backup->manifest_sha256);
    for (size_t i = 0; i < backup->count; i++) {
        rk_backup_part *part = &backup->parts[i];

        print_sha256(sha256, &part->hash);
        rk_buf_text(out, i ? ",\n{\"name\":" : "\n{\"name\":");
        rk_buf_json_text(out, part->name);
        rk_buf_printf(out, ",\"rows\":%lld,\"bytes\":%lld,\"sha256\":\"%s\"}",
                      (long long)part->rows, (long long)part->bytes, sha256);
    }
    rk_buf_text(out, "]}\n");
}

void rk_backup_report(rk_buf *out, const rk_backup *backup, int64_t size_bytes)
{
    int64_t rows = 0;

    for (size_t i = 1; i < backup->count; i++)
        rows += backup->parts[i].rows;
    rk_buf_printf(out, "{\"tables\":%zu,\"rows\":%lld,\"bytes\":%lld,\"revision\":%d,\"taken\":",
                  backup->count - 1, (long long)rows, (long long)size_bytes, backup->mark.revision);
    rk_buf_json_text(out, backup->taken);
    rk_buf_char(out, '}');
}

void rk_watch_tell(const rk_watch *watch, int64_t done_bytes, const char *what)
{
    double share = watch->size_bytes > 0 ? (double)done_bytes / (double)watch->size_bytes : 0;

    if (watch->call)
        watch->call(watch->user, share < 1 ? share : 0.999, what);
}
