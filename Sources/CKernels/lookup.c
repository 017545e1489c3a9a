// The encoder's first step.
#include "internal.h"

void mneme_embed_tokens(
    size_t length, size_t n, const uint16_t *tokens, const float *words, const float *positions, const float *type,
    float *result) {
  for (size_t token = 0; token < length; token++, positions += n, result += n) {
    const float *word = words + n * tokens[token];
    for (size_t i = 0; i < n; i++) result[i] = word[i] + type[i] + positions[i];
  }
}
