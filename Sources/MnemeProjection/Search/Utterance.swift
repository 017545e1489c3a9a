import GRDB
import MnemeCore

/// Where in a conversation a memory was said: its first source.
struct Utterance: Sendable {
  /// Number of the session in a table of the caller's; `noSession` where the source names none.
  let session: Int32
  /// Digest of the message: equal for all memories of one message.
  let place: UInt64
  /// Milliseconds since 1970.
  let at: Int64
  let isAssistant: Bool

  /// The source names no session: what was said within `maxPause` of each other belongs together, then.
  static let noSession: Int32 = -1
  /// The memory has no source: it stands in no conversation.
  static let nowhere: Int32 = -2

  /// Messages before, and messages after, whose memories are context.
  static let reach = 2
  /// Memories of the owner among which those are looked for, each way: where more were recorded between two messages
  /// of a session, they are no context of each other.
  static let maxDistance = 32
  /// Longest pause in a conversation without a session, in milliseconds.
  static let maxPause: Int64 = 3_600_000

  /// Columns of a memory `m` with its first source `s`, which `init(_:at:session:)` reads.
  static let columns = "ifnull(s.run_id, m.run_id), s.event_id, s.message_index, s.time, s.role"
  /// Where those come from.
  static let tables = "memories m LEFT JOIN sources s ON s.memory = m.memory AND s.ordinal = 0"

  /// Reads `columns` from `index` on. `session` gives the number of a session.
  init(_ row: Row, at index: Int, session: (String) -> Int32) {
    guard let event: String = row[index + 1] else {
      self.init(session: Self.nowhere, place: 0, at: 0, isAssistant: false)
      return
    }
    let run: String? = row[index]
    let message: Int64 = row[index + 2]
    // FNV-1a: of the few memories that are compared with each other, no two messages share it.
    var digest = FNV1a()
    for byte in event.utf8 { digest.add(UInt64(byte)) }
    digest.add(UInt64(bitPattern: message))
    self.init(
      session: run.map(session) ?? Self.noSession, place: digest.value, at: row[index + 3],
      isAssistant: row[index + 4] as String == "assistant")
  }

  /// Whether it was said on a day that is so called.
  func isSaid(on date: DateWord) -> Bool { session != Self.nowhere && date.names(at) }

  init(session: Int32, place: UInt64, at: Int64, isAssistant: Bool) {
    self.session = session
    self.place = place
    self.at = at
    self.isAssistant = isAssistant
  }

  /// Calls `body` with each of the memories that were said in the `reach` messages before and after that of memory
  /// `index`, of those of `range` in the order in which they became known. `utterance` is nil for one that exists no
  /// more.
  /// What is context of another has that one as its context.
  static func forEachContext(
    of index: Int, in range: Range<Int>, _ utterance: (Int) -> Utterance?, body: (Int) -> Void
  ) {
    guard let own = utterance(index), own.session != nowhere else { return }
    for step in stride(from: -1, through: 1, by: 2) {
      var (next, seenCount, messageCount) = (index + step, 0, 0)
      var last = own
      while range.contains(next), seenCount < maxDistance {
        defer { next += step }
        guard let other = utterance(next) else { continue }
        seenCount += 1
        guard other.session == own.session else { continue }
        if own.session == noSession, abs(other.at - last.at) > maxPause { break }
        if other.place != last.place { messageCount += 1 }
        if messageCount > reach { break }
        last = other
        if messageCount > 0 { body(next) }
      }
    }
  }
}

/// The day on which a memory was said, as its parts.
struct SaidDay: Sendable, BitwiseCopyable {
  private let year: Int32
  private let month: UInt8
  private let day: UInt8

  /// None.
  static let never = SaidDay(year: .min, month: 0, day: 0)

  private init(year: Int32, month: UInt8, day: UInt8) { (self.year, self.month, self.day) = (year, month, day) }

  /// That of `utterance`; `never` where it stands in no conversation.
  init(_ utterance: Utterance) {
    guard utterance.session != Utterance.nowhere else {
      self = .never
      return
    }
    let day = Timestamp(milliseconds: utterance.at).day.components
    self.init(year: Int32(clamping: day.year), month: UInt8(day.month), day: UInt8(day.day))
  }

  /// Whether it is so called.
  func isCalled(_ date: DateWord) -> Bool {
    switch date {
    case .year(let year): Int(self.year) == year
    case .month(let month): Int(self.month) == month
    case .day(let day): Int(self.day) == day
    }
  }
}

/// A part of a date that a word of a query may be.
enum DateWord: Sendable, Hashable {
  case year(Int)
  case month(Int)
  case day(Int)

  /// What `word`, as the index has it, may mean. `months` are the names of the months, as the index has them.
  init?(_ word: [UInt8], months: [[UInt8]]) {
    if let month = months.firstIndex(of: word) {
      self = .month(month + 1)
      return
    }
    guard word.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(String(decoding: word, as: UTF8.self))
    else { return nil }
    switch number {
    case 1...31 where word.count <= 2: self = .day(number)
    case 1000...9999 where word.count == 4: self = .year(number)
    default: return nil
    }
  }

  /// Whether the day of `milliseconds` since 1970 is so called.
  func names(_ milliseconds: Int64) -> Bool {
    let day = Timestamp(milliseconds: milliseconds).day.components
    switch self {
    case .year(let year): return year == day.year
    case .month(let month): return month == day.month
    case .day(let number): return number == day.day
    }
  }
}
