import MnemeCore

/// The body of an add, understood: what the turn says, and how the caller wants its answer.
struct TurnForm: Sendable {
  /// Longest role, in characters.
  static let maxRoleLength = 64

  /// What is stored.
  let turn: TurnBody
  /// Whether the caller wants to wait for the outcome; nil where it does not say.
  let waits: Bool?

  /// Reads the body of `POST /v3/memories/add/`. Members that it does not name are tolerated, as the client passes any.
  /// - Throws: `RequestFailure`.
  init(_ members: Members, bounds: QueryConfiguration) throws {
    let scope = try Self.scope(members)
    if let violation = scope.violation { throw RequestFailure.invalid(violation) }
    func wish(_ name: String) throws -> String? {
      try members.string(name, maxLength: bounds.maxInstructionLength)
    }
    self.turn = TurnBody(
      scope: scope, messages: try Self.messages(members, bounds), timestamp: try Self.time(members),
      infer: try members.bool("infer") ?? true, metadata: try Self.metadata(members),
      expirationDate: try members.time("expiration_date"), customInstructions: try wish("custom_instructions"),
      agentCustomInstructions: try wish("agent_custom_instructions"), includes: try wish("includes"),
      excludes: try wish("excludes"),
      customCategories: try members.any("custom_categories").map {
        try CategoryForm.categories($0, members.path("custom_categories"))
      })
    self.waits = try members.bool("async_mode").map { !$0 }
  }

  /// When it was said, by either of the names that clients have for it.
  private static func time(_ members: Members) throws -> Timestamp? {
    let (said, observed) = (try members.time("timestamp"), try members.time("observation_datetime"))
    if let said, let observed, said != observed {
      throw RequestFailure.invalid("timestamp and observation_datetime differ; send one of them")
    }
    return said ?? observed
  }

  /// The publisher's data; that memories of the turn refuse to be changed stands there, as it does after an import.
  private static func metadata(_ members: Members) throws -> [String: JSONValue]? {
    let metadata = try members.object("metadata")
    guard try members.bool("immutable") == true else { return metadata }
    return (metadata ?? [:]).merging([Memory.immutableMember: true]) { $1 }
  }

  /// Ids stand at the top or in `filters`; the client does both.
  private static func scope(_ members: Members) throws -> Scope {
    let filters = Members(try members.object("filters") ?? [:], of: "filters")
    for name in filters.names where !Self.idNames.contains(name) {
      throw RequestFailure.invalid("filters of an add may hold only \(Self.idNames.joined(separator: ", "))")
    }
    func id(_ name: String) throws -> String? {
      let (top, inner) = (try members.id(name), try filters.id(name))
      if let top, let inner, top != inner {
        throw RequestFailure.invalid("\(name) and filters.\(name) differ; send one of them")
      }
      return top ?? inner
    }
    return Scope(
      userID: try id("user_id"), agentID: try id("agent_id"), appID: try id("app_id"), runID: try id("run_id"))
  }

  /// Names of the ids of a scope.
  static let idNames = ["user_id", "agent_id", "app_id", "run_id"]

  private static func messages(_ members: Members, _ bounds: QueryConfiguration) throws -> [Message] {
    let messages: [Message]
    switch members.any("messages") {
    case .string(let text): messages = [try self.bounded(Message(role: "user", content: text), "messages", bounds)]
    case .object(let object):
      messages = [try self.message(Members(object, of: "messages"), bounds)].compactMap { $0 }
    case .array(let elements):
      guard elements.count <= bounds.maxMessageCount else {
        throw RequestFailure.invalid("messages has more than \(bounds.maxMessageCount) elements; send several turns")
      }
      messages = try elements.enumerated().compactMap { index, element in
        guard let object = element.objectValue else {
          throw RequestFailure.invalid("messages[\(index)] must be an object with role and content")
        }
        return try self.message(Members(object, of: "messages[\(index)]"), bounds)
      }
    case nil: throw RequestFailure.invalid("messages is required")
    case .null?, .bool?, .int?, .double?:
      throw RequestFailure.invalid("messages must be a list of objects with role and content")
    }
    guard messages.contains(where: { !$0.content.allSatisfy(\.isWhitespace) }) else {
      throw RequestFailure.invalid("messages is empty, or no message has a text")
    }
    return messages
  }

  /// A message; nil for one of an assistant that says nothing but calls tools, as chat APIs have them.
  private static func message(_ members: Members, _ bounds: QueryConfiguration) throws -> Message? {
    guard let role = try members.string("role", maxLength: Self.maxRoleLength, isName: true) else {
      throw RequestFailure.invalid("\(members.path("role")) is required")
    }
    if role == "assistant", members.isNull("content") || (members.isSet("tool_calls") && !members.isSet("content")) {
      return nil
    }
    let message = Message(
      role: role, content: try self.content(members),
      name: try members.string("name", maxLength: Scope.maxIDLength, isName: true),
      timestamp: try members.time("timestamp"),
      id: try members.string("id", maxLength: Scope.maxIDLength, isName: true))
    return try self.bounded(message, members.path("content"), bounds)
  }

  private static func bounded(_ message: Message, _ place: String, _ bounds: QueryConfiguration) throws -> Message {
    guard message.content.utf8.count <= bounds.maxMessageByteCount else {
      throw RequestFailure(.tooLarge, "\(place) has more than \(bounds.maxMessageByteCount) bytes")
    }
    return message
  }

  /// A string, or the text parts of a list of parts, as chat APIs have them; parts of other kinds carry no text.
  private static func content(_ members: Members) throws -> String {
    let place = members.path("content")
    switch members.any("content") {
    case .string(let text): return text
    case .array(let parts):
      var texts: [String] = []
      for (index, part) in parts.enumerated() {
        let part = Members(part.objectValue ?? [:], of: "\(place)[\(index)]")
        guard let type = try part.string("type") else {
          throw RequestFailure.invalid("\(place)[\(index)] must be an object with a type")
        }
        guard type == "text" else { continue }
        guard let text = try part.string("text") else {
          throw RequestFailure.invalid("\(place)[\(index)].text is required")
        }
        texts.append(text)
      }
      return texts.joined(separator: "\n")
    case nil: throw RequestFailure.invalid("\(place) is required")
    case .null?, .bool?, .int?, .double?, .object?:
      throw RequestFailure.invalid("\(place) must be a string, or a list of content parts")
    }
  }
}
