package import MnemeCore
package import MnemeProjection

/// The time that a question asks about, and the words that say so.
package struct AskedTime: Hashable, Sendable {
  /// The time.
  package var interval: CivilInterval
  /// The words, as they stand in the question.
  package var words: String

  /// As `explain` shows it: an open end is null.
  var object: JSONValue {
    func text(_ bound: Timestamp, open: Timestamp) -> JSONValue { bound == open ? .null : .string(bound.description) }
    return [
      "from": text(self.interval.from, open: CivilInterval.distantPast),
      "to": text(self.interval.to, open: CivilInterval.distantFuture), "words": .string(self.words),
    ]
  }
}

/// Finds out what time a question asks about. Where it speaks of an event, as in "before I moved", the event is looked
/// up among the memories of the one user whom the search is about.
package struct TimeLookup: Sendable {
  /// Score below which a memory is not taken for the event: one that shares neither its meaning nor its words.
  static let minimumScore = 0.45

  private struct Event: Sendable {
    let side: QueryTime.Side
    let query: MemoryQuery
    let voice: QueryVoice
  }

  private let words: String?
  private let interval: CivilInterval?
  private let event: Event?

  /// Reads `question`, asked at `reference` about the memories of `query`.
  package init(
    _ question: String, reference: Timestamp, about query: MemoryQuery, reader: any MemoryReader
  ) async throws {
    let time = QueryTime(question, reference: reference)
    self.words = time?.words
    var (interval, event) = (CivilInterval?.none, Event?.none)
    switch time?.meaning {
    case .interval(let found): interval = found
    case .relative(let clause, let side):
      if let query = Self.query(forEventOf: query) {
        event = Event(side: side, query: query, voice: try await reader.voice(of: clause, about: query))
      }
    case nil: break
    }
    self.interval = interval
    self.event = event
  }

  /// What has to be embedded for the event to be looked up; mostly nothing.
  package var texts: [String] { self.event?.voice.texts ?? [] }

  /// The time that is asked about; nil where none is, or where no memory tells of the event. `vectors` are those of
  /// `texts`; nil where the embedder gave none, as an event is not to be told by a word alone.
  package func asked(_ vectors: [[Float]]?, reader: any MemoryReader) async throws -> AskedTime? {
    guard let words = self.words else { return nil }
    if let interval = self.interval { return AskedTime(interval: interval, words: words) }
    guard let event = self.event, let vector = vectors?.first else { return nil }
    let hits = try await reader.search(
      SearchRequest(
        query: event.query, text: event.voice.neutral, vector: vector, voicedVector: vectors?.dropFirst().first,
        speakers: event.voice.speakers, limit: 1, minimumScore: Self.minimumScore))
    guard let memory = hits.first?.view.memory else { return nil }
    return AskedTime(interval: event.side.interval(of: memory.validFrom.at), words: words)
  }

  /// Where an event may be told: anywhere among the user's memories, ended ones included, that the ids allow. nil
  /// where the search is about several owners, whose events are not each other's.
  private static func query(forEventOf query: MemoryQuery) -> MemoryQuery? {
    guard query.owner != nil, let scope = query.filter?.requiredScope else { return nil }
    let ids: [(Filter.Field, String?)] = [(.userID, scope.userID), (.agentID, scope.agentID), (.appID, scope.appID)]
    return MemoryQuery(
      tenant: query.tenant, filter: .and(ids.compactMap { field, id in id.map { .compare(field, .eq, .string($0)) } }),
      includesEnded: true, notExpiredAt: query.notExpiredAt, asOf: query.asOf)
  }
}
