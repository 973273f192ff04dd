/* Loaded before the C library of a process: while the file named by READ_ONLY_WHILE is there, no regular file can be
 * written, as on a file system that the kernel has mounted read-only after an error (errors=remount-ro of ext4(5)).
 * Files that are open already fail likewise, which no permission brings about. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int read_only(int fd) {
    const char *flag = getenv("READ_ONLY_WHILE");
    struct stat file;
    return flag && !access(flag, F_OK) && !fstat(fd, &file) && S_ISREG(file.st_mode);
}

#define UNLESS_READ_ONLY(fd, result, name, parameters, arguments)                                                  \
    result name parameters {                                                                                       \
        static result(*real) parameters;                                                                           \
        if (read_only(fd)) {                                                                                       \
            errno = EROFS;                                                                                         \
            return -1;                                                                                             \
        }                                                                                                          \
        if (!real)                                                                                                 \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                                                             \
        return real arguments;                                                                                     \
    }

UNLESS_READ_ONLY(fd, ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count))
UNLESS_READ_ONLY(fd, ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at))
UNLESS_READ_ONLY(fd, ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at))
UNLESS_READ_ONLY(fd, int, ftruncate, (int fd, off_t length), (fd, length))
UNLESS_READ_ONLY(fd, int, ftruncate64, (int fd, off64_t length), (fd, length))
