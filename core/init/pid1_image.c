// SPDX-License-Identifier: Apache-2.0
// Runs in: init.
#include "core/init/pid1_image.h"

/* The path is relative to the directory of the build, in which make compiles every file. */
__asm__(".section .rodata\n"
	".globl pid1_image\n"
	".hidden pid1_image\n"
	".globl pid1_image_end\n"
	".hidden pid1_image_end\n"
	".balign 16\n"
	"pid1_image:\n"
	".incbin \"core/pid1/urun-init\"\n"
	"pid1_image_end:\n"
	".byte 0\n"
	".previous\n");
