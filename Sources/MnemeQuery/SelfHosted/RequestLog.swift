import MnemeCore
import Synchronization

/// The latest requests that were answered, by their routes: no path, body or header is kept. Bounded; the oldest are
/// forgotten first.
final class RequestLog: Sendable {
  /// One request of a known caller.
  struct Entry: Hashable, Sendable {
    let realm: String
    /// The caller's key; nil where none was asked for.
    let keyID: String?
    let method: String
    /// The route's pattern, e.g. `/v1/memories/{id}/`.
    let route: String
    let status: Int
    let milliseconds: Double
    let at: Timestamp
  }

  /// Requests that are kept, of all projects together.
  static let maxCount = 4096
  /// Requests that one answer tells of.
  static let maxShownCount = 200

  private struct State {
    var entries: [Entry] = []
    /// Where the oldest stands once there are as many as are kept.
    var oldest = 0
  }

  private let state = Mutex(State())

  /// Keeps a request.
  func note(_ entry: Entry) {
    self.state.withLock { state in
      guard state.entries.count == Self.maxCount else { return state.entries.append(entry) }
      state.entries[state.oldest] = entry
      state.oldest = (state.oldest + 1) % Self.maxCount
    }
  }

  /// The `limit` latest of `realm`, the latest first; those of one key where `keyID` is given.
  func latest(_ limit: Int, realm: String, keyID: String?) -> [Entry] {
    self.state.withLock { state in
      let ordered = state.entries[state.oldest...] + state.entries[..<state.oldest]
      return Array(
        ordered.reversed().lazy.filter { $0.realm == realm && (keyID == nil || $0.keyID == keyID) }.prefix(limit))
    }
  }
}
