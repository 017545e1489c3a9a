import GRDB
import Synchronization

/// What the keyword index has to be told, until a transaction ends: it meets rising row numbers then, and nothing else
/// comes in between, without which it would write a segment for each memory, or for each of several batches.
final class KeywordChanges: Sendable {
  /// The terms that a memory has in the index, and those that it is to have, as places in `State.terms`; nil for none.
  private struct Change {
    let memory: Int64
    let old: Range<Int>?
    let new: Range<Int>?
  }

  private struct State {
    var terms: [UInt8] = []
    var changes: [Change] = []

    mutating func keep(_ terms: [UInt8]?) -> Range<Int>? {
      guard let terms else { return nil }
      let start = self.terms.count
      self.terms += terms
      return start..<self.terms.count
    }
  }

  private let state = Mutex(State())

  /// Notes that `memory` had the terms `old` and has `new`.
  func note(_ memory: Int64, old: [UInt8]?, new: [UInt8]?) {
    state.withLock { state in
      state.changes.append(Change(memory: memory, old: state.keep(old), new: state.keep(new)))
    }
  }

  /// Notes that `memory`, which had no terms, has those that `make` puts behind what it is given. Returns what `make`
  /// returns.
  func add(_ memory: Int64, _ make: (inout [UInt8]) throws -> Int) rethrows -> Int {
    try state.withLock { state in
      let start = state.terms.count
      let result = try make(&state.terms)
      state.changes.append(Change(memory: memory, old: nil, new: start..<state.terms.count))
      return result
    }
  }

  /// Tells the index of `database`, and forgets it.
  func write(_ database: Database) throws {
    let state = state.withLock { state in
      defer { state = State() }
      return state
    }
    guard !state.changes.isEmpty else { return }
    var insertion = try RowStatement(database, "INSERT INTO keywords (rowid, terms) VALUES (?, ?)")
    let order = state.changes.indices.sorted { (state.changes[$0].memory, $0) < (state.changes[$1].memory, $1) }
    var index = 0
    while index < order.count {
      // Of several changes of one memory, what it had before the first one and has after the last one.
      let first = state.changes[order[index]]
      while index + 1 < order.count, state.changes[order[index + 1]].memory == first.memory { index += 1 }
      let last = state.changes[order[index]]
      index += 1
      if let old = first.old {
        try KeywordIndex.remove(database, first.memory, terms: String(decoding: state.terms[old], as: UTF8.self))
      }
      guard let new = last.new else { continue }
      insertion.add(first.memory)
      try unsafe state.terms.withUnsafeBytes { terms in
        unsafe insertion.add(text: UnsafeRawBufferPointer(rebasing: terms[new]))
        try insertion.run()
      }
    }
  }
}
