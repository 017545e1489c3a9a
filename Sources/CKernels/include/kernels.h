/// Dense kernels: matrix products, attention and the row-wise functions of the in-process sentence encoder, and the
/// comparison of a query with many vectors.
///
/// Every function is single-threaded, allocates nothing and touches only the memory it is given. A row of a result
/// depends on the same row of the input alone: the order of its additions is fixed and does not change with the number
/// of rows, so a text's vector is the same, bit for bit, whatever batch it is computed in. Results of two instruction
/// sets may differ in the last bits; the integer products are exact everywhere.
///
/// Matrices are dense and row-major. Weights are packed once: panels of 16 output columns, the last one padded.
#ifndef MNEME_KERNELS_H
#define MNEME_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Instruction sets, each one containing those before it.
enum {
  MNEME_ISA_BASE = 0,
  MNEME_ISA_AVX2 = 1,
  MNEME_ISA_AVX512 = 2,
  MNEME_ISA_AVX512VNNI = 3,
};

/// The best instruction set of this processor that the kernels know.
int mneme_isa_best(void);

/// Floats that `mneme_pack_f32` writes for a weight matrix of `n` rows (outputs) and `k` columns (inputs).
size_t mneme_packed_f32_count(size_t n, size_t k);

/// Packs `weights` (`n` x `k`) for `mneme_gemm_f32`. Returns 0 if a weight is not finite, else 1.
int mneme_pack_f32(size_t n, size_t k, const float *weights, float *packed);

/// `result` (`m` x `n`) = `input` (`m` x `k`) times the transposed weights plus `bias` (`n`); then GELU (the exact one,
/// x Phi(x)) if `gelu` is not 0.
void mneme_gemm_f32(
    int isa, size_t m, size_t n, size_t k, const float *input, const float *packed, const float *bias, int gelu,
    float *result);

/// Bytes that `mneme_pack_i8` writes for a weight matrix of `n` rows and `k` columns; 64-byte alignment is best.
size_t mneme_packed_i8_count(size_t n, size_t k);

/// Quantises each row of `weights` (`n` x `k`) to 8 bits, symmetrically, and packs it for `mneme_gemm_u8i8`; writes `n`
/// scales and `n` sums of the quantised weights. Returns 0 if a weight is not finite, else 1.
int mneme_pack_i8(size_t n, size_t k, const float *weights, int8_t *packed, float *scales, int32_t *sums);

/// Bytes of one quantised row of `k` activations: `k` rounded up to a multiple of 4.
size_t mneme_quantised_stride(size_t k);

/// Quantises each row of `input` (`m` x `k`) to unsigned bytes by its own range: x = scale * (byte - zero).
void mneme_quantise_rows(
    int isa, size_t m, size_t k, const float *input, uint8_t *bytes, float *scales, int32_t *zeros);

/// Like `mneme_gemm_f32`, with input and weights of 8 bits and sums of 32.
void mneme_gemm_u8i8(
    int isa, size_t m, size_t n, size_t k, const uint8_t *bytes, const float *scales, const int32_t *zeros,
    const int8_t *packed, const float *weight_scales, const int32_t *weight_sums, const float *bias, int gelu,
    float *result);

/// `result` (`length` x `n`) = the word's row + `type` (`n`) + the position's row, for each token of one sequence.
void mneme_embed_tokens(
    size_t length, size_t n, const uint16_t *tokens, const float *words, const float *positions, const float *type,
    float *result);

/// `rows` (`m` x `n`, `n` a multiple of 16) = layer norm of (`rows` + `addend`); `addend` may be null.
void mneme_layer_norm(
    int isa, size_t m, size_t n, float *rows, const float *addend, const float *gain, const float *bias,
    float epsilon);

/// Floats of scratch that `mneme_attention` needs for one sequence of `length` tokens.
size_t mneme_attention_scratch_count(size_t length, size_t head_size);

/// Self-attention inside one sequence: `qkv` is `length` x 3 x `heads` x `head_size` (queries, keys, values), `result`
/// is `length` x `heads` x `head_size`. `head_size` is a multiple of 16.
void mneme_attention(
    int isa, size_t length, size_t heads, size_t head_size, const float *qkv, float *scratch, float *result);

/// Codes the `k` components of `vector` in two bytes each, rows of `k` rounded up to a multiple of 64: with c and f the
/// bytes of `coarse` and `fine` less 128, a component is scale * (c + f / 254). Returns the scale; `residual` takes the
/// norm of what `coarse` alone leaves out.
float mneme_code_vector(size_t k, const float *vector, uint8_t *coarse, uint8_t *fine, float *residual);

/// For each of `m` rows of codes of `stride` bytes, a multiple of 64, `high` and `low` take the sum of the products of
/// its codes, less 128 each, with the queries of those names.
void mneme_scan_codes(
    int isa, size_t m, size_t stride, const uint8_t *codes, const int8_t *high_query, const int8_t *low_query,
    int32_t *high, int32_t *low);

/// `cosines` (`m`) = scales * scale * (high + low / 254), for each row of which `mneme_scan_codes` gave `high` and `low`.
/// Returns the largest, or -infinity of none.
float mneme_cosines(
    size_t m, const int32_t *high, const int32_t *low, const float *scales, float scale, float *cosines);

/// What a cosine of 1, all words of a query and the person whom it asks for add to a score.
typedef struct {
  float cosine;
  float words;
  float person;
} mneme_own_weights;

/// `scores` (`m`) = weights.cosine * max(cosine, 0) + min(words, weights.words) + weights.person. `largest` (3) takes the
/// largest cosine, or -infinity of none, and the largest words and score, or 0.
void mneme_own_scores(
    size_t m, const float *cosines, const float *words, mneme_own_weights weights, float *scores, float *largest);

/// What stands around a memory adds to its score: a cosine of 1, and the share of what words add there, of at most
/// `most_words`.
typedef struct {
  float cosine;
  float word_share;
  float most_words;
} mneme_lift_weights;

/// Adds to each of `m` scores the most that may come from at most `reach` places before and after, of which `cosines` and
/// `words` have as many more at both ends: weights.cosine * max(largest cosine, 0)
/// + weights.word_share * min(sum of words, weights.most_words).
void mneme_add_lifts(
    size_t m, size_t reach, const float *cosines, const float *words, mneme_lift_weights weights, float *scores);

/// The first index from `first` on where one of `m` values is at least `least`; `m` where there is none.
size_t mneme_next_at_least(size_t m, const float *values, size_t first, float least);

/// `result` (`n`, a multiple of 16) = mean of `m` rows, divided by its L2 norm.
void mneme_mean_pool(int isa, size_t m, size_t n, const float *rows, float *result);

#endif
