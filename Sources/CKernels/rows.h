// Row-wise functions; needs vectors.h.

void NAME(quantise_rows)(size_t m, size_t k, const float *input, uint8_t *bytes, float *scales, int32_t *zeros) {
  size_t stride = mneme_quantised_stride(k);
  for (size_t row = 0; row < m; row++, input += k, bytes += stride) {
    // The range always holds 0, so that 0 has an exact code.
    v16f low = (v16f)(0.0f), high = (v16f)(0.0f);
    for (size_t i = 0; i < k; i += 16) {
      v16f x = load_columns(input + i, k - i);
      low = minimum(low, x);
      high = maximum(high, x);
    }
    float least = min_lanes(low), range = max_lanes(high) - least;
    float inverse = range > 0 ? 255.0f / range : 0.0f;
    float zero = (-least * inverse + ROUNDING) - ROUNDING;
    scales[row] = range / 255.0f;
    zeros[row] = (int32_t)zero;
    v16f offset = (v16f)(zero + ROUNDING);
    for (size_t i = 0; i < k; i += 16) {
      v16f x = load_columns(input + i, k - i);
      v16i code = __builtin_bit_cast(v16i, multiply_add(x, (v16f)(inverse), offset)) - ROUNDING_BITS;
      code = code < 255 ? code : 255;
      v16u8 narrow = __builtin_convertvector(code > 0 ? code : 0, v16u8);
      if (i + 16 <= stride) {
        *(v16u8_any *)(bytes + i) = narrow;
      } else {
        memcpy(bytes + i, &narrow, stride - i);
      }
    }
  }
}

void NAME(layer_norm)(
    size_t m, size_t n, float *rows, const float *addend, const float *gain, const float *bias, float epsilon) {
  for (size_t row = 0; row < m; row++, rows += n) {
    v16f total = (v16f)(0.0f);
    for (size_t i = 0; i < n; i += 16) {
      v16f x = load(rows + i);
      if (addend) {
        x += load(addend + row * n + i);
        store(rows + i, x);
      }
      total += x;
    }
    v16f mean = (v16f)(sum_lanes(total) / (float)n);
    v16f squares = (v16f)(0.0f);
    for (size_t i = 0; i < n; i += 16) {
      v16f d = load(rows + i) - mean;
      squares = multiply_add(d, d, squares);
    }
    v16f factor = (v16f)(1.0f / __builtin_sqrtf(sum_lanes(squares) / (float)n + epsilon));
    for (size_t i = 0; i < n; i += 16)
      store(rows + i, multiply_add((load(rows + i) - mean) * factor, load(gain + i), load(bias + i)));
  }
}

void NAME(mean_pool)(size_t m, size_t n, const float *rows, float *result) {
  v16f squares = (v16f)(0.0f);
  for (size_t i = 0; i < n; i += 16) {
    v16f total = (v16f)(0.0f);
    for (size_t row = 0; row < m; row++) total += load(rows + row * n + i);
    total *= 1.0f / (float)m;
    store(result + i, total);
    squares = multiply_add(total, total, squares);
  }
  float norm = __builtin_sqrtf(sum_lanes(squares));
  v16f factor = (v16f)(1.0f / (norm > 1e-12f ? norm : 1e-12f));
  for (size_t i = 0; i < n; i += 16) store(result + i, load(result + i) * factor);
}
