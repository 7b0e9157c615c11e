#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Known attacks on container runtimes, one test each: named for what the user is protected from, with the CVE in the comment.
# Each test fails against a runtime that has the hole.
load lib.bash
