// AVX-512 VNNI: four byte products and their sum are one instruction.
#include "internal.h"

#if MNEME_X86
#include <immintrin.h>
#define VNNI_TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma"
#pragma clang attribute push(__attribute__((target(VNNI_TARGET))), apply_to = function)

#define NAME(x) mneme_##x##_avx512vnni
#define FUSED 1
#include "vectors.h"

#define I8_ROWS 12
#define I8_PANELS 2
typedef __m512i i8_sums;
INLINE i8_sums i8_none(void) { return _mm512_setzero_si512(); }
typedef __m512i i8_weights;
INLINE i8_weights i8_load(const int8_t *w) { return _mm512_loadu_si512(w); }
typedef __m512i i8_input;
INLINE i8_input i8_read(const uint8_t *a) {
  int32_t four;
  memcpy(&four, a, sizeof four);
  return _mm512_set1_epi32(four);
}
INLINE i8_sums i8_step(i8_sums sums, i8_input x, i8_weights w) { return _mm512_dpbusd_epi32(sums, x, w); }
INLINE v16i i8_total(i8_sums sums) { return __builtin_bit_cast(v16i, sums); }
#include "product_i8.h"

typedef __m512i scan_sums;
INLINE scan_sums scan_none(void) { return _mm512_setzero_si512(); }
INLINE scan_sums scan_step(scan_sums sums, const uint8_t *codes, const int8_t *query) {
  return _mm512_dpbusd_epi32(sums, _mm512_loadu_si512(codes), _mm512_loadu_si512(query));
}
INLINE int32_t scan_total(scan_sums sums) { return _mm512_reduce_add_epi32(sums); }
#include "scan_i8.h"

#pragma clang attribute pop
#endif
