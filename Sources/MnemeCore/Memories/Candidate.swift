import FoundationEssentials

/// A fact candidate on its way to becoming a memory.
public struct Candidate: Sendable {
  /// The memory that it becomes if it is new.
  public var memory: Memory
  /// The embedding of its text.
  public var vector: [Float]
  /// Whether it is stored as it stands: only the very same words are the same.
  public var isVerbatim: Bool

  /// A candidate with all its parts.
  public init(memory: Memory, vector: [Float], isVerbatim: Bool) {
    self.memory = memory
    self.vector = vector
    self.isVerbatim = isVerbatim
  }

  /// The candidates of `facts`, as `owner`'s memories, decided at `now`. `vectors` are those of the facts' texts, in
  /// their order.
  ///
  /// A candidate's id follows from what it says and where that was said, so that another recipe which finds the same
  /// fact in the same message gives it the same id.
  public static func all(
    of facts: FactsExtracted, owner: OwnerKey, vectors: [[Float]], now: Timestamp
  ) -> [Candidate] {
    precondition(vectors.count == facts.facts.count, "every fact has its vector")
    var counts: [[String]: Int] = [:]
    return zip(facts.facts, vectors).map { fact, vector in
      let key = [facts.input.id, String(fact.messageIndex)] + identity(of: fact)
      let count = counts[key, default: 0]
      counts[key] = count + 1
      return Candidate(
        fact: fact, id: Derivation.uuid(["memory", owner.description] + key + [String(count)]), of: facts,
        vector: vector, now: now)
    }
  }

  /// What a fact says, apart from its wording where it fills a slot.
  private static func identity(of fact: FactCandidate) -> [String] {
    let canonical = Slot.canonical(subject: fact.subject, attribute: fact.attribute, polarity: fact.polarity)
    guard let slot = canonical.slot, let value = fact.value else { return ["text", NormalizedText.of(fact.text)] }
    return ["slot", slot.subject, slot.attribute, canonical.polarity.rawValue, NormalizedText.of(value)]
  }

  private init(fact: FactCandidate, id: UUID, of facts: FactsExtracted, vector: [Float], now: Timestamp) {
    let message = facts.turn.messages[fact.messageIndex]
    let source = Source(
      eventID: facts.input.id, messageIndex: fact.messageIndex, messageID: message.id, role: message.role,
      time: message.time, quote: fact.quote, runID: facts.turn.scope.runID)
    let memory = Memory(
      id: id, text: fact.text, category: fact.category, scope: facts.turn.scope, actor: fact.actor,
      subject: fact.subject, attribute: fact.attribute, value: fact.value, polarity: fact.polarity,
      confidence: fact.confidence, validFrom: fact.validFrom.map { Moment($0, .stated) } ?? message.time,
      validTo: fact.validTo.map { Moment($0, .stated) }, sources: [source], metadata: facts.turn.metadata,
      expiresAt: facts.turn.expirationDate, recipe: facts.recipe, recordedAt: now, updatedAt: now)
    self.init(memory: memory, vector: vector, isVerbatim: facts.turn.isVerbatim)
  }
}
