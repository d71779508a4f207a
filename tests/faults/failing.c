/* A disk under the database that reports errors now and then: for LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sync_share, write_share; /* of 1000 calls so many fail */
static unsigned int dice;
static long failures;

void fail_now_and_then(int syncs, int writes, unsigned int seed) {
    sync_share = syncs;
    write_share = writes;
    dice = seed;
}

static int is_database(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    char *name = strrchr(path, '/');
    return name && !strncmp(name, "/conversations.db", 17) && !strstr(name, "-shm");
}

static int fails(int share, int descriptor) {
    if (!share || !is_database(descriptor)) return 0;
    if (rand_r(&dice) % 1000 >= share) return 0;
    failures++;
    errno = EIO;
    return 1;
}

long failed_so_far(void) { return failures; }

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

int fsync(int descriptor) { return fails(sync_share, descriptor) ? -1 : REAL(fsync)(descriptor); }

int fdatasync(int descriptor) {
    return fails(sync_share, descriptor) ? -1 : REAL(fdatasync)(descriptor);
}

ssize_t write(int descriptor, const void *from, size_t length) {
    return fails(write_share, descriptor) ? -1 : REAL(write)(descriptor, from, length);
}

ssize_t pwrite(int descriptor, const void *from, size_t length, off_t at) {
    return fails(write_share, descriptor) ? -1 : REAL(pwrite)(descriptor, from, length, at);
}

ssize_t pwrite64(int descriptor, const void *from, size_t length, off64_t at) {
    return fails(write_share, descriptor) ? -1 : REAL(pwrite64)(descriptor, from, length, at);
}
