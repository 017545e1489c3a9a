import MnemeCore
import Synchronization

/// What hits say, word by word, as it was read a while ago: reading it takes longer than searching a few hundred
/// memories. A text says the same whatever becomes of the memory.
final class Phrasings: Sendable {
  private struct Key: Hashable {
    let text: String
    let subject: String
  }

  private struct State {
    var young: [Key: Phrasing] = [:]
    var old: [Key: Phrasing] = [:]
  }

  private let maxCount: Int
  /// Longest text of one that is kept, in bytes of UTF-8.
  static let maxTextByteCount = 1024

  private let state = Mutex(State())

  /// Keeps at most `maxCount` phrasings, some kilobytes each.
  init(maxCount: Int = 2048) { self.maxCount = maxCount }

  /// How many are kept.
  var count: Int { self.state.withLock { $0.young.count + $0.old.count } }

  /// The phrasing of what `item` says.
  func phrasing(of item: Repeats.Item) -> Phrasing {
    guard item.text.utf8.count <= Self.maxTextByteCount else { return Phrasing(item.text, about: item.subject) }
    let key = Key(text: item.text, subject: item.subject)
    let known = self.state.withLock { $0.young[key] ?? $0.old[key] }
    let phrasing = known ?? Phrasing(item.text, about: item.subject)
    self.state.withLock { state in
      guard state.young[key] == nil else { return }
      // What is used moves to the young ones, and when those are half of all, the old ones go.
      if state.young.count >= self.maxCount / 2 { (state.old, state.young) = (state.young, [:]) }
      state.old[key] = nil
      state.young[key] = phrasing
    }
    return phrasing
  }
}
