# SPDX-License-Identifier: Apache-2.0

# URUN_PID1
# Sets URUN_PID1_FLAGS, with which process 1 of containers is compiled and linked: without a C library where core/pid1/raw.h has the
# system calls of the architecture, else with a static one.  The user's flags aren't used: sanitizers, fortified functions and a
# stack protector need a C library.
AC_DEFUN([URUN_PID1], [
	AC_MSG_CHECKING([how process 1 of containers can be linked])
	urun_pid1=
	for urun_pid1_way in '-ffreestanding -nostdlib' -DURUN_PID1_LIBC; do
		URUN_PID1_FLAGS="-std=gnu17 -Os -static $urun_pid1_way"
		AS_IF([test -z "$urun_pid1"], [URUN_PID1_TRY([], [urun_pid1=$urun_pid1_way; urun_pid1_flags=$URUN_PID1_FLAGS])])
	done
	AS_CASE([$urun_pid1],
		[-DURUN_PID1_LIBC], [AC_MSG_RESULT([with the static C library])],
		['' ], [AC_MSG_RESULT([not at all])
			AC_MSG_ERROR([core/pid1/raw.h has no system calls for this architecture, and there is no static C library (libc.a)])],
		[AC_MSG_RESULT([without a C library])])
	URUN_PID1_FLAGS=$urun_pid1_flags
	for urun_pid1_flag in -fno-stack-protector -fno-pic -fno-pie -no-pie -fno-asynchronous-unwind-tables -fcf-protection=none \
		-Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,noexecstack -s; do
		URUN_PID1_TRY([$urun_pid1_flag], [URUN_PID1_FLAGS="$URUN_PID1_FLAGS $urun_pid1_flag"])
	done
	AC_SUBST([URUN_PID1_FLAGS])
])

# URUN_PID1_TRY(FLAG, IF-SO)
AC_DEFUN([URUN_PID1_TRY], [
	AS_IF([AC_TRY_COMMAND([$CC $URUN_PID1_FLAGS $1 -Wall -Werror -I"$srcdir" -o conftest$ac_exeext "$srcdir/core/pid1/pid1.c" >&AS_MESSAGE_LOG_FD])],
		[$2])
	rm -f conftest$ac_exeext
])
