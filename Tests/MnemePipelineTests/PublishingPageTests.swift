import EventLog
import Foundation
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemePipeline

/// What `topics/PUBLISHING.md` shows is taken in as it stands there.
@Suite struct PublishingPageTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The first block of code in `language`.
  static func block(_ language: String) throws -> String {
    let page = try text("topics/PUBLISHING.md")
    let start = try #require(page.range(of: "\n```\(language)\n"), "the page has no example in \(language)")
    let end = try #require(page.range(of: "\n```\n", range: start.upperBound..<page.endIndex))
    return String(page[start.upperBound..<end.lowerBound])
  }

  struct Example: Decodable {
    var key: String
    var headers: [String: String]
    var value: JSONValue
  }

  static func example() throws -> Example {
    try JSONDecoder().decode(Example.self, from: Data(try block("json").utf8))
  }

  static func record(_ key: String?, _ headers: [(String, String)], _ body: [UInt8]) -> NewRecord {
    NewRecord(
      topic: Topics.ingress, key: key.map { Array($0.utf8) }, value: body,
      headers: headers.map { LogHeader($0.0, $0.1) })
  }

  /// The event that ingress makes of `record`.
  static func taken(_ record: NewRecord) async throws -> CloudEvent {
    let harness = try await Harness()
    _ = try await harness.log.append([record])
    // The bounds of a deployment.
    try await harness.drain(IngressStage(codec: harness.codec, environment: harness.clock.environment))
    #expect(try await harness.deadLetters().map(\.reason) == [])
    return try harness.codec.decode(try #require(try await harness.records(Topics.turns).first))
  }

  /// The body that begins with `{"scope"`, to its closing brace.
  static func body(in code: String) throws -> String {
    let start = try #require(code.range(of: "{\"scope\""), "no body").lowerBound
    var depth = 0
    for index in code[start...].indices {
      if code[index] == "{" { depth += 1 }
      if code[index] == "}" { depth -= 1 }
      if depth == 0 { return String(code[start...index]) }
    }
    throw CocoaError(.coderReadCorrupt)
  }

  /// Every language's example publishes the one record of the page, and ingress takes it.
  @Test(arguments: ["python", "java", "go", "swift", "sh"])
  func everyExampleIsTakenIn(language: String) async throws {
    let code = try Self.block(language)
    let example = try Self.example()
    // `"name": "value"`, `"name", "value"` or `-H name=value`.
    let found = code.matches(of: /(?:"|-H )(ce_[a-z]+|content-type)(?:": *"|", *"|=)([^" ]+)/).map {
      (String($0.output.1), String($0.output.2))
    }
    #expect(Dictionary(found, uniquingKeysWith: { first, _ in first }) == example.headers, "\(found)")
    #expect(code.contains(Topics.ingress) && code.contains(example.key))
    let body = try Self.body(in: code)
    #expect(try EventBodyCoding.decode(JSONValue.self, from: Array(body.utf8)) == example.value)
    let event = try await Self.taken(Self.record(example.key, found, Array(body.utf8)))
    #expect(event.owner.description == "default/user:alex")
    #expect(event.id == example.headers["ce_id"])
    #expect(event.time == Timestamp(example.headers["ce_time"] ?? ""))
  }

  @Test func theTableOfDefaultsIsRight() async throws {
    let example = try Self.example()
    let page = try Self.text("topics/PUBLISHING.md")
    for (name, value) in [("ce_tenant", "default"), ("ce_source", "/mneme/ingress"), ("ce_specversion", "1.0")] {
      #expect(page.contains("| `\(name)` | `\(value)` |"))
    }
    for name in ["ce_id", "ce_type"] { #expect(page.contains("| `\(name)` | refused |")) }
    let least = example.headers.filter { ["ce_id", "ce_type"].contains($0.key) }.map { ($0.key, $0.value) }
    let event = try await Self.taken(Self.record(nil, least, EventBodyCoding.encode(example.value)))
    #expect(event.owner.description == "default/user:alex" && event.source == "/mneme/ingress")
  }

  @Test func theBoundsOnThePageAreThoseOfTheStage() throws {
    let page = try Self.text("topics/PUBLISHING.md")
    let bounds = IngressStage.Bounds()
    #expect(bounds.maxMessageCount == 1000 && page.contains("1,000 messages"))
    #expect(bounds.maxRecordByteCount == 1_000_000 && page.contains("1,000,000 bytes"))
    #expect(IngressEnvelope.maxAttributeLength == 256 && page.contains("at most 256 characters"))
    #expect(TopicCatalog.ingressRetention == .seconds(7 * 86_400) && page.contains("7 days"))
    for item in IngressCase.all {
      guard case .parked(let code, _) = item.outcome else { continue }
      #expect(page.contains("| `\(code)` |"), "\(code)")
    }
  }

  /// `ops/publish-example` hands kcat the example byte for byte, and ingress takes it.
  @Test func theExampleOfATurnIsPublishedAsItStands() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    // Stands in for kcat: notes its arguments, each with a NUL after it, and the file that it would send.
    let fake = """
      #!/bin/bash
      printf '%s\\0' "$@" > '\(folder.path)/arguments'
      cat "${@: -1}" > '\(folder.path)/value'

      """
    _ = try folder.program("kcat", fake)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let status = try await Self.run(
      "ops/publish-example", ["mneme.turn.recorded.v1", "broker:1"], path: "\(folder.path):\(path)")
    #expect(status == 0)
    let bytes = try Data(contentsOf: URL(filePath: folder.path + "/arguments"))
    let arguments = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    func values(_ option: String) -> [String] {
      zip(arguments, arguments.dropFirst()).filter { $0.0 == option }.map(\.1)
    }
    #expect(values("-b") == ["broker:1"] && values("-t") == [Topics.ingress])
    let headers = values("-H").compactMap { header in
      header.firstIndex(of: "=").map { (String(header[..<$0]), String(header[header.index(after: $0)...])) }
    }
    let body = Array(try Data(contentsOf: URL(filePath: folder.path + "/value")))
    let file = try EventBodyCoding.decode(
      JSONValue.self, from: Array(try Self.text("topics/examples/mneme.turn.recorded.v1.json").utf8))
    #expect(file["value"]?.stringValue.map { Array($0.utf8) } == body)
    #expect(file["headers"]?.arrayValue?.compactMap { $0["value"]?.stringValue } == headers.map(\.1))
    let event = try await Self.taken(Self.record(values("-k").first, headers, body))
    #expect(event.owner.description == file["key"]?.stringValue)
    #expect(event.id == "golden-1" && event.source == "/mneme/test")
  }

  /// The exit status of a script of the repository. Waits on a thread of Foundation's, not on one of the tests'.
  private static func run(_ script: String, _ arguments: [String], path: String) async throws -> Int32 {
    let process = Process()
    process.executableURL = root.appending(path: script)
    process.arguments = arguments
    process.environment = ["PATH": path]
    process.standardOutput = FileHandle.nullDevice
    return try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do {
        try process.run()
      } catch {
        process.terminationHandler = nil
        continuation.resume(throwing: error)
      }
    }
  }
}
