import MnemeCore

/// Schemas for people.
enum SchemaPage {
  /// What `schema` says, as a list of its members where it has any.
  static func html(_ schema: JSONValue) -> String {
    let description = schema["description"]?.stringValue.map { " \(DocumentationPage.marked($0))" } ?? ""
    return "<div class=\"type\">\(type(schema))\(description)\(bounds(schema))\(members(schema))</div>"
  }

  /// Its type in words, with links to components.
  static func type(_ schema: JSONValue) -> String {
    if let name = schema["$ref"]?.stringValue?.split(separator: "/").last {
      return "<a href=\"#schema-\(name)\">\(name)</a>"
    }
    if let shapes = schema["anyOf"]?.arrayValue, schema["type"] == nil {
      return shapes.map(type).joined(separator: " or ")
    }
    let names = schema["type"]?.stringValue.map { [$0] } ?? schema["type"]?.arrayValue?.compactMap(\.stringValue) ?? []
    return names.map { name in
      switch name {
      case "array": "list of \(schema["items"].map(type) ?? "anything")"
      case "string": schema["format"]?.stringValue ?? "string"
      case "object": object(schema)
      default: name
      }
    }.joined(separator: " or ")
  }

  private static func object(_ schema: JSONValue) -> String {
    guard let values = schema["additionalProperties"], values.objectValue != nil else { return "object" }
    return "object of \(type(values))"
  }

  /// Words and bounds that values keep to.
  static func bounds(_ schema: JSONValue) -> String {
    var bounds: [String] = []
    if let words = schema["enum"]?.arrayValue { bounds.append("One of \(words.map(code).joined(separator: ", "))") }
    for (name, text) in [
      ("minimum", "at least"), ("maximum", "at most"), ("minLength", "characters: at least"),
      ("maxLength", "characters: at most"), ("minItems", "elements: at least"), ("maxItems", "elements: at most"),
      ("minProperties", "members: at least"), ("pattern", "matches"),
    ] {
      if let bound = schema[name] { bounds.append("\(text) \(code(bound))") }
    }
    if schema["deprecated"] == true { bounds.append("out of date") }
    return bounds.isEmpty ? "" : " <small>\(bounds.joined(separator: "; ")).</small>"
  }

  private static func code(_ value: JSONValue) -> String {
    let text = value.stringValue ?? String(decoding: JSONWriter.write(value), as: UTF8.self)
    return "<code>\(DocumentationPage.escaped(text))</code>"
  }

  private static func members(_ schema: JSONValue) -> String {
    if let items = schema["items"], items["$ref"] == nil { return members(items) }
    if let shapes = schema["anyOf"]?.arrayValue, schema["properties"] == nil { return shapes.map(members).joined() }
    guard let properties = schema["properties"]?.objectValue, !properties.isEmpty else { return "" }
    let required = schema["required"]?.arrayValue ?? []
    func isRequired(_ name: String) -> Bool { required.contains(.string(name)) }
    let ordered = properties.sorted {
      (isRequired($0.key) ? 0 : 1, $0.key) < (isRequired($1.key) ? 0 : 1, $1.key)
    }
    let rows = ordered.map { name, member in
      let description = member["description"]?.stringValue.map { " \(DocumentationPage.marked($0))" } ?? ""
      let mark = isRequired(name) ? " <em>required</em>" : ""
      return "<li><code>\(DocumentationPage.escaped(name))</code>\(mark) \(type(member))\(description)"
        + "\(bounds(member))\(members(member))</li>"
    }
    return "\n<ul>\n\(rows.joined(separator: "\n"))\n</ul>"
  }
}
