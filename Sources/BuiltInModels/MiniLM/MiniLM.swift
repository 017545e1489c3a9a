import FoundationEssentials
public import LanguageModel

/// all-MiniLM-L6-v2 in this process: texts to vectors of 384 dimensions, without network.
///
/// Safe to call from any number of tasks at once: they share its threads and take turns. The vector of a text is the
/// same, bit for bit, whatever else is in the call and however many threads there are; it depends on `backend`. A text
/// is read up to its 254th word piece, and up to its 65,536th Unicode scalar.
public final class MiniLM: Embedder, Sendable {
  /// How weights and activations are multiplied.
  public enum Precision: String, CaseIterable, Sendable {
    /// `int8` on processors with AVX-512 VNNI, where it is twice as fast; `float32` on others.
    case automatic
    /// 32-bit floats: the vectors of the original to about 1e-6.
    case float32
    /// 8-bit integers: cosine with the original about 0.998, retrieval as good.
    case int8

    /// Whether weights and activations are bytes.
    func isQuantised(on set: InstructionSet) -> Bool {
      switch self {
      case .automatic: set == .avx512vnni
      case .float32: false
      case .int8: true
      }
    }
  }

  /// Upper bound of the number of threads chosen by default.
  public static let maxDefaultThreadCount = 4
  /// Calls that may wait or run at once; a further one throws `ModelError` (`rateLimited`).
  public static let maxCallCount = 1024
  /// Texts of one call that are held as tokens at once.
  static let maxWindowCount = 512
  /// Bytes of text after whose tokenization other tasks get their turn.
  static let maxUninterruptedSize = 65_536

  /// 384 dimensions.
  public let space = EmbeddingSpace(name: "all-minilm-l6-v2-384", dimension: EncoderShape.width)
  /// Arithmetic and instruction set.
  public let backend: String

  let threads: EncoderThreads
  private let tokenizer: WordPieceTokenizer

  /// Loads the model, in less than 0.1 s, and starts its threads.
  /// - Parameters:
  ///   - files: Where weights and vocabulary are.
  ///   - precision: How to multiply.
  ///   - threadCount: Threads to compute with; by default as many as processors, at most 4.
  /// - Throws: `ModelError` (`unavailable`) if a file is damaged.
  public convenience init(
    files: MiniLMFiles, precision: Precision = .automatic, threadCount: Int = MiniLM.defaultThreadCount
  ) throws {
    try self.init(files: files, precision: precision, threadCount: threadCount, instructionSet: .best)
  }

  init(files: MiniLMFiles, precision: Precision, threadCount: Int, instructionSet set: InstructionSet) throws {
    precondition(threadCount > 0, "the encoder needs a thread")
    let isQuantised = precision.isQuantised(on: set)
    self.backend = isQuantised ? "int8-\(Self.name(set, isQuantised))" : "float32-\(Self.name(set, isQuantised))"
    self.tokenizer = WordPieceTokenizer(
      vocabulary: try WordPieceVocabulary(bytes: MappedFile(path: files.vocabularyPath).contents))
    let weights = try EncoderWeights(file: MappedFile(path: files.weightsPath), isQuantised: isQuantised)
    try SelfTest.run(SentenceEncoder(weights: weights, set: set), self.tokenizer)
    self.threads = try EncoderThreads(
      weights: weights, set: set, threadCount: threadCount, maxCallCount: Self.maxCallCount)
  }

  deinit {
    self.threads.close()
  }

  /// As many threads as processors, at most `maxDefaultThreadCount`.
  public static var defaultThreadCount: Int {
    min(max(1, ProcessInfo.processInfo.activeProcessorCount), Self.maxDefaultThreadCount)
  }

  /// One vector of L2 norm 1 for each text, in order.
  /// - Throws: `ModelError`; `CancellationError` as soon as the task is cancelled.
  public func embed(_ texts: [String]) async throws -> [[Float]] {
    var vectors: [[Float]] = []
    vectors.reserveCapacity(texts.count)
    for start in stride(from: 0, to: texts.count, by: Self.maxWindowCount) {
      let window = texts[start..<min(start + Self.maxWindowCount, texts.count)]
      vectors += try await self.threads.encode(try await self.tokenize(window))
    }
    return vectors
  }

  /// Multiplications and additions that the linear maps need for `texts`: what `ProductLimit` bounds. Attention and
  /// everything else is not counted.
  public func linearOperationCount(_ texts: [String]) -> Int {
    var folding = ScalarFolding()
    return texts.reduce(0) { $0 + EncoderShape.linearOperationCount * self.tokenizer.encode($1, &folding).count }
  }

  private func tokenize(_ texts: ArraySlice<String>) async throws -> [[UInt16]] {
    try Task.checkCancellation()
    var folding = ScalarFolding()
    var uninterrupted = 0
    var tokens: [[UInt16]] = []
    tokens.reserveCapacity(texts.count)
    for text in texts {
      tokens.append(self.tokenizer.encode(text, &folding))
      uninterrupted += min(text.utf8.count, 4 * WordPieceTokenizer.maxScalarCount)
      if uninterrupted >= Self.maxUninterruptedSize {
        uninterrupted = 0
        await Task.yield()
        try Task.checkCancellation()
      }
    }
    return tokens
  }

  /// The set that the code in use was written for: the integer product is, without VNNI, that of AVX2.
  private static func name(_ set: InstructionSet, _ isQuantised: Bool) -> String {
    switch set {
    case .base: "base"
    case .avx2: "avx2"
    case .avx512: "avx512"
    case .avx512vnni: isQuantised ? "avx512vnni" : "avx512"
    }
  }
}

/// One known text, so that weights damaged anywhere in the encoder are noticed at load.
private enum SelfTest {
  private static let text = "The quick brown fox jumps over the lazy dog."
  /// The first components of its vector.
  private static let expected: [Float] = [0.0439, 0.0589, 0.0482, 0.0775, 0.0267, -0.0376, -0.0026, -0.0599]
  private static let tolerance: Float = 0.02

  static func run(_ encoder: SentenceEncoder, _ tokenizer: WordPieceTokenizer) throws {
    var folding = ScalarFolding()
    let vector = encoder.encode([tokenizer.encode(self.text, &folding)])[0]
    guard zip(vector, self.expected).allSatisfy({ abs($0 - $1) <= self.tolerance }) else {
      throw Safetensors.damaged("a known text gets a wrong vector")
    }
  }
}
