/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_ANNOTATION_H
#define URUN_PARENT_ANNOTATION_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Looks for annotations of crun's (run.oci.…) that urun doesn't honour.  Where the container would
 * be another one than the annotation asks for, fails; where only something beside it is left out,
 * warns.  An annotation that nobody knows is a debug line.
 * Runs in: parent, before anything is made.
 * Source: crun(1), "Extensions to OCI"; urun-config(5), ANNOTATIONS.
 */
int annotation_check(const struct container_config *config, struct error *err);

/*
 * For a bundle of root of the host: refuses urun's own annotations (org.urun.…), and run.oci.pidfd_receiver,
 * in the config of an engine that copies an image's annotations into it.  They name directories,
 * containers, sockets and users, which the author of an image must not choose.
 * Runs in: parent, before anything is made.
 */
int annotation_check_origin(const struct container_config *config, struct error *err);

#endif
