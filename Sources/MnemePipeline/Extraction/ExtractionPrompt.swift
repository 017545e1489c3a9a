import FoundationEssentials
import MnemeCore

/// The prompt: words with a name and a hash, a constant schema, and the turns as data.
struct ExtractionPrompt: Hashable, Sendable {
  /// Name, with a version where the program brings it.
  let name: String
  /// The constant part.
  let text: String

  /// The one that the program brings: a file with a version.
  static let standard = ExtractionPrompt(
    name: "extract-1", text: String(decoding: PackageResources.extract_1_txt, as: UTF8.self))

  /// One that somebody else wrote.
  static func custom(_ text: String) -> ExtractionPrompt { ExtractionPrompt(name: "custom", text: text) }

  /// SHA-256 of all that is constant.
  var hash: String {
    Derivation.sha256(text + String(decoding: EventBodyCoding.encode(Self.schema), as: UTF8.self))
  }

  /// The constant part, and the publisher's wishes after it, so that the prefix stays the same.
  func system(_ wishes: ExtractionWishes) -> String {
    var system = text
    func add(_ title: String, _ words: String?) {
      if let words { system += "\n" + title + "\n" + words + "\n" }
    }
    add("What to heed in choosing facts, beyond the rules above:", wishes.customInstructions)
    add("What to heed in choosing facts from what the assistant says:", wishes.agentCustomInstructions)
    add("Return facts about this alone:", wishes.includes)
    add("Return no facts about this, whatever else is asked for:", wishes.excludes)
    guard !wishes.categories.isEmpty else { return system }
    add(
      "\"category\" is the name of the one of these that fits best, or \"\(Category.misc)\" where none does:",
      String(decoding: EventBodyCoding.encode(Self.list(wishes.categories)), as: UTF8.self))
    return system
  }

  /// Categories as JSON.
  static func list(_ categories: [CustomCategory]) -> JSONValue {
    .array(
      categories.map { category in
        var object: [String: JSONValue] = ["name": .string(category.name)]
        if let text = category.description, !text.isEmpty { object["description"] = .string(text) }
        return .object(object)
      })
  }

  /// The turns as JSON.
  static func user(_ turns: [Turn]) -> String {
    let list: [JSONValue] = turns.enumerated().map { index, turn in
      [
        "index": .int(Int64(index)),
        "time": .string((turn.body.timestamp ?? turn.receivedAt).description),
        "messages": .array(turn.body.messages.enumerated().map { Self.message($1, index: $0) }),
      ]
    }
    return String(decoding: EventBodyCoding.encode(["turns": list]), as: UTF8.self)
  }

  private static func message(_ message: Message, index: Int) -> JSONValue {
    var object: [String: JSONValue] = [
      "index": .int(Int64(index)), "role": .string(message.role), "content": .string(message.content),
    ]
    object["speaker"] = message.name.map(JSONValue.string)
    object["time"] = message.timestamp.map { .string($0.description) }
    return .object(object)
  }

  /// JSON Schema of the reply to a turn without categories of its own.
  static let schema = schema(categories: Category.all)

  /// JSON Schema of the reply to what is asked with `wishes`.
  static func schema(_ wishes: ExtractionWishes) -> JSONValue {
    guard !wishes.categories.isEmpty else { return schema }
    let names = wishes.categories.map(\.name)
    return schema(categories: names.contains(Category.misc) ? names : names + [Category.misc])
  }

  /// In the strict subset.
  private static func schema(categories: [String]) -> JSONValue {
    let optionalText: JSONValue = ["type": ["string", "null"]]
    let attributes = Attribute.all.map { JSONValue.string($0.name) } + [.null]
    let fact: [String: JSONValue] = [
      "text": ["type": "string"],
      "category": ["type": "string", "enum": .array(categories.map(JSONValue.string))],
      "subject": ["type": "string"],
      "attribute": ["type": ["string", "null"], "enum": .array(attributes)],
      "value": optionalText,
      "polarity": ["type": "string", "enum": ["positive", "negative"]],
      "valid_from": optionalText,
      "valid_to": optionalText,
      "confidence": ["type": "number"],
      "message_index": ["type": "integer"],
      "quote": ["type": "string"],
    ]
    return object(["turns": list(of: object(["index": ["type": "integer"], "facts": list(of: object(fact))]))])
  }

  private static func object(_ properties: [String: JSONValue]) -> JSONValue {
    [
      "type": "object", "properties": .object(properties),
      "required": .array(properties.keys.sorted().map(JSONValue.string)), "additionalProperties": false,
    ]
  }

  private static func list(of items: JSONValue) -> JSONValue { ["type": "array", "items": items] }
}
