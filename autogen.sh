#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes ./configure from a checkout; a release's tar file has it already.
set -eu
cd "$(dirname "$0")"
for tool in autoreconf automake pkg-config; do
	if ! command -v "$tool" >/dev/null 2>&1; then
		echo "autogen.sh: $tool isn't installed (packages autoconf, automake, pkg-config)" >&2
		exit 1
	fi
done
exec autoreconf --install --force --warnings=all
