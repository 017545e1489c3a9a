// AVX2 and FMA.
#include "internal.h"

#if MNEME_X86
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define NAME(x) mneme_##x##_avx2
#define FUSED 1
#include "vectors.h"

#define TILE_ROWS 6
#define TILE_PANELS 1
#include "product_f32.h"

#define I8_ROWS 3
#define I8_PANELS 1
// Part i holds columns 4 i to 4 i + 3, each as two sums.
typedef struct {
  __m256i part[4];
} i8_sums;
INLINE i8_sums i8_none(void) {
  __m256i zero = _mm256_setzero_si256();
  return (i8_sums){{zero, zero, zero, zero}};
}
// Read where they are used: widened, they would take four registers.
typedef const int8_t *i8_weights;
INLINE i8_weights i8_load(const int8_t *w) { return w; }
typedef __m256i i8_input;
INLINE i8_input i8_read(const uint8_t *a) {
  int32_t four;
  memcpy(&four, a, sizeof four);
  return _mm256_cvtepu8_epi16(_mm_set1_epi32(four));
}
INLINE i8_sums i8_step(i8_sums sums, i8_input x, i8_weights w) {
  // 16-bit products: the shorter way, maddubs, saturates.
  for (int i = 0; i < 4; i++) {
    __m256i weights = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + 16 * i)));
    sums.part[i] = _mm256_add_epi32(sums.part[i], _mm256_madd_epi16(x, weights));
  }
  return sums;
}
INLINE v16i i8_total(i8_sums sums) {
  __m256i low = _mm256_permute4x64_epi64(_mm256_hadd_epi32(sums.part[0], sums.part[1]), 0xD8);
  __m256i high = _mm256_permute4x64_epi64(_mm256_hadd_epi32(sums.part[2], sums.part[3]), 0xD8);
  v16i total;
  memcpy(&total, &low, sizeof low);
  memcpy((char *)&total + sizeof low, &high, sizeof high);
  return total;
}
#include "product_i8.h"

typedef __m256i scan_sums;
INLINE scan_sums scan_none(void) { return _mm256_setzero_si256(); }
INLINE scan_sums scan_step(scan_sums sums, const uint8_t *codes, const int8_t *query) {
  for (int i = 0; i < 64; i += 16) {
    __m256i left = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(codes + i)));
    __m256i right = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query + i)));
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(left, right));
  }
  return sums;
}
INLINE int32_t scan_total(scan_sums sums) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1)));
}
#include "scan_i8.h"

#include "attention.h"
#include "rows.h"

#pragma clang attribute pop
#endif
