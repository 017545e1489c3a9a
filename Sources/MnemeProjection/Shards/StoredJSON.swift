import FoundationEssentials
import MnemeCore

/// Metadata as SQLite's JSON functions read it: members in order of name, texts as `StoredText` has them.
enum StoredJSON {
  /// `object` as JSON.
  static func encode(_ object: [String: JSONValue]) -> String {
    var text = ""
    append(.object(object), to: &text)
    return text
  }

  /// `texts` as a JSON array.
  static func encode(_ texts: [String]) -> String { encode(texts.map(JSONValue.string)) }

  /// `elements` as a JSON array.
  static func encode(_ elements: [JSONValue]) -> String {
    var text = ""
    append(.array(elements), to: &text)
    return text
  }

  /// What `encode` was given; nil where it is anything else.
  static func decode(_ text: String) -> [String: JSONValue]? {
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else { return nil }
    // JSON writes what stands for the characters that are not stored with a backslash.
    return (text.utf8.contains(UInt8(ascii: "\\")) ? unescaped(value) : value).objectValue
  }

  private static func unescaped(_ value: JSONValue) -> JSONValue {
    switch value {
    case .null, .bool, .int, .double: value
    case .string(let text): .string(StoredText.decode(text))
    case .array(let elements): .array(elements.map(unescaped))
    case .object(let members):
      .object(
        Dictionary(uniqueKeysWithValues: members.map { (StoredText.decode($0.key), unescaped($0.value)) }))
    }
  }

  private static func append(_ value: JSONValue, to text: inout String) {
    switch value {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .int(let value): text += String(value)
    // JSON has no infinities; nothing that was read from JSON is one.
    case .double(let value): text += value.isFinite ? value.description : "null"
    case .string(let value): append(value, to: &text)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        append(element, to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { text += "," }
        append(member.key, to: &text)
        text += ":"
        append(member.value, to: &text)
      }
      text += "}"
    }
  }

  private static func append(_ string: String, to text: inout String) {
    text += "\""
    let stored = StoredText.encode(string)
    if stored.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
      for scalar in stored.unicodeScalars {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case let control where control.value < 0x20:
          text += "\\u00" + Derivation.hexadecimal([UInt8(control.value)])
        default: text.unicodeScalars.append(scalar)
        }
      }
    } else {
      text += stored
    }
    text += "\""
  }
}
