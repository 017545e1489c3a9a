import Crypto

/// A digest of what memories say, whatever the order or the partition they come from.
///
/// It is the sum, modulo 2²⁵⁶, of the SHA-256 of each memory's canonical form, so that the digests of shards add up to
/// the
/// digest of the whole (an additive multiset hash: Bellare and Micciancio, "A New Paradigm for Collision-free
/// Hashing", 1997).
/// Wall-clock times, log positions and vectors are not part of it.
public struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
  // Four words, the least significant first.
  private var words: [UInt64] = [0, 0, 0, 0]

  /// The digest of nothing.
  public init() {}

  /// Adds one memory.
  public mutating func add(_ memory: Memory) {
    var other = ContentDigest()
    let hash = Array(SHA256.hash(data: Self.canonicalForm(of: memory)))
    for word in 0..<4 {
      for byte in 0..<8 { other.words[3 - word] = other.words[3 - word] << 8 | UInt64(hash[word * 8 + byte]) }
    }
    add(other)
  }

  /// Adds the digest of other memories.
  public mutating func add(_ other: ContentDigest) {
    var carry = false
    for index in 0..<4 {
      let (partial, first) = words[index].addingReportingOverflow(other.words[index])
      let (sum, second) = partial.addingReportingOverflow(carry ? 1 : 0)
      words[index] = sum
      carry = first || second
    }
  }

  /// 64 hexadecimal digits.
  public var description: String {
    words.reversed().map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// The members of a memory that count, as JSON with members in order of name.
  static func canonicalForm(of memory: Memory) -> [UInt8] {
    var object: [String: JSONValue] = [
      "id": .string(memory.id.text), "text": .string(memory.text), "category": .string(memory.category),
      "actor": .string(memory.actor), "subject": .string(memory.subject),
      "polarity": .string(memory.polarity.rawValue), "valid_from": .string(memory.validFrom.digestText),
      "recipe": .string(memory.recipe), "edited": .bool(memory.isEdited),
    ]
    object["user_id"] = memory.scope.userID.map(JSONValue.string)
    object["agent_id"] = memory.scope.agentID.map(JSONValue.string)
    object["app_id"] = memory.scope.appID.map(JSONValue.string)
    object["run_id"] = memory.scope.runID.map(JSONValue.string)
    object["attribute"] = memory.attribute.map(JSONValue.string)
    object["value"] = memory.value.map(JSONValue.string)
    object["valid_to"] = memory.validTo.map { .string($0.digestText) }
    object["superseded_by"] = memory.supersededBy.map { .string($0.text) }
    object["metadata"] = memory.metadata.map(JSONValue.object)
    object["expires_at"] = memory.expiresAt.map { .string($0.description) }
    object["feedback"] = memory.feedback.map { .string($0.rating.rawValue) }
    object["feedback_reason"] = memory.feedback?.reason.map(JSONValue.string)
    object["sources"] = .array(
      memory.sources.map {
        [
          "event_id": .string($0.eventID), "message_index": .int(Int64($0.messageIndex)), "role": .string($0.role),
          "time": .string($0.time.digestText), "quote": .string($0.quote),
        ]
      })
    return EventBodyCoding.encode(JSONValue.object(object))
  }
}
