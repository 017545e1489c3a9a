import CKernels

/// The instruction sets that the kernels are written for; each contains those before it.
enum InstructionSet: Int32, CaseIterable, Comparable, Sendable {
  case base, avx2, avx512, avx512vnni

  /// The best one of this processor.
  static let best = InstructionSet(rawValue: mneme_isa_best()) ?? .base

  static func < (a: InstructionSet, b: InstructionSet) -> Bool { a.rawValue < b.rawValue }
}

/// Runs the encoder over a few texts at a time, in memory of its own: one for each worker thread.
///
/// The texts are laid end to end without padding: products run over all tokens at once, attention inside each text.
struct SentenceEncoder {
  /// Tokens of one run: enough to read each weight from the cache many times, few enough to be done in milliseconds.
  static let maxTokenCount = 256

  private let weights: EncoderWeights
  private let set: InstructionSet
  private let hidden = Self.buffer(EncoderShape.width)
  private let mixed = Self.buffer(EncoderShape.width)
  private let attended = Self.buffer(EncoderShape.width)
  /// Queries, keys and values, then the inner activations.
  private let wide = Self.buffer(max(3 * EncoderShape.width, EncoderShape.innerWidth))
  private let scratch = AlignedBuffer<Float>(
    count: mneme_attention_scratch_count(Self.maxTokenCount, EncoderShape.headSize))
  private let codes = QuantisedRows(maxRows: Self.maxTokenCount, maxColumns: EncoderShape.innerWidth)

  init(weights: EncoderWeights, set: InstructionSet) {
    self.weights = weights
    self.set = set
  }

  /// One vector for each list of tokens; at most `maxTokenCount` tokens, and no list empty.
  func encode(_ texts: [[UInt16]]) -> [[Float]] {
    let count = texts.reduce(0) { $0 + $1.count }
    precondition(count <= Self.maxTokenCount, "a run holds at most \(Self.maxTokenCount) tokens")
    self.embed(texts)
    self.weights.norm.apply(rows: count, self.hidden.start, adding: nil, self.set)
    for layer in self.weights.layers {
      self.attend(layer, texts, count)
      self.transform(layer, count)
    }
    return self.pool(texts)
  }

  private func embed(_ texts: [[UInt16]]) {
    var first = 0
    for tokens in texts {
      precondition(!tokens.isEmpty, "a text has its marks at least")
      precondition(tokens.allSatisfy { $0 < WordPieceVocabulary.count }, "tokens are in the vocabulary")
      mneme_embed_tokens(
        tokens.count, EncoderShape.width, tokens, self.weights.words, self.weights.positions, self.weights.type,
        self.hidden.start + first * EncoderShape.width)
      first += tokens.count
    }
  }

  private func attend(_ layer: EncoderWeights.Layer, _ texts: [[UInt16]], _ count: Int) {
    layer.queriesKeysValues.apply(
      rows: count, input: self.hidden.start, result: self.wide.start, codes: self.codes, self.set)
    var first = 0
    for tokens in texts {
      mneme_attention(
        self.set.rawValue, tokens.count, EncoderShape.heads, EncoderShape.headSize,
        self.wide.start + first * 3 * EncoderShape.width, self.scratch.start,
        self.attended.start + first * EncoderShape.width)
      first += tokens.count
    }
    layer.attentionOutput.apply(
      rows: count, input: self.attended.start, result: self.mixed.start, codes: self.codes, self.set)
    layer.attentionNorm.apply(rows: count, self.hidden.start, adding: self.mixed.start, self.set)
  }

  private func transform(_ layer: EncoderWeights.Layer, _ count: Int) {
    layer.inner.apply(
      rows: count, input: self.hidden.start, gelu: true, result: self.wide.start, codes: self.codes, self.set)
    layer.output.apply(rows: count, input: self.wide.start, result: self.mixed.start, codes: self.codes, self.set)
    layer.outputNorm.apply(rows: count, self.hidden.start, adding: self.mixed.start, self.set)
  }

  private func pool(_ texts: [[UInt16]]) -> [[Float]] {
    var first = 0
    return texts.map { tokens in
      let rows = self.hidden.start + first * EncoderShape.width
      first += tokens.count
      return [Float](unsafeUninitializedCapacity: EncoderShape.width) { vector, initialized in
        mneme_mean_pool(self.set.rawValue, tokens.count, EncoderShape.width, rows, vector.baseAddress!)
        initialized = EncoderShape.width
      }
    }
  }

  private static func buffer(_ columns: Int) -> AlignedBuffer<Float> {
    AlignedBuffer(count: Self.maxTokenCount * columns)
  }
}
