// Row-wise functions and attention; needs vectors.h and product_f32.h.

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

// `scores` is `length` long, in room for a multiple of 16. Writes the weights unnormalised and returns their sum.
INLINE float softmax(size_t length, float scale, float *scores) {
  for (size_t i = length; i % 16 != 0; i++) scores[i] = -__builtin_inff();
  v16f top = load(scores);
  for (size_t i = 16; i < length; i += 16) top = maximum(top, load(scores + i));
  float highest = max_lanes(top);
  v16f total = (v16f)(0.0f);
  for (size_t i = 0; i < length; i += 16) {
    v16f e = exponential((load(scores + i) - highest) * scale);
    // The exponential's lower clamp would count the padding.
    total += i + 16 <= length ? e : load(scores + i) == -__builtin_inff() ? (v16f)(0.0f) : e;
    store(scores + i, e);
  }
  return sum_lanes(total);
}

// Query rows of one head against all its keys and values.
INLINE void attend(
    size_t rows, size_t length, size_t head_size, const float *queries, size_t stride, const float *keys,
    const float *values, float *scores, float *result, size_t width) {
  float sums[ATTENTION_ROWS], scale = 1.0f / __builtin_sqrtf((float)head_size);
  size_t padded = (length + 15) / 16 * 16;
  product_f32(rows, length, head_size, queries, stride, keys, NULL, 0, scores, padded);
  for (size_t r = 0; r < rows; r++) sums[r] = softmax(length, scale, scores + r * padded);
  product_f32(rows, head_size, length, scores, padded, values, NULL, 0, result, width);
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < head_size; i += 16) store(result + r * width + i, load(result + r * width + i) / sums[r]);
}

void NAME(attention)(
    size_t length, size_t heads, size_t head_size, const float *qkv, float *scratch, float *result) {
  size_t width = heads * head_size, stride = 3 * width, padded = (length + 15) / 16 * 16;
  float *keys = scratch, *values = keys + padded * head_size, *scores = values + length * head_size;
  for (size_t head = 0; head < heads; head++) {
    const float *q = qkv + head * head_size, *k = q + width, *v = k + width;
    for (size_t token = 0; token < padded; token++) {
      float *panel = keys + token / 16 * 16 * head_size + token % 16;
      for (size_t i = 0; i < head_size; i++) panel[16 * i] = token < length ? k[token * stride + i] : 0.0f;
    }
    for (size_t token = 0; token < length; token++)
      for (size_t i = 0; i < head_size; i += 16)
        store(values + i * length + token * 16, load(v + token * stride + i));
    for (size_t row = 0; row < length; row += ATTENTION_ROWS) {
      size_t rows = length - row < ATTENTION_ROWS ? length - row : ATTENTION_ROWS;
      attend(
          rows, length, head_size, q + row * stride, stride, keys, values, scores,
          result + row * width + head * head_size, width);
    }
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
