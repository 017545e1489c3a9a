/// How far the contexts of memories reach that stand side by side, group by group.
struct ContextReaches: Sendable {
  /// Places of a group. Whatever stood around a memory of the base stands in its group, or in the next ones.
  static let groupCount = 2 * Utterance.maxDistance
  /// A group has one reach for all of its memories where it is at most this.
  static let maxReach = 16

  /// Where the contexts of a group's memories stand.
  enum Reach: Hashable, Sendable {
    /// At most so many places away.
    case places(Int)
    /// In the group, or in the next ones.
    case nextGroups
    /// Something has changed: also behind the base.
    case anywhere
  }

  /// Of each group: places, or one of these.
  private var reaches: [UInt8] = []

  private static let (nextGroups, anywhere) = (UInt8.max - 1, UInt8.max)

  /// Of no places.
  init() {}

  /// Of places with these contexts.
  init(_ contexts: [ContextDistances]) {
    reaches.reserveCapacity((contexts.count + Self.groupCount - 1) / Self.groupCount)
    for start in stride(from: 0, to: contexts.count, by: Self.groupCount) {
      var most = 0
      for context in contexts[start..<min(start + Self.groupCount, contexts.count)] {
        most = max(most, context.reach ?? Self.maxReach + 1)
      }
      reaches.append(most > Self.maxReach ? Self.nextGroups : UInt8(most))
    }
  }

  /// Something came to `place`, or has gone from there: contexts near it may be others.
  mutating func forget(around place: Int) {
    let first = max(0, place - Self.groupCount) / Self.groupCount
    let last = min((place + Self.groupCount) / Self.groupCount, reaches.count - 1)
    guard first <= last else { return }
    for group in first...last { reaches[group] = Self.anywhere }
  }

  /// That of group `number`.
  subscript(number: Int) -> Reach {
    guard reaches.indices.contains(number) else { return .anywhere }
    return switch reaches[number] {
    case Self.anywhere: .anywhere
    case Self.nextGroups: .nextGroups
    case let places: .places(Int(places))
    }
  }
}
