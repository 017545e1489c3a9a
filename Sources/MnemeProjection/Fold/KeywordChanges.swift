import GRDB
import Synchronization

/// What the keyword index has to be told, until a transaction ends: it meets rising row numbers then, and nothing else
/// comes in between, without which it would write a segment for each memory, or for each of several batches.
final class KeywordChanges: Sendable {
  /// The terms that a memory has in the index, and those that it is to have; nil for none.
  private struct Change {
    let old: [UInt8]?
    var new: [UInt8]?
  }

  private let changes = Mutex<[Int64: Change]>([:])

  /// How many memories wait.
  var count: Int { changes.withLock { $0.count } }

  /// Notes that `memory` had the terms `old` and has `new`.
  func note(_ memory: Int64, old: [UInt8]?, new: [UInt8]?) {
    changes.withLock { $0[memory, default: Change(old: old, new: new)].new = new }
  }

  /// Tells the index of `database`, and forgets it.
  func write(_ database: Database) throws {
    let changes = changes.withLock { changes in
      defer { changes = [:] }
      return changes
    }
    guard !changes.isEmpty else { return }
    var insertion = try RowStatement(database, "INSERT INTO keywords (rowid, terms) VALUES (?, ?)")
    for memory in changes.keys.sorted() {
      guard let change = changes[memory] else { continue }
      if let old = change.old {
        try KeywordIndex.remove(database, memory, terms: String(decoding: old, as: UTF8.self))
      }
      guard let new = change.new else { continue }
      insertion.add(memory)
      try insertion.run(addingText: new)
    }
  }
}
