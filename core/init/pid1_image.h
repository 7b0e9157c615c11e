/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_PID1_IMAGE_H
#define URUN_INIT_PID1_IMAGE_H

/* The bytes of the program that is process 1 of containers (core/pid1/pid1.c), an ELF file. */
extern const char pid1_image[], pid1_image_end[];

#endif
