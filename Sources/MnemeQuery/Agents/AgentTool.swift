import MnemeCore

/// A tool for agents: what a model reads of it, and the request that carries it out.
struct AgentTool: Sendable {
  /// What hosts are told of it, so that they know what to ask their user about.
  enum Effect: Sendable {
    /// Changes nothing.
    case reads
    /// Adds something; a second call adds more.
    case adds
    /// Changes something that was there; a second call changes nothing more.
    case changes
    /// Deletes; a second call finds nothing.
    case deletes
  }

  /// An argument.
  struct Argument: Sendable {
    let name: String
    /// A JSON Schema.
    let schema: JSONValue
    let isRequired: Bool

    /// An argument of a JSON type.
    init(
      _ name: String, _ type: String, _ description: String, isRequired: Bool = false,
      _ more: [String: JSONValue] = [:]
    ) {
      let schema: [String: JSONValue] = ["type": .string(type), "description": .string(description)]
      self.name = name
      self.schema = .object(schema.merging(more) { $1 })
      self.isRequired = isRequired
    }
  }

  /// What the model calls it.
  let name: String
  /// What people call it.
  let title: String
  /// What it does, when to use it, what comes back.
  let description: String
  /// What it does to memories.
  let effect: Effect
  /// Its arguments, without ids of owners.
  let arguments: [Argument]
  /// What ids of owners are for; nil where the tool takes none.
  let ids: String?
  /// Members of its structured content that are always there.
  let results: [String: JSONValue]
  /// Method of its route.
  let method: String
  /// Path of its route, segment by segment, with any text for parameters.
  let path: [String]
  /// The request that carries it out.
  let request: @Sendable (ToolInput) throws -> ToolRequest
  /// What the model gets of the route's answer.
  let answer: @Sendable (JSONValue, ToolInput) -> ToolAnswer

  /// A tool whose structured content is the route's answer, unless `answer` says otherwise.
  init(
    _ name: String, _ title: String, _ effect: Effect, _ description: String, ids: String? = nil,
    arguments: [Argument], results: [String: JSONValue], method: String, path: [String],
    request: @escaping @Sendable (ToolInput) throws -> ToolRequest,
    answer: @escaping @Sendable (JSONValue, ToolInput) -> ToolAnswer = { value, _ in ToolAnswer(value) }
  ) {
    self.name = name
    self.title = title
    self.effect = effect
    self.description = description
    self.ids = ids
    self.arguments = arguments
    self.results = results
    self.method = method
    self.path = path
    self.request = request
    self.answer = answer
  }

  /// Arguments that clients of mem0 pass, and that mean nothing here.
  static let toleratedNames: Set<String> = ["enable_graph"]

  /// The tools that callers of `role` have: those whose routes `table` has, and lets them use.
  static func visible(to role: AccessRole, in table: RouteTable) -> [AgentTool] {
    all.filter { tool in (try? table.find(tool.method, tool.path)).map { $0.route.role <= role } ?? false }
  }

  /// A JSON Schema of its arguments.
  func inputSchema(_ rule: OwnerRule) -> JSONValue {
    var properties: [String: JSONValue] = [:]
    for argument in arguments { properties[argument.name] = argument.schema }
    if let ids {
      for name in rule.idNames {
        properties[name] = [
          "type": "string", "minLength": 1, "maxLength": .int(Int64(Scope.maxIDLength)),
          "description": .string("\(Self.idDescriptions[name] ?? name) \(ids)"),
        ]
      }
    }
    return [
      "type": "object", "properties": .object(properties),
      "required": .array(arguments.filter(\.isRequired).map { .string($0.name) }), "additionalProperties": false,
    ]
  }

  private static let idDescriptions = [
    "user_id": "Id of the person", "agent_id": "Id of the agent", "app_id": "Id of the application",
    "run_id": "Id of the session",
  ]

  /// The tool as `tools/list` tells it.
  func object(_ rule: OwnerRule) -> JSONValue {
    [
      "name": .string(name), "title": .string(title), "description": .string(description),
      "inputSchema": inputSchema(rule),
      "outputSchema": [
        "type": "object", "properties": .object(results),
        "required": .array(results.keys.sorted().map(JSONValue.string)),
      ],
      "annotations": [
        "title": .string(title), "readOnlyHint": .bool(effect == .reads),
        "destructiveHint": .bool(effect == .deletes || effect == .changes),
        "idempotentHint": .bool(effect != .adds), "openWorldHint": false,
      ],
    ]
  }
}

/// What a model gets from a tool.
struct ToolAnswer: Hashable, Sendable {
  /// For programs: an object.
  var structured: JSONValue
  /// For the model; nil where the structured content's own text is what it reads.
  var text: String?

  /// An answer with all its parts.
  init(_ structured: JSONValue, text: String? = nil) {
    self.structured = structured
    self.text = text
  }
}

/// The request that carries out a tool.
struct ToolRequest: Hashable, Sendable {
  let method: String
  /// Segments of the path.
  let path: [String]
  /// The query.
  var query: [RequestTarget.Parameter] = []
  /// The body; nil for none.
  var body: [String: JSONValue]?

  /// A request without query and body, unless they are given.
  init(_ method: String, _ path: [String], query: [(String, String?)] = [], body: [String: JSONValue]? = nil) {
    self.method = method
    self.path = path
    self.query = query.compactMap { name, value in value.map { RequestTarget.Parameter(name: name, value: $0) } }
    self.body = body
  }
}

extension RequestTarget {
  /// A target that was never text.
  init(segments: [String], parameters: [Parameter]) {
    self.segments = segments
    self.parameters = parameters
    self.prefix = ""
  }
}

/// The arguments of a call, checked, and whose memories it is about.
struct ToolInput: Sendable {
  /// What was given, without ids of owners.
  let arguments: [String: JSONValue]
  /// The ids that were given.
  let named: [String: String]
  /// The ids that memories must have: those, and the fixed owner's.
  let ids: [String: String]

  /// Checks the arguments of `tool`. One that is not known is refused rather than dropped: it may be a condition.
  /// - Throws: `RequestFailure`.
  init(_ given: [String: JSONValue], of tool: AgentTool, _ rule: OwnerRule) throws {
    if case .refused(let reason) = rule { throw RequestFailure(.forbidden, reason) }
    let known = Set(tool.arguments.map(\.name)).union(AgentTool.toleratedNames)
    let idNames = tool.ids == nil ? [] : rule.idNames
    var arguments: [String: JSONValue] = [:]
    var ids: [String: String] = [:]
    let members = Members(given, of: nil)
    for (name, value) in given where value != .null {
      if idNames.contains(name) {
        ids[name] = try members.string(name, maxLength: Scope.maxIDLength, isName: true)
      } else if known.contains(name) || tool.aliases[name] != nil {
        arguments[tool.aliases[name] ?? name] = value
      } else if case .fixed = rule, TurnForm.idNames.contains(name) {
        throw RequestFailure.invalid("\(name) is fixed by the operator here; leave it out")
      } else {
        throw RequestFailure.invalid(
          "an argument is not known here; \(tool.name) takes "
            + (tool.arguments.map(\.name) + idNames).joined(separator: ", "))
      }
    }
    for argument in tool.arguments where argument.isRequired && arguments[argument.name] == nil {
      throw RequestFailure.invalid("\(argument.name) is required")
    }
    self.arguments = arguments
    self.named = ids
    if case .fixed(let owner) = rule, tool.ids != nil { ids[owner.kind.idName] = owner.id }
    self.ids = ids
    // What the key does not reach is not there anyway; this says why.
    if case .named(let owners?) = rule, let user = ids["user_id"], !owners.contains(Owner(kind: .user, id: user)) {
      throw RequestFailure(.forbidden, "the key does not reach this user")
    }
  }

  /// The members of `names` that were given.
  func members(_ names: String...) -> [String: JSONValue] {
    arguments.filter { names.contains($0.key) }
  }

  /// Conditions on memories: the filter that was given, and the ids. Whatever the filter says, the ids hold as well.
  func filters() throws -> JSONValue {
    let own = try Members(arguments, of: nil).object("filters") ?? [:]
    let ids = ids.sorted { $0.key < $1.key }.map { JSONValue.object([$0.key: .string($0.value)]) }
    if own.isEmpty, ids.count == 1 { return ids[0] }
    if ids.isEmpty { return .object(own) }
    return ["AND": .array(ids + (own.isEmpty ? [] : [.object(own)]))]
  }

  /// A text that was given as an argument.
  func text(_ name: String, maxLength: Int = 256) throws -> String? {
    try Members(arguments, of: nil).string(name, maxLength: maxLength, isName: true)
  }

  /// A number that was given as an argument, as a query has it.
  func number(_ name: String) throws -> String? {
    try Members(arguments, of: nil).integer(name, in: 0...Int.max).map { String($0) }
  }
}

extension AgentTool {
  /// Other names that arguments go by.
  var aliases: [String: String] {
    arguments.contains { $0.name == "limit" } ? ["top_k": "limit"] : [:]
  }
}
