import FoundationEssentials
import GRDB
import MnemeCore

/// An owner's memories as they were recorded by an instant: what was decided later is undone.
///
/// The instant is compared with when an outcome was decided, as histories tell it. A memory that nothing has happened
/// to since is read as it stands; any other one is folded again from the recorded outcomes.
struct PastMemories {
  /// A memory as it was.
  struct Entry {
    let number: Int64
    let view: MemoryView
    /// The words of what it came from by then.
    let sourceWords: SourceWords
  }

  /// Memories that one owner may ever have had for their past to be told, all together. Each of them may have to be
  /// folded again and held in memory while one request is answered.
  static let maxMemoryCount = 20_000

  private let database: Database
  private let instant: Int64

  /// What was recorded in `database` by `instant`.
  init(_ database: Database, asOf instant: Timestamp) {
    self.database = database
    self.instant = instant.milliseconds
  }

  /// All of an owner's, in order of their numbers.
  /// - Throws: `ProjectionError` (`.unanswerable`) where there are more than `maxMemoryCount`.
  func all(of owner: OwnerRow) throws -> [Entry] {
    guard owner.nextOrdinal <= Self.maxMemoryCount else { throw ProjectionError.tooLongPast }
    return try entries(Schema.memories(of: owner.number))
  }

  /// One of them; nil where it was not known, and where a person deleted it since.
  func memory(_ number: Int64) throws -> MemoryView? { try entries(number...number).first?.view }

  private func entries(_ range: ClosedRange<Int64>) throws -> [Entry] {
    let changes = try changes(range)
    var lastChange: [Int64: Int64] = [:]
    var isKnown: Set<Int64> = []
    for change in changes {
      lastChange[change.memory] = max(change.at, lastChange[change.memory] ?? .min)
      if change.at <= instant { isKnown.insert(change.memory) }
    }
    let lookup = MemoryLookup(database)
    var entries: [Entry] = []
    var lives: [Int64: Life] = [:]
    for number in isKnown {
      if let last = lastChange[number], last > instant {
        lives[number] = Life()
      } else if let view = try lookup.view(number) {
        entries.append(Entry(number: number, view: view, sourceWords: try sourceWords(of: number)))
      }
    }
    if !lives.isEmpty { try fold(changes, into: &lives) }
    for (number, life) in lives {
      guard let memory = life.memory, !life.isDeletedLater else { continue }
      var seen: Set<UUID> = [memory.id]
      guard try !life.heirs.contains(where: { try isDeleted($0, &seen) }) else { continue }
      let owner = try lookup.owner(Schema.owner(of: number))
      entries.append(
        Entry(
          number: number,
          view: MemoryView(memory: memory, owner: owner, reinforcementCount: life.reinforcementCount),
          sourceWords: life.sourceWords))
    }
    return entries.sorted { $0.number < $1.number }
  }

  private func sourceWords(of number: Int64) throws -> SourceWords {
    let statement = try database.cachedStatement(sql: "SELECT source_words FROM memories WHERE memory = ?")
    let rows = try Row.fetchCursor(statement, arguments: [number])
    return try rows.next().map { try SourceWords($0, at: 0) } ?? SourceWords()
  }

  // MARK: Folding

  /// A row of `changes`, and when its input was decided.
  private struct Change {
    let memory: Int64
    let input: Int64
    let ordinal: Int
    let at: Int64
  }

  /// What has become of a memory.
  private struct Life {
    var memory: Memory?
    var reinforcementCount = 0
    var sourceWords = SourceWords()
    /// Whether a person deleted it after the instant: what a person deletes stays deleted, in the past as well.
    var isDeletedLater = false
    /// The memories into which an edit merged it after the instant.
    var heirs: [UUID] = []

    mutating func evolve(_ event: MemoryEvent, _ spoken: SpokenWords) {
      switch event {
      case .added(let memory):
        reinforcementCount = 0
        sourceWords = SourceWords(memory.sources, spoken)
      case .reinforced(_, let source, _) where memory != nil:
        reinforcementCount += 1
        sourceWords.add(source, spoken)
      case .reinforced, .revised, .superseded, .retracted, .rated: break
      }
      memory = Memory.evolve(memory, event)
    }
  }

  private func changes(_ range: ClosedRange<Int64>) throws -> [Change] {
    let statement = try database.cachedStatement(
      sql: """
        SELECT c.memory, c.input, c.ordinal, i.completed_at FROM changes c JOIN inputs i ON i.input = c.input
        WHERE c.memory BETWEEN ? AND ? ORDER BY c.input, c.ordinal
        """)
    return try Row.fetchAll(statement, arguments: [range.lowerBound, range.upperBound]).map { row in
      Change(memory: row[0], input: row[1], ordinal: row[2], at: row[3])
    }
  }

  private func fold(_ changes: [Change], into lives: inout [Int64: Life]) throws {
    let tokenizer = try WordTokenizer(database)
    var current: (input: Int64, body: MemoriesResolved, spoken: SpokenWords)?
    for change in changes where lives[change.memory] != nil {
      if current?.input != change.input {
        let body = try body(of: change.input)
        current = (change.input, body, try SpokenWords(body, tokenizer))
      }
      guard let (_, body, spoken) = current, body.events.indices.contains(change.ordinal) else {
        throw MemoryRow.damaged
      }
      let event = body.events[change.ordinal]
      if change.at <= instant {
        lives[change.memory]?.evolve(event, spoken)
      } else if case .retracted = event {
        if Self.keepsPast(body.input) {
          lives[change.memory]?.heirs += Self.revised(body)
        } else {
          lives[change.memory]?.isDeletedLater = true
        }
      }
    }
  }

  /// Whether a person deleted the memory `id`, or one into which it was merged. `seen` are those that were asked about.
  private func isDeleted(_ id: UUID, _ seen: inout Set<UUID>) throws -> Bool {
    guard seen.insert(id).inserted else { return false }
    let numbers = try database.cachedStatement(sql: "SELECT memory FROM numbers WHERE id = ?")
    guard let number = try Int64.fetchOne(numbers, arguments: [id]) else { return false }
    for change in try changes(number...number) {
      let body = try body(of: change.input)
      guard body.events.indices.contains(change.ordinal) else { throw MemoryRow.damaged }
      guard case .retracted = body.events[change.ordinal] else { continue }
      guard Self.keepsPast(body.input) else { return true }
      for heir in Self.revised(body) where try isDeleted(heir, &seen) { return true }
    }
    return false
  }

  private func body(of input: Int64) throws -> MemoriesResolved {
    let statement = try database.cachedStatement(sql: "SELECT body FROM inputs WHERE input = ?")
    guard let bytes = try Data.fetchOne(statement, arguments: [input]),
      let body = try? EventBodyReader.resolved(Array(bytes))
    else { throw MemoryRow.damaged }
    return body
  }

  /// The memories that an outcome changes by a person's words.
  private static func revised(_ body: MemoriesResolved) -> [UUID] {
    body.events.compactMap { event in
      if case .revised(let id, _) = event { id } else { nil }
    }
  }

  /// Whether what the input withdrew may be told of before that: no person asked for it to be deleted. A turn, or an
  /// edit, merges memories that say the same; anything else is taken for a deletion.
  private static func keepsPast(_ input: InputReference) -> Bool {
    switch EventType(rawValue: input.type) {
    case .turnRecorded, .memoryEditRequested: true
    default: false
    }
  }
}

extension ProjectionError {
  fileprivate static let tooLongPast = ProjectionError(
    .unanswerable,
    """
    as_of is answered for users who had at most \(PastMemories.maxMemoryCount) memories, ended ones included; ask for \
    single memories with as_of, or for their history
    """)

  /// A query of the past that names no user.
  static let pastOfMany = ProjectionError(
    .unanswerable, "as_of is answered for one user: put user_id into the filters, outside of OR and NOT")
}
