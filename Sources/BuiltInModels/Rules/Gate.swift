/// Why a sentence is not stored.
enum Gate: Sendable {
  /// It tells the assistant to forget, to ignore or to record something: neither it nor what follows is believed.
  case injection
  /// It speaks of a world that is not: a wish, a supposition.
  case unreal
  /// It opens with a story: that is told, not meant.
  case fiction
}

/// What is no statement about anyone: patterns tried at every word of a sentence.
enum GateRules {
  static let rows: [(String, Gate)] = [
    (
      "ignore|disregard|forget|override|bypass ?all|any|every ?of ?the|your|my|these|those ?previous|prior|earlier|above"
        + " instructions|instruction|memories|memory|messages|rules|prompts", .injection
    ),
    ("ignore|disregard|forget ?all|everything ?the|that|of previous|prior|earlier|above|before", .injection),
    ("reveal|print|show|repeat ?me ?your|the system prompt", .injection),
    ("you are now a|an|in|my", .injection),
    ("new system|developer instructions|instruction|prompt|message", .injection),
    ("i am ?the ?an ?system administrator|admin|developer and", .injection),
    ("if i|we were|was|had|lived|worked|became|owned", .unreal),
    ("i|we ?#adverb wish i|we|it were|was|had|lived|worked|knew|owned|did", .unreal),
    ("wish i|we #gap lived|worked|had|were|was", .unreal),
    ("imagine|suppose|supposing|pretend|assume|assuming ?that|if i|you|we", .unreal),
    ("hypothetically", .unreal),
    ("the|my|our ?main #person", .unreal),
    ("in the|my|this|our|a ?new|latest #story ?that|which i|we ?am|are ?have ?been writing|write|wrote", .fiction),
    ("in the|my|this|our ?new|latest story|novel|book|script|screenplay|tale ?, the|a|my|he|she|they|there", .fiction),
  ]
}
