import MnemeCore

/// A JSON Schema (2020-12), as OpenAPI 3.1 has it.
struct Schema: Hashable, Sendable {
  /// Members of an object: names, and what they hold.
  struct Properties: ExpressibleByDictionaryLiteral, Sendable {
    /// In the order in which they were written.
    private(set) var pairs: [(name: String, schema: Schema)]

    /// These members.
    init(dictionaryLiteral elements: (String, Schema)...) {
      self.pairs = elements.map { ($0, $1) }
    }

    /// The members of both.
    static func + (left: Properties, right: Properties) -> Properties {
      var joined = left
      joined.pairs += right.pairs
      return joined
    }
  }

  /// The schema itself.
  private(set) var members: [String: JSONValue]

  /// As it stands in a document.
  var json: JSONValue { .object(self.members) }

  private init(_ type: String?, _ description: String?, _ more: [String: JSONValue] = [:]) {
    self.members = more
    if let type { self.members["type"] = .string(type) }
    if let description { self.members["description"] = .string(description) }
  }

  // MARK: Values

  /// A text.
  static func string(
    _ description: String? = nil, length: ClosedRange<Int>? = nil, pattern: String? = nil, format: String? = nil
  ) -> Schema {
    var schema = Schema("string", description)
    if let length {
      if length.lowerBound > 0 { schema.members["minLength"] = .int(Int64(length.lowerBound)) }
      if length.upperBound < .max { schema.members["maxLength"] = .int(Int64(length.upperBound)) }
    }
    if let pattern { schema.members["pattern"] = .string(pattern) }
    if let format { schema.members["format"] = .string(format) }
    return schema
  }

  /// One of some words.
  static func word(_ words: [String], _ description: String? = nil) -> Schema {
    Schema("string", description, ["enum": .array(words.map(JSONValue.string))])
  }

  /// The id of a memory, or another one in the same form.
  static func uuid(_ description: String? = nil) -> Schema { .string(description, format: "uuid").example(sampleID) }

  /// An instant as answers have it: RFC 3339, UTC.
  static func time(_ description: String? = nil) -> Schema {
    .string(description, format: "date-time").example("2026-11-21T09:00:00.000Z")
  }

  /// True or false.
  static func flag(_ description: String? = nil) -> Schema { Schema("boolean", description) }

  /// A whole number.
  static func integer(_ description: String? = nil, in range: ClosedRange<Int>? = nil) -> Schema {
    var schema = Schema("integer", description)
    if let range {
      schema.members["minimum"] = .int(Int64(range.lowerBound))
      schema.members["maximum"] = .int(Int64(range.upperBound))
    }
    return schema
  }

  /// How many there are.
  static func count(_ description: String? = nil) -> Schema { Schema("integer", description, ["minimum": 0]) }

  /// Any number.
  static func number(_ description: String? = nil, in range: ClosedRange<Double>? = nil) -> Schema {
    var schema = Schema("number", description)
    if let range {
      schema.members["minimum"] = .double(range.lowerBound)
      schema.members["maximum"] = .double(range.upperBound)
    }
    return schema
  }

  /// Nothing but null.
  static func null(_ description: String? = nil) -> Schema { Schema("null", description) }

  /// A list.
  static func list(_ description: String? = nil, of items: Schema, count: ClosedRange<Int>? = nil) -> Schema {
    var schema = Schema("array", description, ["items": items.json])
    if let count {
      if count.lowerBound > 0 { schema.members["minItems"] = .int(Int64(count.lowerBound)) }
      if count.upperBound < .max { schema.members["maxItems"] = .int(Int64(count.upperBound)) }
    }
    return schema
  }

  /// Any of several shapes.
  static func any(of shapes: [Schema], _ description: String? = nil) -> Schema {
    Schema(nil, description, ["anyOf": .array(shapes.map(\.json))])
  }

  /// What a component describes.
  static func reference(_ component: Component) -> Schema {
    Schema(nil, nil, ["$ref": .string("#/components/schemas/\(component.name)")])
  }

  // MARK: Objects

  /// An object with these members; `optional` ones may be missing.
  static func object(
    _ description: String? = nil, _ required: Properties = [:], optional: Properties = [:]
  ) -> Schema {
    var schema = Schema("object", description)
    var properties: [String: JSONValue] = [:]
    for (name, property) in required.pairs { properties[name] = property.json }
    for (name, property) in optional.pairs { properties[name] = property.json }
    schema.members["properties"] = .object(properties)
    if !required.pairs.isEmpty { schema.members["required"] = .array(required.pairs.map { .string($0.name) }) }
    return schema
  }

  /// An object in a request: an optional member that is null counts as missing, and members that are not known are
  /// passed over.
  static func form(_ description: String? = nil, _ required: Properties = [:], optional: Properties = [:]) -> Schema {
    var schema = object(description, required)
    var properties = schema.members["properties"]?.objectValue ?? [:]
    for (name, property) in optional.pairs { properties[name] = property.orNull.json }
    schema.members["properties"] = .object(properties)
    return schema
  }

  /// An object with any members, each of one shape; nil for any shape.
  static func map(_ description: String? = nil, of values: Schema? = nil) -> Schema {
    Schema("object", description, ["additionalProperties": values?.json ?? true])
  }

  /// The same with nothing but the members that are named.
  var closed: Schema { self.with("additionalProperties", false) }

  /// The same with at least `count` members.
  func atLeast(_ count: Int) -> Schema { self.with("minProperties", .int(Int64(count))) }

  /// The same with one of `names` at least.
  func requiringOne(of names: [String]) -> Schema {
    self.with("anyOf", .array(names.map { ["required": [.string($0)]] }))
  }

  /// The same object with more members.
  func and(_ description: String? = nil, _ required: Properties = [:], optional: Properties = [:]) -> Schema {
    var schema = self
    let more = Schema.object(nil, required, optional: optional)
    let properties = (schema.members["properties"]?.objectValue ?? [:])
      .merging(more.members["properties"]?.objectValue ?? [:]) { $1 }
    schema.members["properties"] = .object(properties)
    let names = (schema.members["required"]?.arrayValue ?? []) + (more.members["required"]?.arrayValue ?? [])
    schema.members["required"] = names.isEmpty ? nil : .array(names)
    if let description { schema.members["description"] = .string(description) }
    return schema
  }

  /// The same object of which every member may be missing but `names`.
  func requiring(only names: [String], _ description: String) -> Schema {
    var schema = self
    schema.members["required"] = .array(names.map(JSONValue.string))
    schema.members["description"] = .string(description)
    return schema
  }

  // MARK: Variants

  /// The same, or null.
  var orNull: Schema {
    var schema = self
    if let shapes = self.members["anyOf"]?.arrayValue, self.members["type"] == nil {
      guard !shapes.contains(["type": "null"]) else { return self }
      schema.members["anyOf"] = .array(shapes + [["type": "null"]])
    } else if let type = self.members["type"], type.arrayValue == nil {
      schema.members["type"] = [type, "null"]
      if let words = self.members["enum"]?.arrayValue { schema.members["enum"] = .array(words + [.null]) }
    } else if self.members["$ref"] != nil {
      var bare = self
      bare.members["description"] = nil
      schema = Schema(nil, nil, ["anyOf": [bare.json, ["type": "null"]]])
      schema.members["description"] = self.members["description"]
    }
    return schema
  }

  /// The same with a value that shows what is meant.
  func example(_ value: JSONValue) -> Schema { self.with("examples", [value]) }

  /// The same, called out of date.
  var deprecated: Schema { self.with("deprecated", true) }

  /// The same with a description of its own.
  func described(_ description: String) -> Schema { self.with("description", .string(description)) }

  private func with(_ name: String, _ value: JSONValue) -> Schema {
    var schema = self
    schema.members[name] = value
    return schema
  }

  /// A memory's id in examples.
  static let sampleID: JSONValue = "279986d6-129b-53d5-9629-6c4a70c95880"
}

/// A schema with a name, which others refer to.
struct Component: Hashable, Sendable {
  /// What it is called in documents.
  let name: String
  /// What it describes.
  let schema: Schema

  /// A component.
  init(_ name: String, _ schema: Schema) {
    self.name = name
    self.schema = schema
  }
}
