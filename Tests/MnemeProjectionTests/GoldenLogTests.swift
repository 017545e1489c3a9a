import EventLog
import Foundation
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemeProjection

/// Whole logs of every version, folded for ever to what they were folded to when they were new.
///
/// Where records get another shape, `whatIsWrittenTodayIsTheNewestLog` fails. Then: leave the old file and its line in
/// `logs` as they are; copy `GoldenLogV1` to a `GoldenLogV2` that writes the new shape too; record it once with
/// `MNEME_RECORD_GOLDEN=golden-log-v2 swift test --filter GoldenLogTests`; add its line. No file is ever changed or
/// removed: logs as old as it are out there.
@Suite struct GoldenLogTests {
  /// What one log is folded to.
  struct Expected {
    let file: String
    let digest: String
    let memoryCount: Int
    let currentCount: Int
    let turnCount: Int
    let parkedCount: Int
    let vectorCount: Int
  }

  static let logs = [
    Expected(
      file: "golden-log-v1", digest: "fce724b1b4c534f611270e2fea5e3e813b4dec60621bb1c6ff8cb1a9514f3f6f",
      memoryCount: 7, currentCount: 5, turnCount: 20, parkedCount: 1, vectorCount: 7)
  ]

  /// A log as its file has it: text, as all of it is UTF-8.
  struct File: Codable, Equatable {
    struct Record: Codable, Equatable {
      var topic: String
      var partition: Int
      var key: String
      /// Names and values in turn, as a header may come twice.
      var headers: [[String]]
      var value: String
    }

    var records: [Record]

    init(_ records: [NewRecord]) {
      self.records = records.map { record in
        Record(
          topic: record.topic, partition: record.partition ?? 0,
          key: String(decoding: record.key ?? [], as: UTF8.self),
          headers: record.headers.map { [$0.name, String(decoding: $0.value, as: UTF8.self)] },
          value: String(decoding: record.value, as: UTF8.self))
      }
    }

    var newRecords: [NewRecord] {
      records.map { record in
        NewRecord(
          topic: record.topic, key: Array(record.key.utf8), value: Array(record.value.utf8),
          headers: record.headers.map { LogHeader($0[0], $0[1]) }, partition: record.partition)
      }
    }
  }

  static func read(_ name: String) throws -> File {
    let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Resources")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: #require(url, "\(name) is missing")))
  }

  @Test func whatIsWrittenTodayIsTheNewestLog() throws {
    let name = "golden-log-v1"
    let written = File(try GoldenLogV1().records)
    if ProcessInfo.processInfo.environment["MNEME_RECORD_GOLDEN"] == name {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Resources")
      try encoder.encode(written).write(to: folder.appending(path: "\(name).json"))
    }
    #expect(try Self.read(name) == written)
  }

  @Test(arguments: logs.indices, [1, 3, 500])
  func everyLogIsFoldedAsItAlwaysWas(index: Int, batch: Int) async throws {
    let expected = Self.logs[index]
    let world = try await World(
      partitionCount: 2, bounds: .init(maxBatchRecordCount: batch, maxRebuildBatchRecordCount: batch))
    defer { world.remove() }
    for record in try Self.read(expected.file).newRecords { _ = try await world.log.append([record]) }
    let projector = try world.projector()
    try await projector.catchUp()
    let live = try await world.reader().summary()
    #expect(live.digest.description == expected.digest)
    #expect(live.memoryCount == expected.memoryCount)
    #expect(live.currentMemoryCount == expected.currentCount)
    #expect(live.turnCount == expected.turnCount)
    #expect(live.parkedCount == expected.parkedCount)
    #expect(live.vectorCount == expected.vectorCount)
    #expect(try await projector.rebuild { _ in }.summary == live)
    for (topic, ends) in try await [
      (world.memoriesTopic, world.log.bounds(of: world.memoriesTopic)),
      (world.vectorsTopic, world.log.bounds(of: world.vectorsTopic)),
    ] {
      let watermarks = try await world.reader().watermarks().filter { $0.topic == topic }
      #expect(watermarks.map(\.next) == ends.map(\.end), "all of \(topic) is folded")
    }
  }
}
