import FoundationEssentials
import MnemeCore

/// A memory that a record adds, written as rows straight from the record's bytes: the same rows as `MemoryRow` writes.
struct SketchRow {
  let sketch: ResolvedSketch
  /// Which of the sketch's memories it is.
  let index: Int
  let number: Int64
  /// What the body tells of the turn's messages.
  let spoken: SpokenWords

  private var memory: MemorySketch { sketch.memories[index] }

  /// Writes it and its sources. Returns the digest of the text, and how many words it and what it comes from have.
  func write(
    _ statements: inout FoldStatements, _ tokenizer: WordTokenizer
  ) throws -> (digest: TextDigest, wordCount: Int, sourceWordCount: Int) {
    let memory = self.memory
    return try sketch.withTexts { texts in
      let text = unsafe texts[memory.text]
      let digest = unsafe TextDigest(of: text)
      let words = try unsafe tokenizer.keys(of: text)
      let sourceWords = sourceWords(memory, texts)
      try write(memory, texts, digest, words, sourceWords, &statements.insertMemory)
      for ordinal in memory.sources.indices {
        try write(sketch.sources[ordinal], ordinal - memory.sources.lowerBound, texts, &statements.insertSource)
      }
      try writeRuns(memory, texts, &statements.insertRun)
      return (digest, words.count, sourceWords.keys.count)
    }
  }

  private func write(
    _ memory: MemorySketch, _ texts: borrowing ResolvedSketch.Texts, _ digest: TextDigest, _ words: WordKeys,
    _ sourceWords: SourceWords, _ statement: inout RowStatement
  ) throws {
    statement.add(number)
    statement.add(memory.id)
    Self.add(memory.text, texts, &statement)
    Self.add(memory.category, texts, &statement)
    Self.add(memory.userID, texts, &statement)
    Self.add(memory.agentID, texts, &statement)
    Self.add(memory.appID, texts, &statement)
    Self.add(memory.runID, texts, &statement)
    Self.add(memory.actor, texts, &statement)
    Self.add(memory.subject, texts, &statement)
    Self.add(memory.attribute, texts, &statement)
    Self.add(memory.value, texts, &statement)
    statement.add(Self.text(memory.polarity))
    statement.add(memory.confidence)
    statement.add(memory.validFrom.at.milliseconds)
    statement.add(Self.text(memory.validFrom.basis))
    statement.add(memory.validTo?.at.milliseconds)
    statement.add(memory.validTo?.basis.rawValue)
    statement.add(memory.supersededBy)
    statement.add(memory.metadata.map { StoredJSON.encode(sketch.objects[$0]) })
    statement.add(memory.expiresAt?.milliseconds)
    Self.add(memory.recipe, texts, &statement)
    statement.add(memory.isEdited)
    statement.add(memory.recordedAt.milliseconds)
    statement.add(memory.updatedAt.milliseconds)
    statement.add(0)
    // Nobody has judged what is new.
    statement.addNull()
    statement.addNull()
    statement.add(memory.sources.count)
    statement.add(digest)
    statement.add(sourceWords.bytes)
    try statement.run(adding: words.bytes)
  }

  private func sourceWords(_ memory: MemorySketch, _ texts: borrowing ResolvedSketch.Texts) -> SourceWords {
    var words = SourceWords()
    guard !sketch.messages.isEmpty else { return words }
    for source in sketch.sources[memory.sources] {
      guard unsafe texts[source.eventID].elementsEqual(spoken.eventID.utf8) else { continue }
      words.add(spoken.around(source.messageIndex))
    }
    return words
  }

  private func write(
    _ source: SourceSketch, _ ordinal: Int, _ texts: borrowing ResolvedSketch.Texts, _ statement: inout RowStatement
  ) throws {
    statement.add(number)
    statement.add(ordinal)
    Self.add(source.eventID, texts, &statement)
    statement.add(source.messageIndex)
    Self.add(source.messageID, texts, &statement)
    Self.add(source.role, texts, &statement)
    statement.add(source.time.at.milliseconds)
    statement.add(Self.text(source.time.basis))
    Self.add(source.quote, texts, &statement)
    Self.add(source.runID, texts, &statement)
    try statement.run()
  }

  /// The sessions of the memory and of its sources. One that is named twice is put in once.
  private func writeRuns(
    _ memory: MemorySketch, _ texts: borrowing ResolvedSketch.Texts, _ statement: inout RowStatement
  ) throws {
    func write(_ run: TextPlace) throws {
      Self.add(run, texts, &statement)
      statement.add(number)
      try statement.run()
    }
    if let run = memory.runID { try write(run) }
    for source in sketch.sources[memory.sources] {
      if let run = source.runID { try write(run) }
    }
  }

  /// The raw value, as text that needs no copy.
  private static func text(_ basis: Moment.Basis) -> StaticString {
    switch basis {
    case .stated: "stated"
    case .received: "received"
    }
  }

  private static func text(_ polarity: Polarity) -> StaticString {
    switch polarity {
    case .positive: "positive"
    case .negative: "negative"
    }
  }

  private static func add(
    _ place: TextPlace, _ texts: borrowing ResolvedSketch.Texts, _ statement: inout RowStatement
  ) {
    // The texts live as long as the call that writes the row.
    unsafe statement.add(text: texts[place])
  }

  private static func add(
    _ place: TextPlace?, _ texts: borrowing ResolvedSketch.Texts, _ statement: inout RowStatement
  ) {
    if let place { add(place, texts, &statement) } else { statement.addNull() }
  }
}

extension ResolvedSketch {
  /// The events as values; for the few that need more than to be stored.
  func events() throws -> [MemoryEvent] { try EventBodyReader.resolved(body).events }

  /// Whether memory `index` is of `owner`.
  func isMemory(_ index: Int, of owner: Owner) -> Bool {
    guard let found = memories[index].owner, found.kind == owner.kind else { return false }
    return withTexts { texts in unsafe texts[found.id].elementsEqual(owner.id.utf8) }
  }
}
