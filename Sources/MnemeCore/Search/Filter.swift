/// A condition on memories, as the `filters` of the HTTP API express it.
public indirect enum Filter: Hashable, Sendable {
  /// All of these; true where there are none.
  case and([Filter])
  /// Any of these; false where there are none.
  case or([Filter])
  /// Not this.
  case not(Filter)
  /// A comparison of one field.
  case compare(Field, Operator, JSONValue)
  /// The field is set.
  case isPresent(Field)

  /// What a condition is about.
  public enum Field: Hashable, Sendable {
    case userID, agentID, appID, runID, actor
    case createdAt, updatedAt, timestamp, expirationDate
    case text, category, memoryID
    /// A member of the publisher's data, by its path.
    case metadata([String])
  }

  /// How a field is compared.
  public enum Operator: String, Hashable, Sendable, CaseIterable {
    case eq, ne, gt, gte, lt, lte
    case isIn = "in"
    case isNotIn = "nin"
    case contains, icontains
  }
}

/// Why a filter was not understood. Its text names the offending part, not the user's values.
public struct FilterError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, and where.
  public let description: String
  /// The same filter stays wrong: never.
  public var isRetriable: Bool { false }

  init(_ description: String) { self.description = description }
}

extension Filter {
  /// Deepest nesting that is understood.
  public static let maxDepth = 16
  /// Most comparisons in one filter.
  public static let maxConditionCount = 256

  /// Reads the `filters` object of a request.
  /// - Throws: `FilterError`: what is not understood is never ignored.
  public static func parse(_ value: JSONValue) throws -> Filter {
    var parser = FilterParser()
    return try parser.parse(value, at: "filters", depth: 0)
  }

  /// The owner ids that every match must have: those compared for equality outside of `OR` and `NOT`.
  public var requiredScope: Scope {
    var scope = Scope()
    collectScope(&scope)
    return scope
  }

  private func collectScope(_ scope: inout Scope) {
    switch self {
    case .and(let parts): for part in parts { part.collectScope(&scope) }
    case .compare(.userID, .eq, .string(let id)): scope.userID = id
    case .compare(.agentID, .eq, .string(let id)): scope.agentID = id
    case .compare(.appID, .eq, .string(let id)): scope.appID = id
    case .compare(.runID, .eq, .string(let id)): scope.runID = id
    case .or, .not, .compare, .isPresent: break
    }
  }

  /// Whether the filter names a user, an agent, an app or a run anywhere: a search without one is refused.
  public var namesScope: Bool {
    switch self {
    case .and(let parts), .or(let parts): parts.contains(where: \.namesScope)
    case .not(let part): part.namesScope
    case .compare(let field, _, _), .isPresent(let field):
      field == .userID || field == .agentID || field == .appID || field == .runID
    }
  }
}

private struct FilterParser {
  private var conditionCount = 0

  mutating func parse(_ value: JSONValue, at place: String, depth: Int) throws -> Filter {
    guard depth <= Filter.maxDepth else {
      throw FilterError("\(place) is nested deeper than \(Filter.maxDepth) levels")
    }
    guard let object = value.objectValue else { throw FilterError("\(place) must be an object") }
    guard depth == 0 || !object.isEmpty else { throw FilterError("\(place) is empty") }
    var parts: [Filter] = []
    for (name, member) in object.sorted(by: { $0.key < $1.key }) {
      let inner = "\(place).\(name.prefix(64))"
      switch name {
      case "AND": parts.append(.and(try list(member, at: inner, depth: depth)))
      case "OR": parts.append(.or(try list(member, at: inner, depth: depth)))
      case "NOT": parts.append(.not(.or(try list(member, at: inner, depth: depth))))
      default: parts.append(try condition(name, member, at: inner))
      }
    }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  private mutating func list(_ value: JSONValue, at place: String, depth: Int) throws -> [Filter] {
    if let elements = value.arrayValue {
      var parts: [Filter] = []
      for (index, element) in elements.enumerated() {
        parts.append(try parse(element, at: "\(place)[\(index)]", depth: depth + 1))
      }
      return parts
    }
    return [try parse(value, at: place, depth: depth + 1)]
  }

  private mutating func condition(_ name: String, _ value: JSONValue, at place: String) throws -> Filter {
    conditionCount += 1
    guard conditionCount <= Filter.maxConditionCount else {
      throw FilterError("there are more than \(Filter.maxConditionCount) conditions")
    }
    switch name {
    case "user_id": return try comparisons(.userID, value, at: place)
    case "agent_id": return try comparisons(.agentID, value, at: place)
    case "app_id": return try comparisons(.appID, value, at: place)
    case "run_id", "session_id": return try comparisons(.runID, value, at: place)
    case "actor", "actor_id": return try comparisons(.actor, value, at: place)
    case "created_at": return try comparisons(.createdAt, value, at: place)
    case "updated_at": return try comparisons(.updatedAt, value, at: place)
    case "timestamp": return try comparisons(.timestamp, value, at: place)
    case "expiration_date": return try comparisons(.expirationDate, value, at: place)
    case "text", "memory": return try comparisons(.text, value, at: place)
    case "keywords", "keywords_search":
      // Words by themselves are looked for: hardly anybody means the whole text.
      return try comparisons(.text, value.stringValue == nil || value == "*" ? value : ["icontains": value], at: place)
    case "categories", "category": return try comparisons(.category, value, at: place)
    case "memory_ids":
      return try comparisons(.memoryID, value.arrayValue == nil ? value : ["in": value], at: place)
    case "metadata": return try metadata(value, at: place)
    default: throw FilterError("\(place) is not a field or a connective; see the README for the list")
    }
  }

  private mutating func metadata(_ value: JSONValue, at place: String, path: [String] = []) throws -> Filter {
    guard let object = value.objectValue else {
      guard !path.isEmpty else { throw FilterError("\(place) must be an object") }
      return try comparisons(.metadata(path), value, at: place)
    }
    if !path.isEmpty, !object.isEmpty, object.keys.allSatisfy({ Filter.Operator(rawValue: $0) != nil }) {
      return try comparisons(.metadata(path), value, at: place)
    }
    guard !object.isEmpty else { throw FilterError("\(place) names no member") }
    guard path.count < Filter.maxDepth else {
      throw FilterError("\(place) is nested deeper than \(Filter.maxDepth) levels")
    }
    var parts: [Filter] = []
    for (name, member) in object.sorted(by: { $0.key < $1.key }) {
      parts.append(try metadata(member, at: "\(place).\(name.prefix(64))", path: path + [name]))
    }
    return .and(parts)
  }

  private func comparisons(_ field: Filter.Field, _ value: JSONValue, at place: String) throws -> Filter {
    if value == "*" { return .isPresent(field) }
    guard let object = value.objectValue else {
      guard value.arrayValue == nil else { throw FilterError("\(place) is a list; write {\"in\": […]}") }
      return try comparison(field, .eq, value, at: place)
    }
    guard !object.isEmpty else { throw FilterError("\(place) names no operator") }
    var parts: [Filter] = []
    for (name, operand) in object.sorted(by: { $0.key < $1.key }) {
      guard let op = Filter.Operator(rawValue: name) else {
        let known = Filter.Operator.allCases.map(\.rawValue).joined(separator: " ")
        throw FilterError("\(place).\(name.prefix(64)) is not an operator; known are \(known)")
      }
      parts.append(try comparison(field, op, operand, at: "\(place).\(name)"))
    }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  private func comparison(
    _ field: Filter.Field, _ op: Filter.Operator, _ operand: JSONValue, at place: String
  ) throws -> Filter {
    switch op {
    case .isIn, .isNotIn:
      guard let elements = operand.arrayValue else { throw FilterError("\(place) must be a list") }
      return .compare(field, op, .array(try elements.map { try scalar($0, of: field, at: place) }))
    case .contains, .icontains:
      guard operand.stringValue != nil else { throw FilterError("\(place) must be a string") }
      switch field {
      case .createdAt, .updatedAt, .timestamp, .expirationDate:
        throw FilterError("\(place) does not go with a time; compare it by gt, gte, lt or lte")
      // Categories are looked for without regard to case, as on the platform.
      case .category: return .compare(field, .icontains, operand)
      case .userID, .agentID, .appID, .runID, .actor, .text, .memoryID, .metadata:
        return .compare(field, op, operand)
      }
    case .gt, .gte, .lt, .lte:
      switch operand {
      case .null, .bool: throw FilterError("\(place) compares by order what has none")
      case .int, .double, .string, .array, .object: break
      }
      return .compare(field, op, try scalar(operand, of: field, at: place))
    case .eq, .ne: return .compare(field, op, try scalar(operand, of: field, at: place))
    }
  }

  /// Instants become milliseconds here, so that evaluation compares numbers.
  private func scalar(_ value: JSONValue, of field: Filter.Field, at place: String) throws -> JSONValue {
    switch field {
    case .createdAt, .updatedAt, .timestamp, .expirationDate:
      switch value {
      case .string(let text):
        guard let time = Timestamp(text) else { throw FilterError("\(place) is no RFC 3339 time or date") }
        return .int(time.milliseconds)
      case .int(let seconds) where seconds.magnitude < 1 << 40: return .int(seconds * 1000)
      case .double(let seconds) where abs(seconds) < Double(1 << 40): return .int(Int64(seconds * 1000))
      default: throw FilterError("\(place) is no time")
      }
    case .userID, .agentID, .appID, .runID:
      // Publishers whose ids are numbers mean their digits.
      if case .int(let number) = value { return .string(String(number)) }
      guard value.stringValue != nil else { throw FilterError("\(place) must be a string") }
      return value
    case .actor, .text, .category, .memoryID:
      guard value.stringValue != nil else { throw FilterError("\(place) must be a string") }
      return value
    case .metadata:
      guard value.objectValue == nil, value.arrayValue == nil else {
        throw FilterError("\(place) must be a string, a number, a boolean or null")
      }
      return value
    }
  }
}
