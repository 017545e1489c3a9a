import Glibc
import LanguageModel

/// Where the weights and the vocabulary of all-MiniLM-L6-v2 lie, both of the right size.
public struct MiniLMFiles: Sendable {
  /// The folder that holds `model.safetensors` and `vocab.txt`.
  public let directory: String

  static let weightsSize = 90_868_376
  static let vocabularySize = 231_508

  var weightsPath: String { self.directory + "/model.safetensors" }
  var vocabularyPath: String { self.directory + "/vocab.txt" }

  /// The files in `directory`.
  /// - Throws: `ModelError` (`unavailable`) if one is missing or has another size.
  public init(directory: String) throws {
    self.directory = directory
    try Self.check(self.weightsPath, size: Self.weightsSize)
    try Self.check(self.vocabularyPath, size: Self.vocabularySize)
  }

  /// The files where `ops/fetch-model` puts them: in `MNEME_MODEL_DIR`, else in `mneme/all-minilm-l6-v2` under
  /// `XDG_CACHE_HOME` or `HOME/.cache`.
  /// - Throws: `ModelError` (`unavailable`), saying to run `ops/fetch-model`.
  public static func locate(environment: [String: String]) throws -> MiniLMFiles {
    func value(_ name: String) -> String? {
      environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    if let directory = value("MNEME_MODEL_DIR") {
      return try MiniLMFiles(directory: directory)
    }
    guard let cache = value("XDG_CACHE_HOME") ?? value("HOME").map({ $0 + "/.cache" }) else {
      throw ModelError(
        .unavailable, "no folder for the embedding model: set MNEME_MODEL_DIR or HOME and run ops/fetch-model")
    }
    return try MiniLMFiles(directory: cache + "/mneme/all-minilm-l6-v2")
  }

  private static func check(_ path: String, size: Int) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw ModelError(.unavailable, "embedding model: cannot read \(path); run ops/fetch-model")
    }
    guard status.st_size == size else {
      throw ModelError(
        .unavailable,
        "embedding model: \(path) has \(status.st_size) bytes instead of \(size); run ops/fetch-model")
    }
  }
}
