import EventLog
import FoundationEssentials
import MnemeCore
import Synchronization

/// Events that this process appended lately: what makes an event pending rather than not found.
/// Bounded; the oldest are forgotten first.
final class AcceptedEvents: Sendable {
  /// One event.
  struct Entry: Hashable, Sendable {
    /// Whose its last record is; nil where it has none.
    let owner: OwnerKey?
    /// Its type.
    let type: EventType
    /// The one memory that it is about; nil where it is about more or none.
    let memoryID: UUID?
    /// When it was taken in.
    let at: Timestamp
    /// Where it stands; of an event with parts, all of them.
    let position: Position
    /// How many records it has.
    let recordCount: Int
  }

  private struct Key: Hashable {
    let tenant: String
    let id: String
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var order: [Key] = []
    var oldest = 0
  }

  private let maxCount: Int
  private let state = Mutex(State())

  /// Remembers at most `maxCount` events.
  init(maxCount: Int) {
    precondition(maxCount > 0, "at least one event is remembered")
    self.maxCount = maxCount
  }

  /// The event `id` of `tenant`; nil where it is not remembered.
  func entry(_ id: String, tenant: String) -> Entry? {
    self.state.withLock { $0.entries[Key(tenant: tenant, id: id)] }
  }

  /// The `limit` events of `tenant` that were remembered last, the latest first.
  func latest(_ limit: Int, tenant: String) -> [(id: String, entry: Entry)] {
    self.state.withLock { state in
      var found: [(id: String, entry: Entry)] = []
      // Before the oldest stands the latest.
      for step in 0..<state.order.count where found.count < limit {
        let key = state.order[(state.oldest - 1 - step + 2 * state.order.count) % state.order.count]
        guard key.tenant == tenant, let entry = state.entries[key] else { continue }
        found.append((key.id, entry))
      }
      return found
    }
  }

  /// Remembers an event of `tenant`; the first one with an id stays.
  func remember(_ id: String, tenant: String, _ entry: Entry) {
    let key = Key(tenant: tenant, id: id)
    self.state.withLock { state in
      guard state.entries[key] == nil else { return }
      state.entries[key] = entry
      if state.order.count < self.maxCount {
        state.order.append(key)
      } else {
        state.entries[state.order[state.oldest]] = nil
        state.order[state.oldest] = key
        state.oldest = (state.oldest + 1) % self.maxCount
      }
    }
  }
}
