/* A disk under the database that needs 5 ms to confirm a write: for LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#define SLOW(name)                                                      \
    int name(int descriptor) {                                          \
        usleep(5000);                                                   \
        return ((int (*)(int))dlsym(RTLD_NEXT, #name))(descriptor);     \
    }

SLOW(fsync)
SLOW(fdatasync)
