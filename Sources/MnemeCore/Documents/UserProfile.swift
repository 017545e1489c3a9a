/// What is remembered of somebody as one document: what fills slots by their names, and all of it by category. Pure,
/// and the same for the same memories in whatever order.
public enum UserProfile {
  /// The profile of whom these current memories are of: `attributes` holds one value for each slot that holds one, the
  /// newest one, and a list for others; `categories` holds texts, the newest first.
  public static func document(_ memories: [Memory]) -> JSONValue {
    let memories = newestFirst(memories)
    var attributes: [String: [String]] = [:]
    var categories: [String: [JSONValue]] = [:]
    for memory in memories {
      categories[memory.category, default: []].append(.string(memory.text))
      guard let slot = ownSlot(memory) else { continue }
      let isFull = Attribute.named(slot.name)?.isSingleValued == true && attributes[slot.name] != nil
      if !isFull, attributes[slot.name]?.contains(slot.value) != true {
        attributes[slot.name, default: []].append(slot.value)
      }
    }
    return [
      "attributes": .object(
        Dictionary(
          uniqueKeysWithValues: attributes.map { name, values in
            let isOne = Attribute.named(name)?.isSingleValued == true
            return (name, isOne ? .string(values[0]) : .array(values.map(JSONValue.string)))
          })),
      "categories": .object(categories.mapValues(JSONValue.array)),
    ]
  }

  /// The slot of the owner's own that a memory fills, and its value; nil where it is about somebody else, or fills
  /// none. Not to like something is to dislike it; nothing else that is denied fills a slot.
  static func ownSlot(_ memory: Memory) -> (name: String, value: String)? {
    guard let attribute = memory.attribute, NormalizedText.of(memory.subject) == "user" else { return nil }
    let value = memory.value ?? memory.text
    switch (attribute, memory.polarity) {
    case ("likes", .negative): return ("dislikes", value)
    case ("dislikes", .negative): return ("likes", value)
    case (_, .positive): return (attribute, value)
    case (_, .negative): return nil
    }
  }

  /// The memories in an order of their own: what began to hold last comes first.
  static func newestFirst(_ memories: [Memory]) -> [Memory] {
    memories.sorted {
      ($1.validFrom.at.milliseconds, $1.recordedAt.milliseconds, $0.id.text)
        < ($0.validFrom.at.milliseconds, $0.recordedAt.milliseconds, $1.id.text)
    }
  }
}
