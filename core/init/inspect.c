// SPDX-License-Identifier: Apache-2.0
// Runs in: init after pivot_root.
#include "core/init/inspect.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/init/program.h"

/* The kernel looks at the first 256 bytes of a script's first line. */
#define SCRIPT_LINE_MAX 256

/* PT_INTERP is looked for in this many program headers at most. */
#define HEADERS_MAX 64

/* The beginning of the file: enough for an ELF header and for the first line of a script. */
struct head {
	union {
		unsigned char bytes[512];
		Elf64_Ehdr elf64;
		Elf32_Ehdr elf32;
	};
	size_t size;
};

static int set_exec_error(struct error *err, int errnum, int status)
{
	err->code = errnum;
	err->status = status;
	return -1;
}

/* Opens a regular file and reads its beginning.  A FIFO or a terminal must not block us. */
static int open_regular(const char *path, struct head *head)
{
	struct stat st;
	ssize_t got;
	autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	got = pread(fd, head->bytes, sizeof(head->bytes), 0);
	if (got < 0)
		return -1;
	head->size = (size_t)got;
	return take_fd(&fd);
}

static bool is_elf(const struct head *head)
{
	return head->size >= sizeof(Elf32_Ehdr) && memcmp(head->bytes, ELFMAG, SELFMAG) == 0;
}

/* The interpreter's path behind "#!"; false: the file isn't a script. */
static bool script_interpreter(const struct head *head, char ret_path[static SCRIPT_LINE_MAX])
{
	size_t start = 2, end;

	if (head->size < 3 || head->bytes[0] != '#' || head->bytes[1] != '!')
		return false;
	while (start < head->size && start < SCRIPT_LINE_MAX &&
	       (head->bytes[start] == ' ' || head->bytes[start] == '\t'))
		start++;
	for (end = start;
	     end < head->size && end < SCRIPT_LINE_MAX && !strchr(" \t\n", head->bytes[end]); end++)
		;
	if (end == start)
		return false;
	memcpy(ret_path, head->bytes + start, end - start);
	ret_path[end - start] = '\0';
	return true;
}

/*
 * The dynamic loader that PT_INTERP names, of a file in this machine's byte order.  The file isn't trusted:
 * each offset and size is checked.
 */
static bool elf_interpreter(int fd, const struct head *head, char ret_path[static PATH_MAX])
{
	bool is64 = head->bytes[EI_CLASS] == ELFCLASS64;
	uint64_t table = is64 ? head->elf64.e_phoff : head->elf32.e_phoff;
	size_t count = is64 ? head->elf64.e_phnum : head->elf32.e_phnum;
	size_t step = is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (is64 && head->size < sizeof(Elf64_Ehdr))
		return false;
	for (size_t i = 0; i < count && i < HEADERS_MAX; i++) {
		union {
			Elf64_Phdr elf64;
			Elf32_Phdr elf32;
		} header;
		uint64_t offset = table + i * step;
		uint64_t size;
		ssize_t got;

		if (offset > INT64_MAX || pread(fd, &header, step, (off_t)offset) != (ssize_t)step)
			return false;
		if ((is64 ? header.elf64.p_type : header.elf32.p_type) != PT_INTERP)
			continue;
		offset = is64 ? header.elf64.p_offset : header.elf32.p_offset;
		size = is64 ? header.elf64.p_filesz : header.elf32.p_filesz;
		if (size < 2 || size >= PATH_MAX || offset > INT64_MAX)
			return false;
		got = pread(fd, ret_path, (size_t)size, (off_t)offset);
		if (got != (ssize_t)size)
			return false;
		ret_path[size] = '\0';
		return true;
	}
	return false;
}

static const char *machine_name(uint16_t machine)
{
	switch (machine) {
	case EM_386: return "i386";
	case EM_X86_64: return "x86_64";
	case EM_ARM: return "arm";
	case EM_AARCH64: return "aarch64";
	case EM_RISCV: return "riscv";
	case EM_PPC: return "ppc";
	case EM_PPC64: return "ppc64";
	case EM_S390: return "s390x";
	case EM_MIPS: return "mips";
	case 258: /* EM_LOONGARCH, too new for some elf.h */ return "loongarch";
	default: return NULL;
	}
}

static bool own_byte_order(const struct head *head)
{
	return head->bytes[EI_DATA] == (BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB);
}

static int explain_missing(const char *path, struct error *err)
{
	char script[SCRIPT_LINE_MAX];
	char loader[PATH_MAX];
	struct head head = { .size = 0 };
	struct stat st;
	autoclose int fd = open_regular(path, &head);

	if (fd >= 0 && script_interpreter(&head, script) && stat(script, &st) < 0)
		error_set(err, 0, "exec `%s`: its interpreter `%s`", path, script);
	else if (fd >= 0 && is_elf(&head) && own_byte_order(&head) &&
		 elf_interpreter(fd, &head, loader) && stat(loader, &st) < 0)
		error_set(err, 0, "exec `%s`: its dynamic loader `%s`", path, loader);
	else if (stat(path, &st) == 0)
		error_set(err, 0, "exec `%s`: the file exists, but a file that it needs does not",
			  path);
	else
		error_set(err, 0, "open executable `%s`", path);
	return set_exec_error(err, ENOENT, PROGRAM_STATUS_NOT_FOUND);
}

static int explain_format(const char *path, struct error *err)
{
	struct head head = { .size = 0 };
	struct utsname host = { 0 };
	autoclose int fd = open_regular(path, &head);
	const char *machine;
	uint16_t number;

	if (fd < 0) {
		error_set(err, 0, "exec `%s`", path);
		return set_exec_error(err, ENOEXEC, PROGRAM_STATUS_CANNOT_EXECUTE);
	}
	if (head.size == 0) {
		error_set(err, 0, "exec `%s`: it is empty", path);
		return set_exec_error(err, ENOEXEC, PROGRAM_STATUS_CANNOT_EXECUTE);
	}
	if (!is_elf(&head)) {
		error_set(err, 0, "exec `%s`: neither an ELF file nor a script that begins with #!",
			  path);
		return set_exec_error(err, ENOEXEC, PROGRAM_STATUS_CANNOT_EXECUTE);
	}
	number = head.elf32.e_machine; /* at the same place in both classes */
	if (!own_byte_order(&head))
		number = (uint16_t)(number << 8 | number >> 8);
	machine = machine_name(number);
	uname(&host);
	if (machine && strcmp(machine, host.machine) != 0)
		error_set(err, 0, "exec `%s`: it is made for %s, this machine is %s", path, machine,
			  host.machine);
	else
		error_set(err, 0,
			  "exec `%s`: an ELF file that this kernel doesn't take (machine %u)", path,
			  number);
	return set_exec_error(err, ENOEXEC, PROGRAM_STATUS_CANNOT_EXECUTE);
}

static bool is_on_noexec(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && fs.f_flag & ST_NOEXEC;
}

void inspect_hint_at_noexec(const char *path, struct error *err)
{
	if (is_on_noexec(path))
		error_hint(err,
			   "`%s` is on a noexec mount: where the host has mounted it so, take a "
			   "directory on another file system",
			   path);
}

static int explain_denied(const char *path, struct error *err)
{
	char script[SCRIPT_LINE_MAX];
	struct head head = { .size = 0 };
	struct stat st;
	autoclose int fd = open_regular(path, &head);

	if (stat(path, &st) < 0)
		error_set(err, 0, "exec `%s`: a directory of the path can't be entered", path);
	else if (S_ISDIR(st.st_mode))
		error_set(err, 0, "exec: the path `%s` is not a regular file (it is a directory)",
			  path);
	else if (!S_ISREG(st.st_mode))
		error_set(err, 0, "exec: the path `%s` is not a regular file", path);
	else if (!(st.st_mode & 0111))
		error_set(err, 0, "exec `%s`: its mode %04o has no execute bit", path,
			  st.st_mode & 07777);
	else if (is_on_noexec(path)) {
		error_set(err, 0, "exec `%s`", path);
		inspect_hint_at_noexec(path, err);
	} else if (fd >= 0 && script_interpreter(&head, script) && access(script, X_OK) < 0)
		error_set(err, 0, "exec `%s`: its interpreter `%s` can't be executed", path,
			  script);
	else
		error_set(err, 0, "exec `%s`: its mode is %04o, owner %u:%u", path,
			  st.st_mode & 07777, st.st_uid, st.st_gid);
	return set_exec_error(err, EACCES, PROGRAM_STATUS_CANNOT_EXECUTE);
}

int inspect_exec_failure(const char *path, int errnum, struct error *err)
{
	switch (errnum) {
	case ENOENT: return explain_missing(path, err);
	case ENOEXEC: return explain_format(path, err);
	case EACCES:
	case EISDIR: return explain_denied(path, err);
	case ENOTDIR:
		error_set(err, 0, "open executable `%s`", path);
		return set_exec_error(err, errnum, PROGRAM_STATUS_NOT_FOUND);
	default:
		error_set(err, 0, "exec `%s`", path);
		return set_exec_error(err, errnum, PROGRAM_STATUS_CANNOT_EXECUTE);
	}
}
