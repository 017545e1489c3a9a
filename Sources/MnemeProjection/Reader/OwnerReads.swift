import FoundationEssentials
import MnemeCore
import Synchronization

/// What was read of owners a while ago, within a bound: memories that were hits, and who is meant by a question. All of
/// an owner's holds for one version, which rises with every change of any of their memories; what is older goes when
/// the owner is asked about next.
final class OwnerReads: Sendable {
  private struct Key: Hashable {
    /// Name of the database: another one counts owners and versions by itself.
    let database: String
    let owner: Int64
  }

  private struct Held {
    let version: Int64
    var people: OwnerPeople?
    var views: [Int64: MemoryView] = [:]
    /// What is not told by `size`: the entry itself, and room in the dictionaries.
    var byteCount = 256
    var lastUse = 0
  }

  private struct State {
    var held: [Key: Held] = [:]
    var byteCount = 0
    var useCount = 0
  }

  private let maxByteCount: Int
  private let state = Mutex(State())

  /// Keeps at most about `maxByteCount` bytes.
  init(maxByteCount: Int) {
    self.maxByteCount = maxByteCount
  }

  /// Bytes held, approximately.
  var byteCount: Int { self.state.withLock { $0.byteCount } }

  /// The memories of `owner` with these numbers, those that are not kept by `read`;
  /// without those that it does not find.
  func views(
    _ numbers: [Int64], of owner: OwnerRow, database: String, _ read: (Int64) throws -> MemoryView?
  ) rethrows -> [Int64: MemoryView] {
    let key = Key(database: database, owner: owner.number)
    var views = self.state.withLock { state -> [Int64: MemoryView] in
      guard let held = state.held[key], held.version == owner.version else { return [:] }
      return numbers.reduce(into: [:]) { $0[$1] = held.views[$1] }
    }
    let found = try numbers.filter { views[$0] == nil }.compactMap { number in
      try read(number).map { (number: number, view: $0) }
    }
    for (number, view) in found { views[number] = view }
    let size = found.reduce(0) { $0 + $1.view.byteCount }
    self.keep(key, owner.version, size: size) { held in
      for (number, view) in found { held.views[number] = view }
    }
    return views
  }

  /// Who is meant by a question about `owner`, by `read` where it is not kept.
  func people(of owner: OwnerRow, database: String, _ read: () throws -> OwnerPeople) rethrows -> OwnerPeople {
    let key = Key(database: database, owner: owner.number)
    let known = self.state.withLock { state in
      state.held[key].flatMap { $0.version == owner.version ? $0.people : nil }
    }
    if let known { return known }
    let people = try read()
    self.keep(key, owner.version, size: people.byteCount) { $0.people = people }
    return people
  }

  /// Notes a use of what is kept of an owner, and lets `add` add to it about `size` bytes.
  private func keep(_ key: Key, _ version: Int64, size: Int, _ add: (inout Held) -> Void) {
    self.state.withLock { state in
      var held = state.held.removeValue(forKey: key) ?? Held(version: version)
      state.byteCount -= held.byteCount
      // A reader on an older snapshot does not put back what another one has seen change.
      if held.version < version || held.byteCount + size > self.maxByteCount / 4 { held = Held(version: version) }
      if held.version == version, size <= self.maxByteCount / 4 {
        add(&held)
        held.byteCount += size
      }
      state.useCount += 1
      held.lastUse = state.useCount
      state.held[key] = held
      state.byteCount += held.byteCount
      guard state.byteCount > self.maxByteCount else { return }
      // A little more than has to go, so that this is not done for every owner that comes.
      for (key, entry) in state.held.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
        guard state.byteCount > self.maxByteCount / 8 * 7 else { return }
        state.byteCount -= entry.byteCount
        state.held[key] = nil
      }
    }
  }
}

extension MemoryView {
  /// Approximate size in memory, in bytes.
  fileprivate var byteCount: Int {
    var count = MemoryLayout<MemoryView>.stride + memory.text.utf8.count + (memory.value?.utf8.count ?? 0)
    for source in memory.sources { count += MemoryLayout<Source>.stride + source.quote.utf8.count + 64 }
    for (name, value) in memory.metadata ?? [:] { count += name.utf8.count + value.byteCount }
    return count
  }
}

extension JSONValue {
  /// Approximate size in memory, in bytes.
  fileprivate var byteCount: Int {
    switch self {
    case .null, .bool, .int, .double: MemoryLayout<JSONValue>.stride
    case .string(let text): MemoryLayout<JSONValue>.stride + text.utf8.count
    case .array(let elements): elements.reduce(MemoryLayout<JSONValue>.stride) { $0 + $1.byteCount }
    case .object(let members):
      members.reduce(MemoryLayout<JSONValue>.stride) { $0 + $1.key.utf8.count + $1.value.byteCount }
    }
  }
}

extension OwnerPeople {
  /// Approximate size in memory, in bytes.
  fileprivate var byteCount: Int {
    (names + speakers + others).reduce(0) { $0 + MemoryLayout<String>.stride + $1.utf8.count }
  }
}
