import BuiltInModels
import Foundation
import MnemeCore

/// Another program that embeds the same sentences, for comparison.
struct BenchPeer: Sendable {
  /// What it answers.
  struct Answer: Sendable, Decodable {
    let rate: Double
    /// Per second of processor time; nil where it does not tell.
    let processorRate: Double?
    let vectors: [[Float]]

    enum CodingKeys: String, CodingKey {
      case rate = "sentences_per_second"
      case processorRate = "sentences_per_processor_second"
      case vectors
    }
  }

  private let path: String
  private let count: Int
  private let input: String
  private let output: String

  /// A peer at `path`; the sentences are laid down in `directory`.
  init(path: String, sentences: [String], directory: String) throws {
    self.path = path
    self.count = sentences.count
    self.input = directory + "/sentences.txt"
    self.output = directory + "/peer.json"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(sentences.map { $0 + "\n" }.joined().utf8).write(to: URL(filePath: input))
  }

  /// Runs it once, to its end.
  func embed(_ precision: MiniLM.Precision, threadCount: Int) async throws -> Answer {
    try Data().write(to: URL(filePath: output))
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = [precision.rawValue, String(threadCount)]
    // Files, not pipes: nobody waits for somebody to read.
    process.standardInput = FileHandle(forReadingAtPath: input)
    process.standardOutput = FileHandle(forWritingAtPath: output)
    try await BenchProcess.runToEnd(process)
    guard process.terminationStatus == 0 else {
      throw CommandFailure("\(path) ended with \(process.terminationStatus)")
    }
    let answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: URL(filePath: output)))
    guard answer.vectors.count == count else {
      throw CommandFailure("\(path) printed \(answer.vectors.count) vectors for \(count) sentences")
    }
    return answer
  }
}
