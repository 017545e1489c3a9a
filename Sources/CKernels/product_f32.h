// The float matrix product. The including file defines, besides what vectors.h asks for,
//   TILE_ROWS    rows of one register tile
//   TILE_PANELS  panels (of 16 columns) of one register tile, 1 or 2
// The tile's shape never changes a result: each element has one accumulator that walks k upwards.

// A matrix of which neither dimension need be dense: floats from one row to the next, and from one column to the next.
typedef struct {
  const float *start;
  size_t row, column;
} strided;

// Right-hand sides in panels of 16 columns: floats from one panel to the next, and from one step of k to the next.
typedef struct {
  const float *start;
  size_t panel, step;
} panelled;

// One register tile: `rows` and `panels` are constants at every call.
INLINE void tile_f32(
    int rows, int panels, size_t k, size_t columns, strided input, panelled right, fetched ahead, const float *bias,
    float *result, size_t result_stride) {
  v16f sums[TILE_ROWS][TILE_PANELS];
  for (int p = 0; p < panels; p++) {
    v16f start = bias ? load_columns(bias + 16 * p, columns - 16 * p) : (v16f)(0.0f);
    for (int r = 0; r < rows; r++) sums[r][p] = start;
  }
  for (size_t i = 0; i < k; i++) {
    v16f weights[TILE_PANELS];
    for (int p = 0; p < panels; p++) weights[p] = load(right.start + p * right.panel + i * right.step);
    fetch_step(ahead, i, panels);
    for (int r = 0; r < rows; r++) {
      v16f x = (v16f)(input.start[r * input.row + i * input.column]);
      for (int p = 0; p < panels; p++) sums[r][p] = multiply_add(x, weights[p], sums[r][p]);
    }
  }
  for (int r = 0; r < rows; r++)
    for (int p = 0; p < panels; p++)
      store_columns(result + r * result_stride + 16 * p, sums[r][p], columns - 16 * p);
}

// `result` (`m` x `n`) = `input` (`m` x `k`) times `right` (`k` x `n`) plus `bias`.
INLINE void product_f32(
    size_t m, size_t n, size_t k, strided input, panelled right, const float *bias, int with_gelu, float *result,
    size_t result_stride) {
  for (size_t column = 0; column < n;) {
    size_t panels = TILE_PANELS == 2 && n - column > 16 ? 2 : 1;
    const float *b = bias ? bias + column : NULL;
    strided rest = input;
    for (size_t row = 0, tile = 0, rows; row < m; row += rows, tile++) {
      rows = tile_rows(m - row, TILE_ROWS);
      fetched ahead = fetch(right.start + panels * right.panel, panels, k, tile, rows == m);
      float *c = result + row * result_stride + column;
#define ALL_PANELS(R) tile_f32(R, TILE_PANELS, k, n - column, rest, right, ahead, b, c, result_stride)
#define ONE_PANEL(R) tile_f32(R, 1, k, n - column, rest, right, ahead, b, c, result_stride)
      if (panels == TILE_PANELS) {
        FOR_ROWS(TILE_ROWS, rows, ALL_PANELS)
      } else {
        FOR_ROWS(TILE_ROWS, rows, ONE_PANEL)
      }
      if (with_gelu) gelu_tile(rows, n - column < 16 * panels ? n - column : 16 * panels, c, result_stride);
#undef ONE_PANEL
#undef ALL_PANELS
      rest.start += rows * input.row;
    }
    column += 16 * panels;
    right.start += panels * right.panel;
  }
}

void NAME(gemm_f32)(
    size_t m, size_t n, size_t k, const float *input, const float *packed, const float *bias, int with_gelu,
    float *result) {
  product_f32(m, n, k, (strided){input, k, 1}, (panelled){packed, 16 * k, 16}, bias, with_gelu, result, n);
}
