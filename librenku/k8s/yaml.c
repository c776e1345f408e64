/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/yaml.h"

#include <string.h>

#include <sodium.h>
#include <yaml.h>

struct rk_yaml {
    const char *path;
    yaml_document_t document;
};

/* --- reading ---------------------------------------------------------------------------------- */

static void forget(void *object)
{
    yaml_document_t *document = object;

    for (yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++) {
        if (node->type == YAML_SCALAR_NODE)
            sodium_memzero(node->data.scalar.value, node->data.scalar.length);
    }
    yaml_document_delete(document);
}

static int fail_read(rk_op *op, const char *path, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    return rk_fail(op, RK_ERR_CONFIGURATION, "The kubeconfig '%s' is no YAML: %s in line %zu.",
                   path, parser->problem ? parser->problem : "something is wrong",
                   parser->problem_mark.line + 1);
}

/* Whether nothing follows the document. */
static bool is_last(yaml_parser_t *parser)
{
    yaml_document_t next;

    if (!yaml_parser_load(parser, &next))
        return false;
    bool empty = !yaml_document_get_root_node(&next);

    forget(&next);
    return empty;
}

static int load(rk_yaml *yaml, rk_op *op, yaml_parser_t *parser)
{
    if (!yaml_parser_load(parser, &yaml->document))
        return fail_read(op, yaml->path, parser);
    if (rk_arena_defer(op->arena, forget, &yaml->document) < 0)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    if (!yaml_document_get_root_node(&yaml->document) || !rk_yaml_is_mapping(yaml, rk_yaml_root()))
        return rk_fail(op, RK_ERR_CONFIGURATION, "The kubeconfig '%s' is no mapping.", yaml->path);
    if (!is_last(parser))
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "The kubeconfig '%s' has more than one YAML document.", yaml->path);
    return 0;
}

int rk_yaml_read(rk_yaml **out, rk_op *op, const char *path, const char *text)
{
    rk_yaml *yaml = rk_new(op, rk_yaml);
    yaml_parser_t parser;

    RK_CHECK(yaml);
    yaml->path = path;
    if (!yaml_parser_initialize(&parser))
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    int result = load(yaml, op, &parser);

    yaml_parser_delete(&parser);
    *out = yaml;
    return result;
}

const char *rk_yaml_path(const rk_yaml *yaml)
{
    return yaml->path;
}

/* --- looking ---------------------------------------------------------------------------------- */

static const yaml_node_t *node_of(const rk_yaml *yaml, rk_yaml_node node)
{
    const yaml_document_t *document = &yaml->document;

    return node > 0 && node <= document->nodes.top - document->nodes.start
               ? document->nodes.start + node - 1
               : NULL;
}

rk_yaml_node rk_yaml_root(void)
{
    return 1;
}

static bool is_of(const rk_yaml *yaml, rk_yaml_node node, yaml_node_type_t type)
{
    const yaml_node_t *found = node_of(yaml, node);

    return found && found->type == type;
}

bool rk_yaml_is_mapping(const rk_yaml *yaml, rk_yaml_node node)
{
    return is_of(yaml, node, YAML_MAPPING_NODE);
}

bool rk_yaml_is_list(const rk_yaml *yaml, rk_yaml_node node)
{
    return is_of(yaml, node, YAML_SEQUENCE_NODE);
}

rk_yaml_node rk_yaml_member(const rk_yaml *yaml, rk_yaml_node mapping, const char *key)
{
    if (!rk_yaml_is_mapping(yaml, mapping))
        return 0;
    const yaml_node_t *found = node_of(yaml, mapping);

    for (const yaml_node_pair_t *pair = found->data.mapping.pairs.start;
         pair < found->data.mapping.pairs.top; pair++) {
        const char *name = rk_yaml_scalar(yaml, pair->key);

        if (name && strcmp(name, key) == 0)
            return pair->value;
    }
    return 0;
}

size_t rk_yaml_count(const rk_yaml *yaml, rk_yaml_node list)
{
    if (!rk_yaml_is_list(yaml, list))
        return 0;
    const yaml_node_t *found = node_of(yaml, list);

    return (size_t)(found->data.sequence.items.top - found->data.sequence.items.start);
}

rk_yaml_node rk_yaml_item(const rk_yaml *yaml, rk_yaml_node list, size_t index)
{
    return index < rk_yaml_count(yaml, list) ? node_of(yaml, list)->data.sequence.items.start[index]
                                             : 0;
}

const char *rk_yaml_scalar(const rk_yaml *yaml, rk_yaml_node node)
{
    if (!is_of(yaml, node, YAML_SCALAR_NODE))
        return NULL;
    const yaml_node_t *found = node_of(yaml, node);
    const char *text = (const char *)found->data.scalar.value;

    return strlen(text) == found->data.scalar.length ? text : NULL;
}

bool rk_yaml_is_null(const rk_yaml *yaml, rk_yaml_node node)
{
    const char *text = rk_yaml_scalar(yaml, node);

    if (!node)
        return true;
    return text && node_of(yaml, node)->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

int rk_yaml_text(const char **out, rk_op *op, const rk_yaml *yaml, rk_yaml_node mapping,
                 const char *key)
{
    rk_yaml_node node = rk_yaml_member(yaml, mapping, key);
    const char *text = rk_yaml_scalar(yaml, node);

    *out = NULL;
    if (rk_yaml_is_null(yaml, node))
        return 0;
    if (!text)
        return rk_fail(op, RK_ERR_CONFIGURATION, "The kubeconfig '%s': '%s' must be a text.",
                       yaml->path, key);
    char *copy = rk_alloc(op, strlen(text) + 1, 1);

    RK_CHECK(copy);
    memcpy(copy, text, strlen(text) + 1);
    *out = copy;
    return 0;
}
