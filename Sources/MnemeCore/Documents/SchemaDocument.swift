import FoundationEssentials

/// Memories in a form that a JSON Schema names. Pure, without a model: each property takes what memories say by its
/// name, and is null, empty, or its `default`, where they say nothing.
///
/// A property is filled, in this order, from
/// 1. the metadata member of its name, of the newest memory that has one;
/// 2. memories that fill the slot of its name about the owner (`home`, `pet`, …): their values, the newest first;
/// 3. memories of the category of its name: their texts, the newest first.
///
/// Names are compared in `snake_case`, in singular and plural, and by a few other words for a slot (`SchemaNames`). A
/// list takes all that 2 and 3 find, anything else the first that fits its type; a string takes a category as one text.
/// A list named `memories` takes all; of a list of objects, each object is filled from one memory, whose own members
/// (`id`, `memory`, `category`, `created_at`, `value`, …) come first.
public struct SchemaDocument {
  /// Most bytes of texts in a document.
  public static let maxByteCount = 16 << 20
  /// Most properties in a document, without those of objects that are one memory each.
  static let maxPropertyCount = 10_000
  /// Most properties of objects that are one memory each.
  static let maxElementPropertyCount = 500_000
  /// Deepest nesting.
  static let maxDepth = 16

  /// The document would be larger than it may be.
  public struct TooLarge: Error, Sendable, CustomStringConvertible {
    /// What to do about it.
    public let description =
      "the document would hold more than \(SchemaDocument.maxByteCount) bytes, or too many properties; ask for less"
    /// The same request stays as large.
    public var isRetriable: Bool { false }

    /// A document that would be too large.
    public init() {}
  }

  /// What values are taken from.
  private enum Ground {
    /// All memories.
    case all
    /// This one.
    case one(Memory)
  }

  private let root: JSONValue
  private let memories: [Memory]
  private let metadata: [String: JSONValue]
  private let bySlot: [String: [(order: Int, value: String)]]
  private let byCategory: [String: [(order: Int, value: String)]]
  private var byteCount = 0
  private var propertyCount = 0
  private var elementPropertyCount = 0
  /// What the properties may be called, as far as they have come up.
  private var names: [String: [String]] = [:]

  private init(_ schema: JSONValue, _ memories: [Memory]) {
    root = schema
    self.memories = UserProfile.newestFirst(memories)
    var metadata: [String: JSONValue] = [:]
    var bySlot: [String: [(order: Int, value: String)]] = [:]
    var byCategory: [String: [(order: Int, value: String)]] = [:]
    for (order, memory) in self.memories.enumerated() {
      for (name, value) in memory.metadata ?? [:] where value != .null {
        let name = SchemaNames.snakeCase(name)
        if metadata[name] == nil { metadata[name] = value }
      }
      if let slot = UserProfile.ownSlot(memory) { bySlot[slot.name, default: []].append((order, slot.value)) }
      byCategory[SchemaNames.snakeCase(memory.category), default: []].append((order, memory.text))
    }
    (self.metadata, self.bySlot, self.byCategory) = (metadata, bySlot, byCategory)
  }

  /// Whether `schema` names properties, and so can be filled.
  public static func namesProperties(_ schema: JSONValue) -> Bool {
    schema["properties"]?.objectValue?.isEmpty == false
  }

  /// The document that `schema` asks for.
  /// - Throws: `TooLarge`.
  public static func fill(_ schema: JSONValue, from memories: [Memory]) throws -> JSONValue {
    var document = SchemaDocument(schema, memories)
    return try document.object(schema, .all, depth: 0)
  }

  // MARK: Values

  private mutating func object(_ schema: JSONValue, _ ground: Ground, depth: Int) throws -> JSONValue {
    var members: [String: JSONValue] = [:]
    for (name, property) in schema["properties"]?.objectValue ?? [:] {
      members[name] = try value(property, name, ground, depth: depth + 1)
    }
    return .object(members)
  }

  private mutating func value(
    _ schema: JSONValue, _ name: String, _ ground: Ground, depth: Int
  ) throws -> JSONValue {
    guard let schema = resolved(schema), depth < Self.maxDepth else { return .null }
    switch ground {
    case .all: propertyCount += 1
    case .one: elementPropertyCount += 1
    }
    guard propertyCount <= Self.maxPropertyCount, elementPropertyCount <= Self.maxElementPropertyCount else {
      throw TooLarge()
    }
    let names = self.names[name] ?? SchemaNames.all(of: name)
    self.names[name] = names
    let fallback = schema["default"] ?? .null
    switch SchemaType(schema) {
    case .object:
      if let given = given(names, ground), case .object = given { return try counted(given) }
      return Self.namesProperties(schema) ? try object(schema, ground, depth: depth) : fallback
    case .array:
      let items = try elements(schema["items"].flatMap(resolved) ?? [:], names, ground, depth: depth)
      return items.isEmpty && fallback != .null ? fallback : .array(items)
    case let type:
      for candidate in candidates(type, names, ground) {
        if let fit = SchemaType.coerce(candidate, to: type, allowed: schema["enum"]?.arrayValue) {
          return try counted(fit)
        }
      }
      return fallback
    }
  }

  private mutating func elements(
    _ items: JSONValue, _ names: [String], _ ground: Ground, depth: Int
  ) throws -> [JSONValue] {
    if case .array(let given)? = given(names, ground) { return try given.map { try counted($0) } }
    guard case .all = ground else { return [] }
    let isOfAll = names.contains("memories") || names.contains("memory")
    if Self.namesProperties(items) {
      let orders = isOfAll ? Array(memories.indices) : found(names).map(\.order)
      return try orders.map { try object(items, .one(memories[$0]), depth: depth + 1) }
    }
    let type = SchemaType(items)
    var elements: [JSONValue] = []
    var seen: Set<JSONValue> = []
    for text in isOfAll ? memories.map(\.text) : found(names).map(\.value) {
      guard let fit = SchemaType.coerce(.string(text), to: type, allowed: items["enum"]?.arrayValue),
        seen.insert(fit).inserted
      else { continue }
      elements.append(try counted(fit))
    }
    return elements
  }

  /// What fills one value, the best first.
  private func candidates(_ type: SchemaType, _ names: [String], _ ground: Ground) -> [JSONValue] {
    switch ground {
    case .one: return given(names, ground).map { [$0] } ?? []
    case .all:
      let slots = names.compactMap { bySlot[$0] }.flatMap { $0 }.map { JSONValue.string($0.value) }
      let texts = (names.compactMap { byCategory[$0] }.first ?? []).map(\.value)
      let whole: [JSONValue] = texts.isEmpty ? [] : [.string(texts.joined(separator: "; "))]
      let parts = type == .string || type == .any ? whole : texts.map(JSONValue.string)
      return (given(names, ground).map { [$0] } ?? []) + slots + parts
    }
  }

  /// What stands under one of these names as it is: in metadata or, of one memory, in itself.
  private func given(_ names: [String], _ ground: Ground) -> JSONValue? {
    switch ground {
    case .all: return names.lazy.compactMap { metadata[$0] }.first
    case .one(let memory):
      for name in names {
        if let member = Self.member(name, of: memory) { return member }
        let metadata = memory.metadata?.first { SchemaNames.snakeCase($0.key) == name }
        if let metadata, metadata.value != .null { return metadata.value }
        if let slot = UserProfile.ownSlot(memory), slot.name == name { return .string(slot.value) }
      }
      return nil
    }
  }

  /// What memories say by one of these names, each once, the newest first.
  private func found(_ names: [String]) -> [(order: Int, value: String)] {
    var found: [Int: String] = [:]
    for name in names {
      for (order, value) in bySlot[name] ?? [] where found[order] == nil { found[order] = value }
    }
    for name in names {
      for (order, value) in byCategory[name] ?? [] where found[order] == nil { found[order] = value }
    }
    return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func member(_ name: String, of memory: Memory) -> JSONValue? {
    switch name {
    case "id", "memory_id": .string(memory.id.text)
    case "memory", "text", "fact": .string(memory.text)
    case "category": .string(memory.category)
    case "user_id": memory.scope.userID.map(JSONValue.string)
    case "agent_id": memory.scope.agentID.map(JSONValue.string)
    case "app_id": memory.scope.appID.map(JSONValue.string)
    case "run_id", "session_id": memory.scope.runID.map(JSONValue.string)
    case "actor": .string(memory.actor)
    case "subject": .string(memory.subject)
    case "attribute": memory.attribute.map(JSONValue.string)
    case "value": memory.value.map(JSONValue.string)
    case "confidence": .double(memory.confidence)
    case "created_at": .string(memory.recordedAt.description)
    case "updated_at": .string(memory.updatedAt.description)
    case "valid_from", "date": .string(memory.validFrom.at.description)
    default: nil
    }
  }

  /// Counts what goes into the document.
  private mutating func counted(_ value: JSONValue) throws -> JSONValue {
    byteCount += Self.byteCount(value)
    guard byteCount <= Self.maxByteCount else { throw TooLarge() }
    return value
  }

  private static func byteCount(_ value: JSONValue) -> Int {
    switch value {
    case .null, .bool, .int, .double: 8
    case .string(let text): text.utf8.count + 2
    case .array(let elements): elements.reduce(2) { $0 + byteCount($1) + 1 }
    case .object(let members): members.reduce(2) { $0 + $1.key.utf8.count + byteCount($1.value) + 4 }
    }
  }

  // MARK: Schemas

  /// The schema that one stands for: behind references within the document, and the first of several that is not null;
  /// nil where it leads nowhere.
  private func resolved(_ schema: JSONValue) -> JSONValue? {
    var schema = schema
    // As many steps as a chain of references may have; one that goes in a circle ends here.
    for _ in 0..<Self.maxDepth {
      if let reference = schema["$ref"]?.stringValue {
        guard let target = target(of: reference) else { return nil }
        schema = Self.merged(schema, over: target)
      } else if let choice = (schema["anyOf"] ?? schema["oneOf"] ?? schema["allOf"])?.arrayValue?.first(
        where: { $0["type"] != "null" })
      {
        schema = Self.merged(schema, over: choice)
      } else {
        return schema.objectValue == nil ? nil : schema
      }
    }
    return nil
  }

  private func target(of reference: String) -> JSONValue? {
    guard reference.hasPrefix("#/") else { return nil }
    return reference.dropFirst(2).split(separator: "/").reduce(root) { place, name in
      place?[String(name).replacing("~1", with: "/").replacing("~0", with: "~")]
    }
  }

  /// What a schema says of itself beside what it refers to.
  private static func merged(_ schema: JSONValue, over target: JSONValue) -> JSONValue {
    var members = schema.objectValue ?? [:]
    for name in ["$ref", "anyOf", "oneOf", "allOf"] { members[name] = nil }
    return .object((target.objectValue ?? [:]).merging(members) { _, own in own })
  }
}
