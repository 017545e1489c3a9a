import LanguageModel
import Testing

@testable import BuiltInModels

@Suite struct MiniLMVectorTests {
  @Test func `float32 vectors are those of the original`() async throws {
    let sentences = try MiniLMFixture.sentences()
    #expect(sentences.count == 50)
    let vectors = try await MiniLMFixture.shared(.float32).embed(sentences.map(\.text))
    for (sentence, vector) in zip(sentences, vectors) {
      #expect(dot(sentence.reference, vector) > 0.99999, "\(sentence.text.prefix(40))")
    }
  }

  @Test func `int8 vectors are near those of the original`() async throws {
    let sentences = try MiniLMFixture.sentences()
    let vectors = try await MiniLMFixture.shared(.int8).embed(sentences.map(\.text))
    let cosines = zip(sentences, vectors).map { dot($0.reference, $1) }
    #expect(cosines.reduce(0, +) / Float(cosines.count) >= 0.997)
    #expect(cosines.min()! >= 0.99)
  }

  @Test(arguments: InstructionSet.allCases.filter { $0 <= .best })
  func `every instruction set gives the original's vectors`(_ set: InstructionSet) async throws {
    let sentences = try MiniLMFixture.sentences().filter { $0.text.utf8.count < 60 }
    for (precision, bound) in [(MiniLM.Precision.float32, Float(0.99999)), (.int8, 0.985)] {
      let model = try MiniLM(
        files: MiniLMFixture.files(), precision: precision, threadCount: 1, instructionSet: set)
      let vectors = try await model.embed(sentences.map(\.text))
      for (sentence, vector) in zip(sentences, vectors) {
        #expect(dot(sentence.reference, vector) > bound, "\(model.backend): \(sentence.text)")
      }
    }
  }

  @Test func `the space and the back end are named`() throws {
    let model = try MiniLMFixture.shared(.automatic)
    #expect(model.space == EmbeddingSpace(name: "all-minilm-l6-v2-384", dimension: 384))
    let expected =
      switch InstructionSet.best {
      case .avx512vnni: "int8-avx512vnni"
      case .avx512: "float32-avx512"
      case .avx2: "float32-avx2"
      case .base: "float32-base"
      }
    #expect(model.backend == expected)
  }

  @Test func `work is counted by tokens`() throws {
    // Six layers of (4 x 384 x 384 + 2 x 384 x 1536) weights, each multiplied and added once for each token.
    let model = try MiniLMFixture.shared(.automatic)
    for (texts, tokenCount) in [([], 0), ([""], 2), (["tea"], 3), (["tea", "green tea, hot"], 3 + 6)] {
      #expect(model.linearOperationCount(texts) == 21_233_664 * tokenCount, "\(texts)")
    }
  }

  @Test(arguments: [MiniLM.Precision.float32, .int8])
  func `the limit of the product is measured`(_ precision: MiniLM.Precision) async {
    // Any processor does; its speed decides nothing.
    #expect(await ProductLimit.operationsPerSecond(precision, threadCount: 1) > 1e5)
  }

  @Test(arguments: [MiniLM.Precision.float32, .int8], [1, 2, 3])
  func `a vector depends on nothing but its text`(_ precision: MiniLM.Precision, _ threadCount: Int) async throws {
    let texts = try MiniLMFixture.sentences().map(\.text)
    let shared = try MiniLMFixture.shared(precision)
    var alone: [String: [Float]] = [:]
    for text in texts { alone[text] = try await shared.embed([text])[0] }
    let model = try MiniLM(files: MiniLMFixture.files(), precision: precision, threadCount: threadCount)
    for seed in UInt64(1)...3 {
      var random = MiniLMRandom(seed: seed)
      let batch = (0..<Int.random(in: 2...60, using: &random)).map { _ in texts.randomElement(using: &random)! }
      let vectors = try await model.embed(batch)
      #expect(vectors == batch.map { alone[$0]! }, "seed \(seed)")
    }
  }

  @Test func `vectors have norm 1 and as many as texts`() async throws {
    let model = try MiniLMFixture.shared(.automatic)
    #expect(try await model.embed([]) == [])
    for vector in try await model.embed(["", " ", "a", "\u{0}", "\u{200B}"]) {
      #expect(vector.count == 384)
      #expect(abs(dot(vector, vector) - 1) < 1e-5)
    }
  }

  @Test(arguments: UInt64(1)...4)
  func `any Unicode gets a vector`(seed: UInt64) async throws {
    var random = MiniLMRandom(seed: seed)
    let scalars: [ClosedRange<UInt32>] = [
      0...0x7F, 0x80...0x2FF, 0x300...0x36F, 0x590...0x1FFF, 0x2000...0x2FFF, 0x3000...0xD7FF, 0xE000...0xFFFF,
      0x10000...0x10FFFF,
    ]
    let texts = (0..<40).map { _ in
      let length = Int.random(in: 0...400, using: &random)
      var text = String.UnicodeScalarView()
      for _ in 0..<length {
        let value = UInt32.random(in: scalars.randomElement(using: &random)!, using: &random)
        text.append(Unicode.Scalar(value)!)
      }
      return String(text)
    }
    for (text, vector) in zip(texts, try await MiniLMFixture.shared(.automatic).embed(texts)) {
      #expect(abs(dot(vector, vector) - 1) < 1e-5, "seed \(seed): \(text.unicodeScalars.map(\.value))")
    }
  }

  @Test func `texts of a megabyte are read up to the bound`() async throws {
    let million = 1_000_000
    let texts = [
      String(repeating: "x", count: million), String(repeating: " ", count: million),
      String(repeating: "\u{0}", count: million), String(repeating: "\u{1F600}", count: million / 4),
      String(repeating: "e\u{301}", count: million / 3), String(repeating: "word ", count: million / 5),
    ]
    let same = [
      String(repeating: "x", count: 101), "", "", String(repeating: "\u{1F600}", count: 101),
      String(repeating: "e", count: 101), String(repeating: "word ", count: 254),
    ]
    let model = try MiniLMFixture.shared(.automatic)
    #expect(try await model.embed(texts) == model.embed(same))
  }
}
