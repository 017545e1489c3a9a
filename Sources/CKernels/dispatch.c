// Chooses the code of an instruction set.
#include "internal.h"

int mneme_isa_best(void) {
#if MNEME_X86
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return MNEME_ISA_BASE;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return MNEME_ISA_AVX2;
  return __builtin_cpu_supports("avx512vnni") ? MNEME_ISA_AVX512VNNI : MNEME_ISA_AVX512;
#else
  return MNEME_ISA_BASE;
#endif
}

#if MNEME_X86
#define DISPATCH(isa, function, ...) \
  switch (isa) { \
    case MNEME_ISA_AVX512VNNI: \
    case MNEME_ISA_AVX512: mneme_##function##_avx512(__VA_ARGS__); break; \
    case MNEME_ISA_AVX2: mneme_##function##_avx2(__VA_ARGS__); break; \
    default: mneme_##function##_base(__VA_ARGS__); \
  }
#else
#define DISPATCH(isa, function, ...) mneme_##function##_base(__VA_ARGS__)
#endif

void mneme_gemm_f32(
    int isa, size_t m, size_t n, size_t k, const float *input, const float *packed, const float *bias, int gelu,
    float *result) {
  DISPATCH(isa, gemm_f32, m, n, k, input, packed, bias, gelu, result);
}

// What multiplies bytes is the same on AVX-512 without VNNI as on AVX2.
#if MNEME_X86
#define DISPATCH_BYTES(isa, function, ...) \
  switch (isa) { \
    case MNEME_ISA_AVX512VNNI: mneme_##function##_avx512vnni(__VA_ARGS__); break; \
    case MNEME_ISA_AVX512: \
    case MNEME_ISA_AVX2: mneme_##function##_avx2(__VA_ARGS__); break; \
    default: mneme_##function##_base(__VA_ARGS__); \
  }
#else
#define DISPATCH_BYTES(isa, function, ...) mneme_##function##_base(__VA_ARGS__)
#endif

void mneme_gemm_u8i8(
    int isa, size_t m, size_t n, size_t k, const uint8_t *bytes, const float *scales, const int32_t *zeros,
    const int8_t *packed, const float *weight_scales, const int32_t *weight_sums, const float *bias, int gelu,
    float *result) {
  DISPATCH_BYTES(
      isa, gemm_u8i8, m, n, k, bytes, scales, zeros, packed, weight_scales, weight_sums, bias, gelu, result);
}

void mneme_scan_codes(
    int isa, size_t m, size_t stride, const uint8_t *codes, const int8_t *high_query, const int8_t *low_query,
    int32_t *high, int32_t *low) {
  DISPATCH_BYTES(isa, scan_codes, m, stride, codes, high_query, low_query, high, low);
}

void mneme_quantise_rows(
    int isa, size_t m, size_t k, const float *input, uint8_t *bytes, float *scales, int32_t *zeros) {
  DISPATCH(isa, quantise_rows, m, k, input, bytes, scales, zeros);
}

void mneme_layer_norm(
    int isa, size_t m, size_t n, float *rows, const float *addend, const float *gain, const float *bias,
    float epsilon) {
  DISPATCH(isa, layer_norm, m, n, rows, addend, gain, bias, epsilon);
}

size_t mneme_attention_scratch_count(size_t length, size_t head_size) {
  return ATTENTION_QUERIES * (head_size + length);
}

void mneme_attention(
    int isa, size_t length, size_t heads, size_t head_size, const float *qkv, float *scratch, float *result) {
  DISPATCH(isa, attention, length, heads, head_size, qkv, scratch, result);
}

void mneme_mean_pool(int isa, size_t m, size_t n, const float *rows, float *result) {
  DISPATCH(isa, mean_pool, m, n, rows, result);
}
