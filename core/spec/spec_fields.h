/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_FIELDS_H
#define URUN_SPEC_SPEC_FIELDS_H

#include "core/base/error.h"

/*
 * For a container by options: replaces the fields of config.json that the error names by the options
 * that write the fields, since the caller has no config.json.  A field that no option writes stays.
 * Runs in: parent.
 */
void spec_fields_to_options(struct error *err);

#endif
