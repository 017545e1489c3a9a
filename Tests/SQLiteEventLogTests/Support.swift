import EventLog
import Foundation
import GRDB
import MnemeTesting
import SQLiteEventLog
import Synchronization
import Testing

/// A file for one test, on which several logs play several processes.
struct LogFolder {
  private let folder = TemporaryFolder()

  var root: String { folder.path }
  var path: String { root + "/log/log.sqlite" }

  func open(_ change: (inout SQLiteEventLog.Options) -> Void = { _ in }) async throws -> SQLiteEventLog {
    var options = SQLiteEventLog.Options()
    change(&options)
    return try await SQLiteEventLog.open(path: path, options: options)
  }

  /// A connection that plays another program.
  func connection() throws -> DatabaseQueue {
    var configuration = Configuration()
    // It may hold a lock while a test goes on.
    configuration.allowsUnsafeTransactions = true
    return try DatabaseQueue(path: path, configuration: configuration)
  }

  func remove() { folder.remove() }
}

/// A wall clock that stands still unless it is moved.
final class ManualClock: Sendable {
  private let milliseconds = Mutex<Int64>(1_700_000_000_000)

  var now: Int64 { milliseconds.withLock { $0 } }

  func advance(_ duration: Duration) {
    milliseconds.withLock { $0 += Int64(duration / .milliseconds(1)) }
  }
}

extension EventLog {
  func makeTopic(_ name: String = "t", partitions: Int = 1) async throws {
    try await ensureTopics([TopicSpecification(name: name, partitionCount: partitions, retention: .forever)])
  }

  func append(_ values: [String], to topic: String = "t", partition: Int = 0) async throws {
    _ = try await append(values.map { .text($0, to: topic, partition: partition) })
  }

  func values(of topic: String = "t", partition: Int = 0) async throws -> [String] {
    var all: [String] = []
    var offset = try await bounds(of: topic)[partition].earliest
    while true {
      let records = try await read(TopicPartition(topic, partition), from: offset, limit: ReadLimit())
      guard let last = records.last else { return all }
      all += records.map(\.text)
      offset = last.position.offset + 1
    }
  }
}

extension NewRecord {
  static func text(_ value: String, to topic: String = "t", partition: Int = 0) -> NewRecord {
    NewRecord(topic: topic, key: Array("k".utf8), value: Array(value.utf8), headers: [], partition: partition)
  }
}

extension LogRecord {
  var text: String { String(decoding: value, as: UTF8.self) }
}

/// Polls members in turn until they have so many partitions.
func settle(
  _ members: [any LogConsumer], _ assigned: inout [Set<TopicPartition>], until counts: [Int]
) async throws {
  for _ in 0..<400 {
    for (index, member) in members.enumerated() {
      let result = try await member.poll(limit: ReadLimit(), timeout: .milliseconds(5))
      assigned[index].subtract(result.revoked)
      assigned[index].formUnion(result.assigned)
    }
    if assigned.map(\.count) == counts { return }
  }
  Issue.record("the members have \(assigned.map(\.count)) partitions, not \(counts)")
}
