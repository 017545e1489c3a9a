// AVX-512; its integer product without VNNI is that of AVX2.
#include "internal.h"

#if MNEME_X86
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)

#define NAME(x) mneme_##x##_avx512
#define FUSED 1
#include "vectors.h"

#define TILE_ROWS 12
#define TILE_PANELS 2
#include "product_f32.h"

#include "attention.h"
#include "rows.h"

#pragma clang attribute pop
#endif
