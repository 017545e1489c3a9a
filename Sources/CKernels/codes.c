// Vectors in two bytes for each component.
#include <math.h>
#include <string.h>

#include "internal.h"

// To the nearest whole number, for |x| < 2^22: above 2^23 a float has no fraction. Unlike nearbyintf, no call.
static inline float rounded(float x) { return (x + 12582912.0f) - 12582912.0f; }

float mneme_code_vector(size_t k, const float *vector, uint8_t *coarse, uint8_t *fine, float *residual) {
  float largest = 0;
  for (size_t i = 0; i < k; i++) {
    float size = fabsf(vector[i]);
    if (size > largest) largest = size;
  }
  float scale = largest > 0 ? largest / 127 : 1;
  float inverse = 1 / scale, sum = 0;
  for (size_t i = 0; i < k; i++) {
    float value = vector[i] * inverse;
    float high = rounded(value);
    float low = rounded((value - high) * 254);
    coarse[i] = (uint8_t)(int)(high + 128);
    fine[i] = (uint8_t)(int)(low + 128);
    sum += (value - high) * (value - high);
  }
  size_t padding = (64 - k % 64) % 64;
  memset(coarse + k, 128, padding);
  memset(fine + k, 128, padding);
  *residual = scale * sqrtf(sum);
  return scale;
}

float mneme_cosines(
    size_t m, const int32_t *high, const int32_t *low, const float *scales, float scale, float *cosines) {
  for (size_t i = 0; i < m; i++) cosines[i] = scales[i] * scale * ((float)high[i] + (float)low[i] / 254);
  // Several maxima side by side, as one would wait for itself at each step.
  float largest[16];
  for (size_t lane = 0; lane < 16; lane++) largest[lane] = -INFINITY;
  size_t i = 0;
  for (; i + 16 <= m; i += 16) {
    for (size_t lane = 0; lane < 16; lane++) {
      largest[lane] = cosines[i + lane] > largest[lane] ? cosines[i + lane] : largest[lane];
    }
  }
  for (; i < m; i++) largest[0] = cosines[i] > largest[0] ? cosines[i] : largest[0];
  for (size_t lane = 1; lane < 16; lane++) largest[0] = largest[lane] > largest[0] ? largest[lane] : largest[0];
  return largest[0];
}
