import GRDB
import MnemeCore

/// When a memory holds, when it was last said and how often: what is asked of it beside its words and its meaning.
/// Times are milliseconds since 1970.
struct Standing: Sendable {
  let validFrom: Int64
  /// `Int64.max` where it holds.
  let validTo: Int64
  let lastSaidAt: Int64
  /// `Ranking.strength`.
  let strength: Int32

  /// Columns of a memory `m` with its first source `s`, which `init(_:at:)` reads.
  static let columns = """
    m.valid_from, m.valid_to, \
    ifnull(CASE WHEN m.source_count > 1 THEN (SELECT max(o.time) FROM sources o WHERE o.memory = m.memory) \
    ELSE s.time END, m.valid_from), m.reinforcement_count, m.feedback
    """
  static let columnCount = 5

  /// Reads `columns` from `index` on.
  init(_ row: Row, at index: Int) {
    self.init(
      validFrom: row[index], validTo: (row[index + 1] as Int64?) ?? .max, lastSaidAt: row[index + 2],
      strength: Self.strength(
        Int(clamping: row[index + 3] as Int64), (row[index + 4] as String?).flatMap(Feedback.Rating.init(rawValue:))))
  }

  /// That of a memory which was said again `reinforcementCount` times.
  init(_ memory: Memory, reinforcementCount: Int) {
    self.init(
      validFrom: memory.validFrom.at.milliseconds, validTo: memory.validTo?.at.milliseconds ?? .max,
      lastSaidAt: memory.sources.map(\.time.at.milliseconds).max() ?? memory.validFrom.at.milliseconds,
      strength: Self.strength(reinforcementCount, memory.feedback?.rating))
  }

  init(validFrom: Int64, validTo: Int64, lastSaidAt: Int64, strength: Int32) {
    self.validFrom = validFrom
    self.validTo = validTo
    self.lastSaidAt = lastSaidAt
    self.strength = strength
  }

  /// How fresh it is at `reference`, 0…1.
  func freshness(at reference: Int64) -> Double {
    Ranking.freshness(
      age: (Double(reference) - Double(lastSaidAt)) / Self.millisecondsPerDay,
      strength: Int(strength))
  }

  private static func strength(_ reinforcementCount: Int, _ feedback: Feedback.Rating?) -> Int32 {
    Int32(clamping: Ranking.strength(reinforcementCount: reinforcementCount, feedback: feedback))
  }

  private static let millisecondsPerDay = 86_400_000.0
}

/// The time that a query asks about, as searches ask it of every memory.
struct AskedInterval: Sendable {
  private let from: Int64
  private let to: Int64

  init(_ interval: CivilInterval) {
    from = interval.from.milliseconds
    to = interval.to.milliseconds
  }

  /// Whether a memory is of that time: what it says began then, or went on then and has ended since. Of what began
  /// before and still holds, as most of what is known about somebody does, no time says anything.
  func has(_ validFrom: Int64, _ validTo: Int64) -> Bool {
    validFrom < to && (validFrom >= from || (validTo != .max && validTo > from))
  }

  func has(_ standing: Standing) -> Bool { has(standing.validFrom, standing.validTo) }
}
