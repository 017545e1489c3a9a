// 16-lane vectors for the templates: one source, compiled once for each instruction set. The including file defines
//   NAME(x)  the function's name for this set
//   FUSED    1 if a fused multiply-add is one instruction
#include <string.h>

#include "internal.h"

// Vectors wider than a register are passed only between inlined functions.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16f __attribute__((ext_vector_type(16)));
typedef int32_t v16i __attribute__((ext_vector_type(16)));
typedef uint8_t v16u8 __attribute__((ext_vector_type(16)));
typedef v16f v16f_any __attribute__((aligned(4), may_alias));
typedef v16i v16i_any __attribute__((aligned(1), may_alias));
typedef v16u8 v16u8_any __attribute__((aligned(1), may_alias));

#define INLINE static inline __attribute__((always_inline, unused))

INLINE v16f load(const float *p) { return *(const v16f_any *)p; }
INLINE void store(float *p, v16f x) { *(v16f_any *)p = x; }

// The first `columns` lanes, at most 16; the others are 0.
INLINE v16f load_columns(const float *p, size_t columns) {
  if (columns >= 16) return load(p);
  v16f x = (v16f)(0.0f);
  memcpy(&x, p, columns * sizeof(float));
  return x;
}

INLINE void store_columns(float *p, v16f x, size_t columns) {
  if (columns >= 16) {
    store(p, x);
  } else {
    memcpy(p, &x, columns * sizeof(float));
  }
}

INLINE v16f multiply_add(v16f a, v16f b, v16f c) {
#if FUSED
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

INLINE v16f maximum(v16f a, v16f b) { return a > b ? a : b; }
INLINE v16f minimum(v16f a, v16f b) { return a < b ? a : b; }

// A fixed tree, so that every caller adds in the same order.
INLINE float sum_lanes(v16f x) {
  float lane[16];
  memcpy(lane, &x, sizeof lane);
  for (int width = 8; width > 0; width /= 2)
    for (int i = 0; i < width; i++) lane[i] += lane[i + width];
  return lane[0];
}

INLINE float max_lanes(v16f x) {
  float lane[16];
  memcpy(lane, &x, sizeof lane);
  for (int width = 8; width > 0; width /= 2)
    for (int i = 0; i < width; i++) lane[i] = lane[i] > lane[i + width] ? lane[i] : lane[i + width];
  return lane[0];
}

INLINE float min_lanes(v16f x) { return -max_lanes(-x); }

// Adding 1.5 * 2^23 leaves the nearest integer (ties to even) in the low bits of the sum.
#define ROUNDING 12582912.0f
#define ROUNDING_BITS 0x4B400000

// e^x for x <= 0, relative error 3e-9 before rounding: x = n ln 2 + r, e^r = 1 + r + r^2 q(r), q a minimax fit.
INLINE v16f exponential(v16f x) {
  x = maximum(x, (v16f)(-87.0f));
  v16f shifted = multiply_add(x, (v16f)(1.44269504f), (v16f)(ROUNDING));
  v16f n = shifted - ROUNDING;
  v16f r = multiply_add(n, (v16f)(-0.693145752f), x);
  r = multiply_add(n, (v16f)(-1.42860677e-6f), r);
  v16f q = (v16f)(0.0013814596459269524f);
  q = multiply_add(q, r, (v16f)(0.0083687175065279f));
  q = multiply_add(q, r, (v16f)(0.04166838899254799f));
  q = multiply_add(q, r, (v16f)(0.1666652113199234f));
  q = multiply_add(q, r, (v16f)(0.4999999403953552f));
  v16f p = multiply_add(q, r * r, r) + 1.0f;
  v16i bits = __builtin_bit_cast(v16i, p) + ((__builtin_bit_cast(v16i, shifted) - ROUNDING_BITS) << 23);
  return __builtin_bit_cast(v16f, bits);
}

// x Phi(x) with Phi(x) - 1/2 = x P(x^2) / Q(x^2), a minimax fit on |x| <= 5.5 with error 7e-9 before rounding.
INLINE v16f gelu(v16f x) {
  v16f c = maximum(minimum(x, (v16f)(5.5f)), (v16f)(-5.5f));
  v16f u = c * c;
  v16f p = (v16f)(2.2749343741342138e-08f);
  p = multiply_add(p, u, (v16f)(6.352102445816854e-06f));
  p = multiply_add(p, u, (v16f)(0.00016882529598660767f));
  p = multiply_add(p, u, (v16f)(0.004677257966250181f));
  p = multiply_add(p, u, (v16f)(0.033852625638246536f));
  p = multiply_add(p, u, (v16f)(0.398942232131958f));
  v16f q = (v16f)(1.197502115246607e-06f);
  q = multiply_add(q, u, (v16f)(7.364731573034078e-05f));
  q = multiply_add(q, u, (v16f)(0.0018844427540898323f));
  q = multiply_add(q, u, (v16f)(0.02864585630595684f));
  q = multiply_add(q, u, (v16f)(0.25152185559272766f));
  q = multiply_add(q, u, (v16f)(1.0f));
  return x * (c * p / q + 0.5f);
}

// A finished register tile, while it is in the cache.
INLINE void gelu_tile(size_t rows, size_t columns, float *tile, size_t stride) {
#pragma clang loop unroll(disable)
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < columns; i += 16)
      store_columns(tile + r * stride + i, gelu(load_columns(tile + r * stride + i, columns - i)), columns - i);
}

// Rows of the next register tile, so that what is left is cut into tiles of about one height.
INLINE size_t tile_rows(size_t left, size_t most) {
  size_t tiles = (left + most - 1) / most;
  return (left + tiles - 1) / tiles;
}

// What a register tile fetches ahead: a line of the cache or two at each step of k.
typedef struct {
  const char *start;
  size_t step;
} fetched;

// The next tile of columns begins at `next`, and has `panels` panels of `steps` lines each. With few rows its weights
// would come from memory one miss after the other; the first tiles of rows share the fetching, so that memory is
// asked evenly, and the others fetch nothing new. `tile` counts from 0.
INLINE fetched fetch(const void *next, size_t panels, size_t steps, size_t tile, int is_only) {
  fetched ahead = {(const char *)next, 0};
  if (tile == 0) ahead.step = is_only ? 64 * panels : 64;
  if (tile == 1 && panels == 2) ahead = (fetched){(const char *)next + 64 * steps, 64};
  return ahead;
}

INLINE void fetch_step(fetched ahead, size_t i, int panels) {
  for (int p = 0; p < panels; p++) __builtin_prefetch(ahead.start + i * ahead.step + 64 * p, 0, 2);
}

// CALL(rows) with a constant, for rows from 1 to the tile's height.
#define FOR_ROWS_3(rows, CALL) \
  switch (rows) { \
    case 1: CALL(1); break; \
    case 2: CALL(2); break; \
    default: CALL(3); \
  }
#define FOR_ROWS_6(rows, CALL) \
  switch (rows) { \
    case 1: CALL(1); break; \
    case 2: CALL(2); break; \
    case 3: CALL(3); break; \
    case 4: CALL(4); break; \
    case 5: CALL(5); break; \
    default: CALL(6); \
  }
#define FOR_ROWS_12(rows, CALL) \
  switch (rows) { \
    case 7: CALL(7); break; \
    case 8: CALL(8); break; \
    case 9: CALL(9); break; \
    case 10: CALL(10); break; \
    case 11: CALL(11); break; \
    case 12: CALL(12); break; \
    default: FOR_ROWS_6(rows, CALL) \
  }
#define FOR_ROWS_PASTE(most) FOR_ROWS_##most
#define FOR_ROWS_OF(most) FOR_ROWS_PASTE(most)
#define FOR_ROWS(most, rows, CALL) FOR_ROWS_OF(most)(rows, CALL)
