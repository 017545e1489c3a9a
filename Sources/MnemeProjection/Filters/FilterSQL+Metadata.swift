import GRDB
import MnemeCore

extension FilterSQL {
  /// A comparison of the member of the metadata at `path`.
  mutating func appendMetadata(_ path: [String], _ op: Filter.Operator, _ operand: JSONValue) {
    switch operand {
    case .null where op == .eq:
      add("(ifnull(")
      appendMetadataType(path)
      add(", 'null') = 'null')")
    case .bool(let value) where op == .eq:
      add("ifnull(")
      appendMetadataType(path)
      add(value ? " = 'true', 0)" : " = 'false', 0)")
    case .int(let value): appendMetadata(path, op, value, types: "('integer', 'real')")
    case .double(let value): appendMetadata(path, op, value, types: "('integer', 'real')")
    case .string(let text):
      switch op {
      case .contains: appendMetadataPart(path, StoredText.encode(text), form: nil)
      case .icontains:
        appendMetadataPart(path, StoredText.encode(FilterText.folded(text)), form: FilterFunctions.folded)
      default: appendMetadata(path, op, StoredText.encode(text), types: "('text')")
      }
    default: appendConstant(false)
    }
  }

  /// The JSON type of the member at `path`; NULL where there is none.
  mutating func appendMetadataType(_ path: [String]) {
    if let path = Self.jsonPath(path) {
      add("json_type(m.metadata, ?)")
      bind(path)
    } else {
      add("\(FilterFunctions.metadataType)(m.metadata, ?)")
      bind(StoredJSON.encode(path))
    }
  }

  private mutating func appendMetadataValue(_ path: [String]) {
    if let path = Self.jsonPath(path) {
      add("json_extract(m.metadata, ?)")
      bind(path)
    } else {
      add("\(FilterFunctions.metadataValue)(m.metadata, ?)")
      bind(StoredJSON.encode(path))
    }
  }

  private mutating func appendMetadata(
    _ path: [String], _ op: Filter.Operator, _ value: some DatabaseValueConvertible, types: String
  ) {
    guard let symbol = op.symbol else {
      appendConstant(false)
      return
    }
    add("ifnull(")
    appendMetadataType(path)
    add(" IN \(types) AND ")
    appendMetadataValue(path)
    add(" \(symbol) ?, 0)")
    bind(value)
  }

  /// A part of a text, or an element of a list.
  private mutating func appendMetadataPart(_ path: [String], _ part: String, form: String?) {
    func formed(_ expression: String) -> String { form.map { "\($0)(\(expression))" } ?? expression }
    add("CASE ")
    appendMetadataType(path)
    add(" WHEN 'text' THEN instr(\(form ?? "")(")
    appendMetadataValue(path)
    add("), ?) > 0 WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each(")
    bind(part)
    appendMetadataValue(path)
    add(") e WHERE e.type = 'text' AND \(formed("e.value")) = ?) ELSE 0 END")
    bind(part)
  }

  /// `path` as SQLite's JSON functions take it; nil where a name has characters that they do not understand in a path.
  static func jsonPath(_ path: [String]) -> String? {
    var text = "$"
    for name in path {
      let stored = StoredText.encode(name)
      let isPlain = stored.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
      guard isPlain, !stored.isEmpty else { return nil }
      text += ".\"\(stored)\""
    }
    return text
  }
}
