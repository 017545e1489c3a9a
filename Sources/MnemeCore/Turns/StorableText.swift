/// What no text that comes in holds: U+0000. Unicode and JSON have it, but readers in C end a text there, and neither
/// Postgres nor XML has it at all: what was stored with it would be cut off, or refused, by whoever reads it later.
/// Every door refuses it; ids and names hold no control character anyway.
package enum StorableText {
  /// Whether `text` holds U+0000.
  package static func holdsNUL(_ text: String) -> Bool { text.utf8.contains(0) }

  /// Whether a text or a name in `value` holds U+0000.
  package static func holdsNUL(_ value: JSONValue) -> Bool {
    switch value {
    case .string(let text): holdsNUL(text)
    case .array(let elements): elements.contains { holdsNUL($0) }
    case .object(let members): members.contains { holdsNUL($0.key) || holdsNUL($0.value) }
    case .null, .bool, .int, .double: false
    }
  }

  /// Why a request of these members is refused; nil where it holds no U+0000. It names a member of the request, or of
  /// an element of one of its lists; what is further inside is the caller's own, and is not repeated.
  package static func violation(in members: [String: JSONValue]) -> String? {
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      if holdsNUL(name) { return refusal("the name of a member") }
      if let place = place(in: value, at: name) { return refusal(place) }
    }
    return nil
  }

  /// Why `turn` is refused; nil where it holds no U+0000. Its ids and names are checked as such.
  package static func violation(in turn: TurnBody) -> String? {
    if let index = turn.messages.firstIndex(where: { holdsNUL($0.content) }) {
      return refusal("messages[\(index)].content")
    }
    if let metadata = turn.metadata, holdsNUL(.object(metadata)) { return refusal("metadata") }
    return turn.wishedTexts.first { holdsNUL($0.text) }.map { refusal($0.name) }
  }

  private static func refusal(_ place: String) -> String { "\(place) holds U+0000, which no text may; leave it out" }

  private static func place(in value: JSONValue, at name: String) -> String? {
    guard holdsNUL(value) else { return nil }
    guard let elements = value.arrayValue, let index = elements.firstIndex(where: { holdsNUL($0) }) else { return name }
    let inner = (elements[index].objectValue ?? [:]).sorted { $0.key < $1.key }.first { holdsNUL($0.value) }
    return "\(name)[\(index)]" + (inner.map { ".\($0.key)" } ?? "")
  }
}
