/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_K8S_YAML_H
#define RK_K8S_YAML_H

#include "librenku/base/op.h"

/* One YAML file, for reading. Lives as long as the operation, and is wiped then. */
typedef struct rk_yaml rk_yaml;
/* A place in it; 0 is nowhere, in which there is nothing. */
typedef int rk_yaml_node;

/* CONFIGURATION names @p path unless the text is one document whose root is a mapping. */
int rk_yaml_read(rk_yaml **out, rk_op *op, const char *path, const char *text);
const char *rk_yaml_path(const rk_yaml *yaml);
rk_yaml_node rk_yaml_root(void);
/* What a mapping has under a key. */
rk_yaml_node rk_yaml_member(const rk_yaml *yaml, rk_yaml_node mapping, const char *key);
/* 0 for what is no list. */
size_t rk_yaml_count(const rk_yaml *yaml, rk_yaml_node list);
rk_yaml_node rk_yaml_item(const rk_yaml *yaml, rk_yaml_node list, size_t index);
bool rk_yaml_is_mapping(const rk_yaml *yaml, rk_yaml_node node);
bool rk_yaml_is_list(const rk_yaml *yaml, rk_yaml_node node);
/* Also of what is nowhere. */
bool rk_yaml_is_null(const rk_yaml *yaml, rk_yaml_node node);
/* The text of a member; NULL when it is absent or null; CONFIGURATION when
 * it is something else. */
int rk_yaml_text(const char **out, rk_op *op, const rk_yaml *yaml, rk_yaml_node mapping,
                 const char *key);
/* The text of a node itself; NULL when it is none. Borrowed. */
const char *rk_yaml_scalar(const rk_yaml *yaml, rk_yaml_node node);

#endif
