// Every processor: SSE2 on x86-64, NEON on arm64.
#define NAME(x) mneme_##x##_base
#define FUSED 0
#include "vectors.h"

#define TILE_ROWS 3
#define TILE_PANELS 1
#include "product_f32.h"

#define I8_ROWS 3
#define I8_PANELS 1
typedef v16i i8_sums;
INLINE i8_sums i8_none(void) { return (v16i)(0); }
typedef v16i i8_weights;
INLINE i8_weights i8_load(const int8_t *w) { return *(const v16i_any *)w; }
typedef const uint8_t *i8_input;
INLINE i8_input i8_read(const uint8_t *a) { return a; }
INLINE i8_sums i8_step(i8_sums sums, i8_input x, i8_weights w) {
  // Lane j holds the 4 weights of column j, the first one in its lowest byte.
  for (int i = 0; i < 4; i++) sums += (w << (24 - 8 * i) >> 24) * (int32_t)x[i];
  return sums;
}
INLINE v16i i8_total(i8_sums sums) { return sums; }
#include "product_i8.h"

typedef int32_t scan_sums;
INLINE scan_sums scan_none(void) { return 0; }
INLINE scan_sums scan_step(scan_sums sums, const uint8_t *codes, const int8_t *query) {
  for (int i = 0; i < 64; i++) sums += (int32_t)codes[i] * query[i];
  return sums;
}
INLINE int32_t scan_total(scan_sums sums) { return sums; }
#include "scan_i8.h"

#include "attention.h"
#include "rows.h"
