import Foundation
import LanguageModel
import MnemeCore

/// Another program that searches the same memories for the same questions, for comparison.
struct BenchSearchPeer: Sendable {
  /// What it answers.
  struct Answer: Sendable, Decodable {
    let name: String
    /// How long each search took, in the order of the questions.
    let milliseconds: [Double]
  }

  private let path: String
  private let input: String
  private let output: String

  /// A peer at `path`, which reads what `Input` laid down.
  init(path: String, input: Input) {
    self.path = path
    self.input = input.path
    self.output = input.path + ".answer"
  }

  /// Runs it once, to its end.
  func search() async throws -> Answer {
    try Data().write(to: URL(filePath: output))
    let process = Process()
    process.executableURL = URL(filePath: path)
    // Files, not pipes: nobody waits for somebody to read.
    process.standardInput = FileHandle(forReadingAtPath: input)
    process.standardOutput = FileHandle(forWritingAtPath: output)
    try await BenchProcess.runToEnd(process)
    guard process.terminationStatus == 0 else {
      throw CommandFailure("\(path) ended with \(process.terminationStatus)")
    }
    let answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: URL(filePath: output)))
    guard !answer.milliseconds.isEmpty else { throw CommandFailure("\(path) answered no question") }
    return answer
  }

  /// What peers read: one user's memories, then questions, one JSON object a line, each with its vector.
  struct Input: Sendable {
    let path: String

    private struct Line: Encodable {
      var id: UUID?
      var memory: String?
      var at: Timestamp?
      var question: String?
      let user: String
      /// Base64 of 32-bit floats, little-endian.
      let vector: Data
    }

    init(
      _ memories: [(memory: Memory, vector: [Float])], questions: [(text: String, vector: [Float])], user: String,
      path: String
    ) throws {
      self.path = path
      let encoder = JSONEncoder()
      var data = Data()
      func add(_ line: Line) throws {
        data += try encoder.encode(line)
        data.append(0x0A)
      }
      for (memory, vector) in memories {
        try add(
          Line(id: memory.id, memory: memory.text, at: memory.recordedAt, user: user, vector: Self.bytes(of: vector)))
      }
      for (text, vector) in questions { try add(Line(question: text, user: user, vector: Self.bytes(of: vector))) }
      try data.write(to: URL(filePath: path))
    }

    private static func bytes(of vector: [Float]) -> Data {
      Data(vector.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) } })
    }
  }
}
