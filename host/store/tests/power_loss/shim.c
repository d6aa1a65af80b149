/* Writes down what a process does to the engine's database file, in the order in which it happens.
 *
 * Loaded with LD_PRELOAD. Records go to the file named by MOORING_TRACE, each in one writev on an O_APPEND descriptor, so
 * that records of other writers (the workload's own acknowledgements) never mix with them:
 *
 *     kind (1 byte)  argument (8 bytes, little endian)  length (8 bytes, little endian)  payload
 *
 *     'W' pwrite     offset          the bytes
 *     'S' sync begun number          -
 *     'E' sync ended number          -             only if it succeeded; sync_file_range is not a sync
 *     'T' truncated  new length      -
 *     'R' renamed    0               content of the file that became SENTINEL
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 4096
#define SENTINEL_BYTES_MAX 4096

static _Atomic int is_database[FILES_MAX];
static _Atomic uint64_t syncs;
static int trace = -1;

#define REAL(name, result, ...)                                    \
    static result (*real)(__VA_ARGS__);                            \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
    REAL("open64", int, const char *, int, ...);
    const char *path = getenv("MOORING_TRACE");
    if (path) trace = real(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

static void note(char kind, uint64_t argument, const void *payload, uint64_t length) {
    unsigned char head[17];
    head[0] = kind;
    memcpy(head + 1, &argument, 8);
    memcpy(head + 9, &length, 8);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)payload, length}};
    if (trace >= 0 && writev(trace, parts, 2) != (ssize_t)(sizeof head + length)) abort();
}

static int ends_with(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static int opened(int file, const char *path) {
    if (file >= 0 && file < FILES_MAX) is_database[file] = ends_with(path, "/engine/db");
    return file;
}

static int known(int file) { return file >= 0 && file < FILES_MAX && is_database[file]; }

#define OPEN(function)                                             \
    int function(const char *path, int flags, ...) {               \
        REAL(#function, int, const char *, int, ...);              \
        va_list rest;                                              \
        va_start(rest, flags);                                     \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; \
        va_end(rest);                                              \
        return opened(real(path, flags, mode), path);              \
    }
OPEN(open)
OPEN(open64)

int close(int file) {
    REAL("close", int, int);
    if (file >= 0 && file < FILES_MAX) is_database[file] = 0;
    return real(file);
}

#define PWRITE(function, offset_type)                              \
    ssize_t function(int file, const void *bytes, size_t length, offset_type offset) { \
        REAL(#function, ssize_t, int, const void *, size_t, offset_type); \
        ssize_t written = real(file, bytes, length, offset);       \
        if (written > 0 && known(file)) note('W', (uint64_t)offset, bytes, (uint64_t)written); \
        return written;                                            \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define SYNC(function)                                             \
    int function(int file) {                                       \
        REAL(#function, int, int);                                 \
        if (!known(file)) return real(file);                       \
        uint64_t number = atomic_fetch_add(&syncs, 1);             \
        note('S', number, NULL, 0);                                \
        int result = real(file);                                   \
        if (result == 0) note('E', number, NULL, 0);               \
        return result;                                             \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(function, offset_type)                            \
    int function(int file, offset_type length) {                   \
        REAL(#function, int, int, offset_type);                    \
        int result = real(file, length);                           \
        if (result == 0 && known(file)) note('T', (uint64_t)length, NULL, 0); \
        return result;                                             \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

/* The engine writes by position only; were that to change, the trace would be wrong without a word. */
ssize_t write(int file, const void *bytes, size_t length) {
    REAL("write", ssize_t, int, const void *, size_t);
    if (known(file)) abort();
    return real(file, bytes, length);
}

int rename(const char *from, const char *to) {
    REAL("rename", int, const char *, const char *);
    int result = real(from, to);
    if (result == 0 && ends_with(to, "/SENTINEL")) {
        char content[SENTINEL_BYTES_MAX];
        int file = open(to, O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? -1 : read(file, content, sizeof content);
        if (length < 0) abort();
        close(file);
        note('R', 0, content, (uint64_t)length);
    }
    return result;
}
