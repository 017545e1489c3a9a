import MnemeCore

/// Values that fit schemas, for people to read.
enum SchemaSample {
  private static let components = Dictionary(uniqueKeysWithValues: Component.all.map { ($0.name, $0.schema.json) })

  /// A value that fits `schema`: its example, else one made of those of its parts.
  static func make(_ schema: JSONValue) -> JSONValue {
    if let example = schema["examples"]?.arrayValue?.first { return example }
    if let name = schema["$ref"]?.stringValue?.split(separator: "/").last, let component = components[String(name)] {
      return make(component)
    }
    if let word = schema["enum"]?.arrayValue?.first { return word }
    if let shape = schema["anyOf"]?.arrayValue?.first, schema["properties"] == nil { return make(shape) }
    let type = schema["type"]?.stringValue ?? schema["type"]?.arrayValue?.first?.stringValue
    switch type {
    case "object": return object(schema)
    case "array": return .array(schema["items"].map { [make($0)] } ?? [])
    case "string": return schema["format"] == "date" ? "2026-11-21" : "…"
    case "integer": return schema["minimum"] ?? 0
    case "number": return schema["minimum"] ?? .double(0.5)
    case "boolean": return false
    default: return .null
    }
  }

  /// All members that are always there; all at all where `fields` could leave them out.
  private static func object(_ schema: JSONValue) -> JSONValue {
    let required = schema["required"]?.arrayValue ?? []
    let properties = schema["properties"]?.objectValue ?? [:]
    let isWhole = required == ["id"]
    return .object(
      properties.filter { (isWhole && $0.key != "explain") || required.contains(.string($0.key)) }.mapValues(make))
  }
}
