// Compares one query with rows of codes. Needs NAME, and of an instruction set:
// scan_sums, scan_none(), scan_step(sums, codes, query) for 64 bytes, scan_total(sums).

void NAME(scan_codes)(
    size_t m, size_t stride, const uint8_t *codes, const int8_t *high_query, const int8_t *low_query, int32_t *high,
    int32_t *low) {
  // Codes are bytes without a sign: 128 times the sum of the query is too much in each result.
  int32_t high_offset = 0, low_offset = 0;
  for (size_t i = 0; i < stride; i++) {
    high_offset += 128 * (int32_t)high_query[i];
    low_offset += 128 * (int32_t)low_query[i];
  }
  for (size_t row = 0; row < m; row++) {
    const uint8_t *own = codes + row * stride;
    scan_sums high_sums = scan_none(), low_sums = scan_none();
    for (size_t i = 0; i < stride; i += 64) {
      high_sums = scan_step(high_sums, own + i, high_query + i);
      low_sums = scan_step(low_sums, own + i, low_query + i);
    }
    high[row] = scan_total(high_sums) - high_offset;
    low[row] = scan_total(low_sums) - low_offset;
  }
}
