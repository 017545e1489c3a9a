// Attention inside one sequence; needs vectors.h and product_f32.h.
//
// A lane holds a query: maxima and sums over the keys are those of whole vectors, and no lane is added to another.

// The first `rows` rows of 16 floats each, transposed: lane j of vector i is float i of row j, 0 from row `rows` on.
INLINE void transpose(size_t rows, const float *source, size_t stride, float *result) {
  v16f a[16], b[16];
  for (size_t j = 0; j < 16; j++) a[j] = j < rows ? load(source + j * stride) : (v16f)(0.0f);
#define LANES(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
  // Each round exchanges blocks of half the size of the round before.
  for (int j = 0; j < 8; j++) {
    b[j] = LANES(a[j], a[j + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    b[j + 8] = LANES(a[j], a[j + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
  for (int j = 0; j < 16; j++) {
    if (j & 4) continue;
    a[j] = LANES(b[j], b[j + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    a[j + 4] = LANES(b[j], b[j + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
  }
  for (int j = 0; j < 16; j++) {
    if (j & 2) continue;
    b[j] = LANES(a[j], a[j + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    b[j + 2] = LANES(a[j], a[j + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  for (int j = 0; j < 16; j += 2) {
    store(result + 16 * j, LANES(b[j], b[j + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30));
    store(result + 16 * j + 16, LANES(b[j], b[j + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31));
  }
#undef LANES
}

// `scores` has one row for each of `length` keys, of 16 queries each. Writes the weights unnormalised, and 1 / their
// sums to `inverse`.
INLINE void softmax(size_t length, float scale, float *scores, size_t stride, float *inverse) {
  v16f top = load(scores);
  for (size_t i = 1; i < length; i++) top = maximum(top, load(scores + i * stride));
  v16f total = (v16f)(0.0f);
  for (size_t i = 0; i < length; i++) {
    v16f e = exponential((load(scores + i * stride) - top) * scale);
    total += e;
    store(scores + i * stride, e);
  }
  store(inverse, 1.0f / total);
}

void NAME(attention)(
    size_t length, size_t heads, size_t head_size, const float *qkv, float *scratch, float *result) {
  size_t width = heads * head_size, stride = 3 * width;
  float scale = 1.0f / __builtin_sqrtf((float)head_size);
  float *queries = scratch, *scores = queries + ATTENTION_QUERIES * head_size, inverse[ATTENTION_QUERIES];
  for (size_t head = 0; head < heads; head++) {
    const float *q = qkv + head * head_size;
    strided keys = {q + width, stride, 1};
    panelled values = {q + 2 * width, 16, stride};
    for (size_t first = 0; first < length; first += ATTENTION_QUERIES) {
      size_t rows = length - first < ATTENTION_QUERIES ? length - first : ATTENTION_QUERIES;
      size_t padded = (rows + 15) / 16 * 16;
      for (size_t row = 0; row < rows; row += 16)
        for (size_t i = 0; i < head_size; i += 16)
          transpose(
              rows - row < 16 ? rows - row : 16, q + (first + row) * stride + i, stride,
              queries + row * head_size + 16 * i);
      product_f32(
          length, padded, head_size, keys, (panelled){queries, 16 * head_size, 16}, NULL, 0, scores, padded);
      for (size_t row = 0; row < rows; row += 16) softmax(length, scale, scores + row, padded, inverse + row);
      float *c = result + first * width + head * head_size;
      product_f32(rows, head_size, length, (strided){scores, 1, padded}, values, NULL, 0, c, width);
      for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < head_size; i += 16)
          store(c + row * width + i, load(c + row * width + i) * inverse[row]);
    }
  }
}
