import MnemeCore

/// What a deletion by filter asks for.
struct DeletionForm: Sendable {
  /// Every condition that the request names.
  let filter: Filter
  /// The same where it does nothing but compare ids and ask for their presence; nil where it does more.
  let simple: SimpleCondition?

  /// Ids that must be equal, and ids that must be there.
  struct SimpleCondition: Hashable, Sendable {
    var equal = Scope()
    var present: Set<Filter.Field> = []
  }

  /// Parameters that choose no memories; the last three are older clients'.
  private static let otherNames: Set<String> = [
    "wait", "min_position", "org_id", "project_id", "version", "output_format", "async_mode",
  ]

  /// Reads the query of `DELETE /v1/memories/`. A condition that is not understood is refused, never left out.
  /// - Throws: `RequestFailure`, `FilterError`.
  init(_ target: RequestTarget) throws {
    var parts: [Filter] = []
    for name in Set(target.parameters.map(\.name)).sorted() {
      guard let text = try target.value(name) else { continue }
      switch name {
      case "user_id", "agent_id", "app_id", "run_id":
        guard
          let id = try Members([name: .string(text)], of: nil)
            .string(name, maxLength: Scope.maxIDLength, isName: true)
        else { continue }
        parts.append(try ReadForm.parse([name: .string(id)]))
      case "filters": parts.append(try ReadForm.parse(.object(try Self.object(text, name))))
      case "metadata": parts.append(try ReadForm.parse(["metadata": .object(try Self.object(text, name))]))
      case _ where Self.otherNames.contains(name): continue
      default:
        throw RequestFailure.invalid(
          "a query parameter is not known here; nothing was deleted, as it may be a condition")
      }
    }
    let filter = parts.count == 1 ? parts[0] : .and(parts)
    guard !parts.isEmpty, filter.namesScope else {
      throw RequestFailure.invalid("One of the filters: app_id, user_id, agent_id or run_id is required!")
    }
    try ReadForm.refuseImpossibleIDs(filter)
    self.init(filter)
  }

  /// Everything that `filter` is true of.
  init(_ filter: Filter) {
    self.filter = filter
    self.simple = Self.simplify(filter)
  }

  /// The dict in a parameter: JSON, or what Python prints of one, which is what the client sends.
  static func object(_ text: String, _ name: String) throws -> [String: JSONValue] {
    let value: JSONValue
    do {
      value = try (try? JSONParser.parse(Array(text.utf8))) ?? PythonLiteral.parse(text)
    } catch let error as JSONSyntaxError {
      throw RequestFailure.invalid("query parameter \(name) is neither JSON nor a Python dict: \(error)")
    }
    guard let object = value.objectValue, !object.isEmpty else {
      throw RequestFailure.invalid("query parameter \(name) must be an object that is not empty")
    }
    return object
  }

  private static func simplify(_ filter: Filter) -> SimpleCondition? {
    var condition = SimpleCondition()
    return collect(filter, into: &condition) ? condition : nil
  }

  private static func collect(_ filter: Filter, into condition: inout SimpleCondition) -> Bool {
    switch filter {
    case .and(let parts): return parts.allSatisfy { collect($0, into: &condition) }
    case .compare(let field, .eq, .string(let id)):
      guard field.isScopeID, [nil, id].contains(condition.equal[field]) else { return false }
      condition.equal[field] = id
      return true
    case .isPresent(let field):
      condition.present.insert(field)
      return field.isScopeID
    case .or, .not, .compare: return false
    }
  }
}

extension DeletionForm.SimpleCondition {
  /// The condition as a scope within `owner`'s memories; nil where a scope cannot say it.
  func scope(within owner: Owner) -> Scope? {
    var scope = self.equal
    for field in self.present where scope[field] == nil {
      guard field == owner.kind.field else { return nil }
      scope[field] = owner.id
    }
    return scope
  }
}

extension Filter.Field {
  /// Whether it is one of a scope's ids.
  var isScopeID: Bool { [.userID, .agentID, .appID, .runID].contains(self) }
}

extension Scope {
  /// The id that `field` is about; nil for a field that is none of a scope's ids.
  subscript(field: Filter.Field) -> String? {
    get {
      switch field {
      case .userID: self.userID
      case .agentID: self.agentID
      case .appID: self.appID
      case .runID: self.runID
      case .actor, .createdAt, .updatedAt, .timestamp, .expirationDate, .text, .category, .memoryID, .metadata: nil
      }
    }
    set {
      switch field {
      case .userID: self.userID = newValue
      case .agentID: self.agentID = newValue
      case .appID: self.appID = newValue
      case .runID: self.runID = newValue
      case .actor, .createdAt, .updatedAt, .timestamp, .expirationDate, .text, .category, .memoryID, .metadata:
        preconditionFailure("\(field) is none of a scope's ids")
      }
    }
  }
}

extension Owner.Kind {
  /// The field that holds an owner's id.
  var field: Filter.Field {
    switch self {
    case .user: .userID
    case .agent: .agentID
    case .run: .runID
    case .app: .appID
    }
  }
}
