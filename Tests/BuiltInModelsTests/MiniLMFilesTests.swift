import Foundation
import LanguageModel
import Testing

@testable import BuiltInModels

@Suite struct MiniLMFilesTests {
  @Test func `the folder is named, or stands in the user's cache`() throws {
    for (environment, path) in [
      (["MNEME_MODEL_DIR": "/no/such", "HOME": "/no/home"], "/no/such/model.safetensors"),
      (["MNEME_MODEL_DIR": "", "HOME": "/no/home"], "/no/home/.cache/mneme/all-minilm-l6-v2/model.safetensors"),
      (["XDG_CACHE_HOME": "/no/x", "HOME": "/no/home"], "/no/x/mneme/all-minilm-l6-v2/model.safetensors"),
      ([:], "MNEME_MODEL_DIR"),
    ] {
      let error = #expect(throws: ModelError.self) { try MiniLMFiles.locate(environment: environment) }
      #expect(error?.code == .unavailable)
      #expect(error?.description.contains(path) == true)
      #expect(error?.description.contains("run ops/fetch-model") == true)
    }
  }

  /// One way to damage the files, and what the error says of it.
  struct Damage: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var message: String
    /// Changes the header (the bytes before the tensors), then says where floats are overwritten.
    var change: @Sendable (inout Data) -> Void = { _ in }
    var size = MiniLMFiles.weightsSize
    var isDataKept = false
    var vocabulary: @Sendable (Data) -> Data = { $0 }
  }

  private static func replacing(_ old: String, _ new: String) -> @Sendable (inout Data) -> Void {
    { header in
      let range = header.range(of: Data(old.utf8))!
      header.replaceSubrange(range, with: Data(new.utf8))
    }
  }

  static let damages: [Damage] = [
    Damage(testDescription: "cut off", message: "has 4096 bytes", size: 4096),
    Damage(testDescription: "zeros", message: "header is not readable", change: { $0 = Data(count: $0.count) }),
    Damage(
      testDescription: "endless header", message: "header's length",
      change: { $0.replaceSubrange(0..<8, with: Data(repeating: 0xFF, count: 8)) }),
    Damage(testDescription: "no JSON", message: "header is not readable", change: { $0[100] = 0x07 }),
    Damage(
      testDescription: "renamed tensor", message: "is missing",
      change: Self.replacing("encoder.layer.3.output.dense.weight", "encoder.layer.3.output.dense.xeight")),
    Damage(
      testDescription: "other shape", message: "instead of F32 [30522, 384]",
      change: Self.replacing("[30522,384]", "[30521,384]")),
    Damage(
      testDescription: "other type", message: "is F16",
      change: Self.replacing(
        #""embeddings.LayerNorm.bias":{"dtype":"F32""#, #""embeddings.LayerNorm.bias":{"dtype":"F16""#)),
    Damage(
      testDescription: "outside the file", message: "lies outside",
      change: Self.replacing("[796672,47678464]", "[79667200,4767846]")),
    Damage(
      testDescription: "negative offset", message: "lies outside",
      change: Self.replacing("[4096,5632]", "[-409,1127]")),
    Damage(testDescription: "weights all zero", message: "a known text gets a wrong vector"),
    Damage(testDescription: "not a number", message: "no numbers", isDataKept: true),
    Damage(
      testDescription: "vocabulary without lines", message: "line 1 is not a piece",
      vocabulary: { Data(repeating: 0x61, count: $0.count) }),
    Damage(
      testDescription: "vocabulary of short lines", message: "is not a piece",
      vocabulary: { Data((0..<$0.count).map { $0 % 2 == 0 ? 0x61 : 0x0A }) }),
    Damage(
      testDescription: "vocabulary in another order", message: "pieces of BERT uncased",
      vocabulary: { Data($0.drop { $0 != 0x0A }.dropFirst()) + Data("[PAD]\n".utf8) }),
  ]

  @Test(arguments: Self.damages)
  func `damaged files are refused in words`(_ damage: Damage) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "minilm-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Self.write(damage, to: folder)
    let error = #expect(throws: ModelError.self) {
      try MiniLM(files: MiniLMFiles(directory: folder.path()), threadCount: 1)
    }
    #expect(error?.code == .unavailable)
    #expect(error?.isRetriable == false)
    #expect(error?.description.contains(damage.message) == true, "\(String(describing: error))")
    #expect(error?.description.contains("run ops/fetch-model") == true)
  }

  private static func write(_ damage: Damage, to folder: URL) throws {
    let files = try MiniLMFixture.files()
    let weights = try Data(contentsOf: URL(filePath: files.weightsPath), options: .alwaysMapped)
    var header = Data(weights.prefix(8 + 11_408))
    damage.change(&header)
    let target = folder.appending(path: "model.safetensors")
    if damage.isDataKept {
      var all = weights
      // In the query weights of layer 2.
      all.replaceSubrange(63_652_864 + header.count..<63_652_868 + header.count, with: [0, 0, 0xC0, 0x7F])
      try all.write(to: target)
    } else {
      // The rest is a hole: zeros that take no space.
      try header.write(to: target)
      let handle = try FileHandle(forWritingTo: target)
      try handle.truncate(atOffset: UInt64(damage.size))
      try handle.close()
    }
    let vocabulary = try Data(contentsOf: URL(filePath: files.vocabularyPath))
    try damage.vocabulary(vocabulary).write(to: folder.appending(path: "vocab.txt"))
  }
}
