/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_YAML_TREE_H
#define URUN_BASE_YAML_TREE_H

#include <stddef.h>

#include "core/base/json_tree.h"

/*
 * Parses one YAML document, whose outermost value is a mapping, as the tree of the JSON document
 * that says the same.  libyaml parses the grammar; the bounds and the rules are those of
 * json_tree_parse().  Plain scalars are null, booleans and numbers by the core schema of YAML 1.2,
 * but for octal and hexadecimal numbers, which are strings here.  Refused are aliases (a few lines
 * of them make billions of values), tags but !!str, keys that are no scalars, and a second document.
 * Without --with-yaml of configure each document is refused, in words that say so.
 */
int yaml_tree_parse(const char *bytes, size_t size, struct arena *arena,
		    struct json_node **ret_root, struct error *err);

#endif
