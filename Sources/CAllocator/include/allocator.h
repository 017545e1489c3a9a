#ifndef MNEME_ALLOCATOR_H
#define MNEME_ALLOCATOR_H

#include <features.h>
#include <sqlite3.h>
#include <stddef.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/// Asks the C library's allocator to take memory from the system `pad` bytes at a time, to give it back only where more
/// than `trim` bytes lie idle at the end of a heap, and to map blocks of `map` bytes and more one by one. Another
/// library's allocator is left as it is.
static inline void mneme_allocator_set(int pad, int trim, int map) {
#ifdef __GLIBC__
  mallopt(M_TOP_PAD, pad);
  mallopt(M_TRIM_THRESHOLD, trim);
  mallopt(M_MMAP_THRESHOLD, map);
#else
  (void)pad;
  (void)trim;
  (void)map;
#endif
}

/// Tells SQLite not to count the bytes that it holds, which takes a lock of the whole process each time. To be called
/// before any database is opened; it does nothing afterwards.
static inline void mneme_sqlite_forgo_statistics(void) { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

/// Gives memory that lies idle back to the system, but for `pad` bytes.
static inline void mneme_allocator_trim(size_t pad) {
#ifdef __GLIBC__
  malloc_trim(pad);
#else
  (void)pad;
#endif
}

#endif
