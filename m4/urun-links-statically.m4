# SPDX-License-Identifier: Apache-2.0

# URUN_LINKS_STATICALLY(CALLS, LIBS, [IF-SO], [IF-NOT])
# Can a program that makes the calls ("f(), g()") be linked with the archives of these libraries?
AC_DEFUN([URUN_LINKS_STATICALLY], [
	AC_MSG_CHECKING([whether $1 can be linked statically])
	urun_old_ldflags=$LDFLAGS
	urun_old_libs=$LIBS
	LDFLAGS="$LDFLAGS -static"
	LIBS="$2 $LIBS"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[char $1;]], [[return $1;]])], [urun_links=yes], [urun_links=no])
	LDFLAGS=$urun_old_ldflags
	LIBS=$urun_old_libs
	AC_MSG_RESULT([$urun_links])
	AS_IF([test "$urun_links" = yes], [:
		$3], [:
		$4])
])
