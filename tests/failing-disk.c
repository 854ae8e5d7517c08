/*
 * A disk that fails when it is told to: preloaded into the program, so that a test needs no real one. While a file of that name
 * lies beside the folder DISK, everything in it fails as
 *   DISK.read-only   on a file system that was remounted read-only: nothing is opened for writing, written or cut
 *   DISK.sync        on a disk that takes writes and cannot keep them: fsync and fdatasync fail
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int inside(const char *path)
{
	const char *disk = getenv("DISK");
	size_t length = disk ? strlen(disk) : 0;
	return length && !strncmp(path, disk, length) && path[length] == '/';
}

static int told(const char *fault)
{
	char path[4096];
	snprintf(path, sizeof path, "%s.%s", getenv("DISK"), fault);
	return access(path, F_OK) == 0;
}

static int fails(int fd, const char *fault)
{
	char link[64], path[4096];
	ssize_t length;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return 0;
	path[length] = 0;
	return inside(path) && told(fault);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITES(type, name, parameters, arguments)                 \
	type name parameters                                      \
	{                                                         \
		if (fails(fd, "read-only")) {                     \
			errno = EROFS;                            \
			return -1;                                \
		}                                                 \
		return REAL(name) arguments;                      \
	}

#define SYNCS(name)                                               \
	int name(int fd)                                          \
	{                                                         \
		if (fails(fd, "sync")) {                          \
			errno = EIO;                              \
			return -1;                                \
		}                                                 \
		return REAL(name)(fd);                            \
	}

#define OPENS(name)                                               \
	int name(const char *path, int flags, ...)                \
	{                                                         \
		va_list rest;                                     \
		mode_t mode;                                      \
		va_start(rest, flags);                            \
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest);                                     \
		if ((flags & O_ACCMODE) != O_RDONLY && inside(path) && told("read-only")) { \
			errno = EROFS;                            \
			return -1;                                \
		}                                                 \
		return REAL(name)(path, flags, mode);             \
	}

WRITES(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length))
WRITES(ssize_t, pwrite, (int fd, const void *bytes, size_t length, off_t at), (fd, bytes, length, at))
WRITES(ssize_t, pwrite64, (int fd, const void *bytes, size_t length, off64_t at), (fd, bytes, length, at))
WRITES(int, ftruncate, (int fd, off_t length), (fd, length))
WRITES(int, ftruncate64, (int fd, off64_t length), (fd, length))
SYNCS(fsync)
SYNCS(fdatasync)
OPENS(open)
OPENS(open64)
