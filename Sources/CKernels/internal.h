// Names of the kernels of each instruction set, and what they share.
#ifndef MNEME_INTERNAL_H
#define MNEME_INTERNAL_H

#include "kernels.h"

// Queries whose attention scores are held at once, a multiple of 16.
#define ATTENTION_QUERIES 32

#if defined(__x86_64__)
#define MNEME_X86 1
#else
#define MNEME_X86 0
#endif

#define DECLARE_PRODUCT_I8(isa) \
  void mneme_gemm_u8i8_##isa( \
      size_t m, size_t n, size_t k, const uint8_t *bytes, const float *scales, const int32_t *zeros, \
      const int8_t *packed, const float *weight_scales, const int32_t *weight_sums, const float *bias, \
      int with_gelu, float *result);

#define DECLARE_SCAN(isa) \
  void mneme_scan_codes_##isa( \
      size_t m, size_t stride, const uint8_t *codes, const int8_t *high_query, const int8_t *low_query, \
      int32_t *high, int32_t *low);

#define DECLARE_KERNELS(isa) \
  DECLARE_PRODUCT_I8(isa) \
  void mneme_gemm_f32_##isa( \
      size_t m, size_t n, size_t k, const float *input, const float *packed, const float *bias, int with_gelu, \
      float *result); \
  void mneme_quantise_rows_##isa( \
      size_t m, size_t k, const float *input, uint8_t *bytes, float *scales, int32_t *zeros); \
  void mneme_layer_norm_##isa( \
      size_t m, size_t n, float *rows, const float *addend, const float *gain, const float *bias, float epsilon); \
  void mneme_attention_##isa( \
      size_t length, size_t heads, size_t head_size, const float *qkv, float *scratch, float *result); \
  void mneme_mean_pool_##isa(size_t m, size_t n, const float *rows, float *result);

DECLARE_KERNELS(base)
DECLARE_KERNELS(avx2)
DECLARE_KERNELS(avx512)
// Only what multiplies bytes has code of its own for VNNI, and only that has none for AVX-512 without it.
DECLARE_PRODUCT_I8(avx512vnni)
DECLARE_SCAN(base)
DECLARE_SCAN(avx2)
DECLARE_SCAN(avx512vnni)

#endif
