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

static inline float larger(float a, float b) { return a > b ? a : b; }

void mneme_own_scores(
    size_t m, const float *cosines, const float *words, mneme_own_weights weights, float *scores, float *largest) {
  // Several maxima side by side, as above.
  float most[3][16];
  for (size_t lane = 0; lane < 16; lane++) {
    most[0][lane] = -INFINITY;
    most[1][lane] = most[2][lane] = 0;
  }
  for (size_t i = 0; i < m; i++) {
    float word = words[i] < weights.words ? words[i] : weights.words;
    scores[i] = weights.cosine * larger(cosines[i], 0) + word + weights.person;
  }
  size_t i = 0;
  for (; i + 16 <= m; i += 16) {
    for (size_t lane = 0; lane < 16; lane++) {
      most[0][lane] = larger(cosines[i + lane], most[0][lane]);
      most[1][lane] = larger(words[i + lane], most[1][lane]);
      most[2][lane] = larger(scores[i + lane], most[2][lane]);
    }
  }
  for (; i < m; i++) {
    most[0][0] = larger(cosines[i], most[0][0]);
    most[1][0] = larger(words[i], most[1][0]);
    most[2][0] = larger(scores[i], most[2][0]);
  }
  for (size_t kind = 0; kind < 3; kind++) {
    for (size_t lane = 1; lane < 16; lane++) most[kind][0] = larger(most[kind][lane], most[kind][0]);
    largest[kind] = most[kind][0];
  }
}

void mneme_add_lifts(
    size_t m, size_t reach, const float *cosines, const float *words, mneme_lift_weights weights, float *scores) {
  for (size_t start = 0; start < m; start += 64) {
    size_t count = m - start < 64 ? m - start : 64;
    float cosine[64] = {0}, word[64] = {0};
    for (size_t distance = 1; distance <= reach; distance++) {
      for (size_t i = 0; i < count; i++) {
        size_t place = start + i;
        cosine[i] = larger(larger((cosines - distance)[place], (cosines + distance)[place]), cosine[i]);
        word[i] += (words - distance)[place] + (words + distance)[place];
      }
    }
    for (size_t i = 0; i < count; i++) {
      float most = word[i] < weights.most_words ? word[i] : weights.most_words;
      scores[start + i] += weights.cosine * cosine[i] + weights.word_share * most;
    }
  }
}

size_t mneme_next_at_least(size_t m, const float *values, size_t first, float least) {
  for (; first + 16 <= m; first += 16) {
    int found = 0;
    for (size_t lane = 0; lane < 16; lane++) found |= values[first + lane] >= least;
    if (found) break;
  }
  while (first < m && !(values[first] >= least)) first++;
  return first;
}
