public import MnemeCore

/// What to look for.
public struct SearchRequest: Sendable {
  /// Among which memories.
  public var query: MemoryQuery
  /// The words.
  public var text: String
  /// Their embedding, of norm 1, in the projection's space; nil searches by keywords alone.
  public var vector: [Float]?
  /// The embedding of the words in the first person, likewise: memories that are messages as they were said are
  /// compared with it. nil compares them with `vector`.
  public var voicedVector: [Float]?
  /// Whom the question asks about.
  public var speakers: QueryVoice.Speakers
  /// The time that the question asks about; nil where it asks about none.
  public var time: CivilInterval?
  /// When it is asked: how old memories are. nil ranks none lower for its age.
  public var reference: Timestamp?
  /// At most so many hits.
  public var limit: Int
  /// Hits below this score are left out, 0…1.
  public var minimumScore: Double

  /// A request with all its parts.
  public init(
    query: MemoryQuery, text: String, vector: [Float]?, voicedVector: [Float]? = nil,
    speakers: QueryVoice.Speakers = .people, time: CivilInterval? = nil, reference: Timestamp? = nil, limit: Int,
    minimumScore: Double
  ) {
    self.query = query
    self.text = text
    self.vector = vector
    self.voicedVector = voicedVector
    self.speakers = speakers
    self.time = time
    self.reference = reference
    self.limit = limit
    self.minimumScore = minimumScore
  }
}

extension SearchRequest {
  /// Whether the question names whom it asks about.
  var isNaming: Bool {
    switch self.speakers {
    case .named: true
    case .people, .everyone: false
    }
  }

  /// Whether it asks for what was, of a memory that is of the time that it asks about or not.
  func asksForPast(isOfAskedTime: Bool) -> Bool { self.query.validAt != nil || isOfAskedTime }

  /// The same search, for a text that was put in `voice` and whose texts have these vectors; nil for none.
  public func voiced(_ voice: QueryVoice, _ vectors: [[Float]]?) -> SearchRequest {
    var request = self
    request.text = voice.neutral
    request.vector = vectors?.first
    request.voicedVector = vectors?.dropFirst().first
    request.speakers = voice.speakers
    return request
  }
}

/// What a question is answered with.
public enum SearchAnswer: Sendable {
  /// The best hits, best first.
  case hits([SearchHit])
  /// Nothing yet: the texts of this voice are to be embedded first.
  case unembedded(QueryVoice)
}

/// One hit, and why.
public struct SearchHit: Sendable {
  /// The memory.
  public var view: MemoryView
  /// 0…1, larger is better.
  public var score: Double
  /// The dense signal's share before weighting, 0…1.
  public var semantic: Double
  /// The keyword signal's share before weighting, 0…1.
  public var keyword: Double
  /// What each way of looking found.
  public var signals: Signals

  /// A hit with all its parts.
  public init(view: MemoryView, score: Double, semantic: Double, keyword: Double, signals: Signals) {
    self.view = view
    self.score = score
    self.semantic = semantic
    self.keyword = keyword
    self.signals = signals
  }
}

/// Who is meant by a question about an owner.
public struct OwnerPeople: Hashable, Sendable {
  /// What the owner is called, by their current memories.
  public var names: [String]
  /// Who said those of the owner's memories that are messages as they were said: names, or roles of the nameless.
  /// Empty where there is no such memory.
  public var speakers: [String]
  /// Whom the owner's other memories are about, and who said those.
  public var others: [String]

  /// People with all their parts.
  public init(names: [String] = [], speakers: [String] = [], others: [String] = []) {
    self.names = names
    self.speakers = speakers
    self.others = others
  }
}

extension QueryVoice {
  /// `text` as the memories of somebody with these people would put it.
  public init(_ text: String, _ people: OwnerPeople) {
    self.init(text, ownNames: people.names, actors: people.speakers, others: people.others)
  }
}
