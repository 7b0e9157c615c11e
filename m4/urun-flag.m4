# SPDX-License-Identifier: Apache-2.0

# URUN_FLAG(VARIABLE, FLAG...)
# Adds to VARIABLE those of the flags with which the compiler compiles and links a program without a warning.
AC_DEFUN([URUN_FLAG], [
	for urun_flag in $2; do
		AC_MSG_CHECKING([whether $CC takes $urun_flag])
		urun_old_cflags=$CFLAGS
		CFLAGS="$CFLAGS -Werror $urun_flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("");]])], [
			AC_MSG_RESULT([yes])
			$1="$$1 $urun_flag"
		], [AC_MSG_RESULT([no])])
		CFLAGS=$urun_old_cflags
	done
])
