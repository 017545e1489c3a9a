import EventLog
import GRDB
import MnemeCore

/// Consecutive records of one partition, read.
struct FoldSlice: Sendable {
  let source: TopicPartition
  /// Offset from which they were read.
  let from: Int64
  /// Next offset after them.
  let next: Int64
  let records: [FoldRecord]

  init(source: TopicPartition, from: Int64, records: [FoldRecord]) {
    self.source = source
    self.from = from
    self.next = records.last.map { $0.position.offset + 1 } ?? from
    self.records = records
  }
}

/// What one transaction folds of a shard's two topics.
struct FoldBatch: Sendable {
  let memories: FoldSlice
  let vectors: FoldSlice
  /// Whether no vector was left behind when these memories had been read: they can be searched by meaning then.
  let hasAllVectors: Bool
  /// `ShardPosition.mark` after these vectors.
  var mark: Int64 = 0
  /// `ShardPosition.isHeldBack` after these memories.
  var isHeldBack = false

  /// Whether nothing is to be folded.
  var isEmpty: Bool { memories.records.isEmpty && vectors.records.isEmpty }
  /// How many records are.
  var recordCount: Int { memories.records.count + vectors.records.count }
  /// Where the next batch begins.
  var end: ShardPosition {
    ShardPosition(
      memories: memories.next, vectors: vectors.next, mark: mark, isHeldBack: isHeldBack, isVisible: hasAllVectors)
  }
}

/// How far a shard has folded its two topics.
struct ShardPosition: Hashable, Sendable {
  var memories: Int64
  var vectors: Int64
  /// Vectors of all memories records below this offset are folded, as far as they come from a stage that follows the
  /// memories and tells so.
  var mark: Int64 = 0
  /// Whether the next memories record waits for its vectors.
  var isHeldBack = false
  /// Whether what is folded is known to be visible: no vector was left behind at the last look.
  var isVisible = false
}

/// A shard is not where a batch begins: another database took its place meanwhile.
struct FoldOutOfPlace: Error {}

extension FoldBatch {
  /// Folds what the shard does not have yet, and moves its watermarks, all in the caller's transaction.
  /// - Throws: `FoldOutOfPlace`: records between the shard's watermark and the batch would be left out.
  func apply(to database: Database, keepsTouched: Bool) throws -> ShardPosition {
    var fold = try ShardFold(database)
    var next: [Int64] = []
    for slice in [memories, vectors] {
      let stored = try Watermarks.next(database, slice.source)
      guard let stored, slice.from <= stored else { throw FoldOutOfPlace() }
      for record in slice.records where record.position.offset >= stored { try fold.fold(record) }
      if slice.next > stored { try Watermarks.set(database, slice.source, to: slice.next) }
      next.append(max(stored, slice.next))
    }
    try fold.flush(keepsTouched: keepsTouched)
    try Watermarks.noteTurns(database, of: memories.records, areVisible: hasAllVectors)
    let mark = try Watermarks.raiseMark(database, to: mark)
    return ShardPosition(
      memories: next[0], vectors: next[1], mark: mark, isHeldBack: isHeldBack, isVisible: hasAllVectors)
  }
}

/// How far a shard is, as rows.
enum Watermarks {
  /// Next offset of `source` to fold; nil where nothing was ever folded.
  static func next(_ database: Database, _ source: TopicPartition) throws -> Int64? {
    let statement = try database.cachedStatement(
      sql: "SELECT next FROM watermarks WHERE topic = ? AND partition = ?")
    return try Int64.fetchOne(statement, arguments: [source.topic, source.partition])
  }

  /// Moves the watermark of `source`.
  static func set(_ database: Database, _ source: TopicPartition, to next: Int64) throws {
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO watermarks VALUES (?, ?, ?)")
      .execute(arguments: [source.topic, source.partition, next])
  }

  /// All watermarks.
  static func all(_ database: Database) throws -> [TopicOffset] {
    try Row.fetchAll(database, sql: "SELECT topic, partition, next FROM watermarks ORDER BY topic, partition")
      .map { TopicOffset(topic: $0[0], partition: $0[1], next: $0[2]) }
  }

  /// `ShardPosition.mark`.
  static func mark(_ database: Database) throws -> Int64 {
    try Int64.fetchOne(try database.cachedStatement(sql: "SELECT memories_next FROM vector_mark")) ?? 0
  }

  /// Moves the mark forward to `mark`; returns where it is.
  static func raiseMark(_ database: Database, to mark: Int64) throws -> Int64 {
    let stored = try self.mark(database)
    guard mark > stored else { return stored }
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO vector_mark VALUES (0, ?)").execute(arguments: [mark])
    return mark
  }

  /// Highest offset of turns partition `partition` whose outcome and vectors are folded.
  static func visibleTurn(_ database: Database, partition: Int) throws -> Int64? {
    let statement = try database.cachedStatement(sql: "SELECT visible FROM turn_positions WHERE partition = ?")
    return try Int64.fetchOne(statement, arguments: [partition])
  }

  /// Notes the turns whose outcome was folded.
  static func noteTurns(_ database: Database, of records: [FoldRecord], areVisible: Bool) throws {
    var highest: [Int: Int64] = [:]
    for record in records {
      guard let place = record.inputPlace else { continue }
      highest[place.partition] = max(highest[place.partition] ?? -1, place.offset)
    }
    for (partition, offset) in highest {
      try database.cachedStatement(
        sql: """
          INSERT INTO turn_positions VALUES (?, ?, -1)
          ON CONFLICT (partition) DO UPDATE SET folded = max(folded, excluded.folded)
          """
      ).execute(arguments: [partition, offset])
    }
    if areVisible {
      try database.cachedStatement(sql: "UPDATE turn_positions SET visible = folded WHERE visible < folded").execute()
    }
  }
}
