// The integer matrix product. The including file defines, besides what vectors.h asks for,
//   I8_ROWS, I8_PANELS        the register tile, as in product_f32.h
//   i8_sums, i8_none          16 running sums, and their start
//   i8_weights, i8_load(w)    the 16 x 4 weights at w
//   i8_input, i8_read(a)      4 input bytes, for all sums
//   i8_step(sums, x, w)       adds the products of 4 input bytes with 16 x 4 weights
//   i8_total(sums)            the 16 sums, in order
// Sums are exact: |sum| <= 255 * 127 * k fits 32 bits up to k = 66,000.

INLINE void tile_i8(
    int rows, int panels, size_t steps, size_t columns, const uint8_t *bytes, const float *scales,
    const int32_t *zeros, const int8_t *packed, fetched ahead, const float *weight_scales, const int32_t *weight_sums,
    const float *bias, float *result, size_t result_stride) {
  i8_sums sums[I8_ROWS][I8_PANELS];
  for (int r = 0; r < rows; r++)
    for (int p = 0; p < panels; p++) sums[r][p] = i8_none();
  // One input is alive at a time: sums and weights leave few registers.
  for (size_t i = 0; i < steps; i++) {
    i8_weights weights[I8_PANELS];
    for (int p = 0; p < panels; p++) weights[p] = i8_load(packed + 64 * (p * steps + i));
    fetch_step(ahead, i, panels);
    for (int r = 0; r < rows; r++) {
      i8_input x = i8_read(bytes + 4 * (r * steps + i));
      for (int p = 0; p < panels; p++) sums[r][p] = i8_step(sums[r][p], x, weights[p]);
    }
  }
  for (int p = 0; p < panels; p++) {
    size_t left = columns - 16 * p;
    v16f scale = load_columns(weight_scales + 16 * p, left), start = load_columns(bias + 16 * p, left);
    v16i weight_sum = __builtin_bit_cast(v16i, load_columns((const float *)(weight_sums + 16 * p), left));
    for (int r = 0; r < rows; r++) {
      v16i exact = i8_total(sums[r][p]) - weight_sum * zeros[r];
      v16f x = multiply_add(__builtin_convertvector(exact, v16f), scale * scales[r], start);
      store_columns(result + r * result_stride + 16 * p, x, left);
    }
  }
}

void NAME(gemm_u8i8)(
    size_t m, size_t n, size_t k, const uint8_t *bytes, const float *scales, const int32_t *zeros,
    const int8_t *packed, const float *weight_scales, const int32_t *weight_sums, const float *bias, int with_gelu,
    float *result) {
  size_t steps = mneme_quantised_stride(k) / 4;
  for (size_t column = 0; column < n;) {
    size_t panels = I8_PANELS == 2 && n - column > 16 ? 2 : 1;
    for (size_t row = 0, tile = 0, rows; row < m; row += rows, tile++) {
      rows = tile_rows(m - row, I8_ROWS);
      fetched ahead = fetch(packed + 64 * panels * steps, panels, steps, tile, rows == m);
      float *c = result + row * n + column;
#define TILE(R, P) \
  tile_i8( \
      R, P, steps, n - column, bytes + row * 4 * steps, scales + row, zeros + row, packed, ahead, \
      weight_scales + column, weight_sums + column, bias + column, c, n)
#define ALL_PANELS(R) TILE(R, I8_PANELS)
#define ONE_PANEL(R) TILE(R, 1)
      if (panels == I8_PANELS) {
        FOR_ROWS(I8_ROWS, rows, ALL_PANELS)
      } else {
        FOR_ROWS(I8_ROWS, rows, ONE_PANEL)
      }
      if (with_gelu) gelu_tile(rows, n - column < 16 * panels ? n - column : 16 * panels, c, n);
#undef ONE_PANEL
#undef ALL_PANELS
#undef TILE
    }
    column += 16 * panels;
    packed += 64 * panels * steps;
  }
}
