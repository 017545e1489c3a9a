// Packing of weights: at load, not in the hot path.
#include <string.h>

#include "internal.h"

// A product is rounded before anything is added to it, so that the codes are the same on every processor.
#pragma STDC FP_CONTRACT OFF

static size_t panel_count(size_t n) { return (n + 15) / 16; }

size_t mneme_packed_f32_count(size_t n, size_t k) { return panel_count(n) * 16 * k; }

size_t mneme_quantised_stride(size_t k) { return (k + 3) / 4 * 4; }

size_t mneme_packed_i8_count(size_t n, size_t k) { return panel_count(n) * 16 * mneme_quantised_stride(k); }

static uint32_t magnitude_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits & 0x7FFFFFFF;
}

// The largest magnitude of a row as bits: those of infinities and NaNs are the largest of all.
static uint32_t largest_bits(size_t k, const float *row) {
  uint32_t largest = 0;
  for (size_t i = 0; i < k; i++) {
    uint32_t bits = magnitude_bits(row[i]);
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

int mneme_pack_f32(size_t n, size_t k, const float *weights, float *packed) {
  for (size_t row = 0; row < n; row++)
    if (largest_bits(k, weights + row * k) >= 0x7F800000) return 0;
  for (size_t panel = 0; panel < panel_count(n); panel++, packed += 16 * k)
    for (size_t lane = 0; lane < 16; lane++) {
      size_t row = 16 * panel + lane;
      for (size_t i = 0; i < k; i++) packed[16 * i + lane] = row < n ? weights[row * k + i] : 0.0f;
    }
  return 1;
}

// One row into its lane of a panel; returns the sum of its codes.
static int32_t pack_row_i8(size_t k, size_t stride, const float *row, float inverse, int8_t *lane) {
  int32_t sum = 0;
  for (size_t i = 0; i < stride; i++) {
    // Adding 1.5 * 2^23 rounds to the nearest integer, ties to even.
    float code = i < k ? (row[i] * inverse + 12582912.0f) - 12582912.0f : 0.0f;
    lane[i / 4 * 64 + i % 4] = (int8_t)code;
    sum += (int32_t)code;
  }
  return sum;
}

int mneme_pack_i8(size_t n, size_t k, const float *weights, int8_t *packed, float *scales, int32_t *sums) {
  size_t stride = mneme_quantised_stride(k);
  memset(packed, 0, mneme_packed_i8_count(n, k));
  for (size_t row = 0; row < n; row++) {
    uint32_t bits = largest_bits(k, weights + row * k);
    if (bits >= 0x7F800000) return 0;
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    // Below this the reciprocal overflows; such a row is 0 for every purpose.
    float inverse = largest > 1e-30f ? 127.0f / largest : 0.0f;
    scales[row] = largest / 127.0f;
    int8_t *lane = packed + row / 16 * 16 * stride + row % 16 * 4;
    sums[row] = pack_row_i8(k, stride, weights + row * k, inverse, lane);
  }
  return 1;
}
