import Foundation
import LanguageModel

@testable import BuiltInModels

/// What several tests of the embedder share.
enum MiniLMFixture {
  struct Sentence: Decodable {
    var text: String
    var vector: Data

    /// 384 components, computed by the original implementation.
    var reference: [Float] {
      self.vector.withUnsafeBytes { bytes in
        (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      }
    }
  }

  struct Line: Decodable {
    var text: String
    var ids: [UInt16]
  }

  /// Throws, saying to run `ops/fetch-model`, where the weights are missing.
  static func files() throws -> MiniLMFiles {
    try MiniLMFiles.locate(environment: ProcessInfo.processInfo.environment)
  }

  static func sentences() throws -> [Sentence] {
    struct File: Decodable { var sentences: [Sentence] }
    return try Self.decode(File.self, "minilm-vectors").sentences
  }

  static func lines() throws -> [Line] {
    struct File: Decodable { var lines: [Line] }
    return try Self.decode(File.self, "minilm-tokens").lines
  }

  /// A model of each precision, loaded once for all tests.
  static func shared(_ precision: MiniLM.Precision) throws -> MiniLM {
    switch precision {
    case .automatic: try Self.automatic.get()
    case .float32: try Self.float32.get()
    case .int8: try Self.int8.get()
    }
  }

  private static let automatic = Result { try MiniLM(files: Self.files()) }
  private static let float32 = Result { try MiniLM(files: Self.files(), precision: .float32, threadCount: 2) }
  private static let int8 = Result { try MiniLM(files: Self.files(), precision: .int8, threadCount: 2) }

  private static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    guard let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Resources") else {
      throw CocoaError(.fileNoSuchFile)
    }
    return try JSONDecoder().decode(type, from: Data(contentsOf: url))
  }
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct MiniLMRandom: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { self.state = seed }

  mutating func next() -> UInt64 {
    self.state &+= 0x9E37_79B9_7F4A_7C15
    var z = self.state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -2...2) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

func dot(_ a: [Float], _ b: [Float]) -> Float {
  zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}
