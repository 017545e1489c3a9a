package import FoundationEssentials

/// A memory of mem0, as what it becomes here: one turn that is kept as it stands.
package struct Mem0Memory: Hashable, Sendable {
  /// The turn's event id. It follows from the memory's, so that a second import changes nothing.
  package let eventID: UUID
  /// The turn. Its one message has the memory's id, where that can be a message's.
  package let turn: TurnBody

  /// Why a memory is not taken over: a kind of reason, never a text or an id.
  package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package let description: String
    /// The memory does not change: never.
    package var isRetriable: Bool { false }

    /// A refusal because of `description`.
    package init(_ description: String) { self.description = description }
  }

  /// Reads an object as mem0's `get_all` and Mneme's own export write it.
  ///
  /// It is dated by `valid_from`, which only Mneme's own have, else by `created_at`. What has ended is no longer shown
  /// from its end on: a turn that is kept as it stands knows no other end.
  /// - Throws: `Refusal`. Bounds that any turn has are not looked at here.
  package init(_ object: [String: JSONValue]) throws(Refusal) {
    guard let text = object["memory"]?.stringValue, !text.allSatisfy(\.isWhitespace) else {
      throw Refusal("it has no text")
    }
    var scope = Scope(
      userID: try Self.id("user_id", object), agentID: try Self.id("agent_id", object),
      appID: try Self.id("app_id", object), runID: try Self.id("run_id", object))
    // The platform has both names for it.
    if scope.runID == nil { scope.runID = try Self.id("session_id", object) }
    guard let owner = scope.owner else { throw Refusal("it has none of user_id, agent_id, run_id and app_id") }
    let createdAt = try Self.time("created_at", object)
    let validFrom = try Self.time("valid_from", object)
    let id = try Self.id("id", object)
    let (role, name) = Self.speaker(object)
    self.eventID =
      if let id {
        Derivation.uuid("import", id)
      } else {
        Derivation.uuid("import", owner.kind.rawValue, owner.id, createdAt?.description ?? "", text)
      }
    self.turn = TurnBody(
      scope: scope, messages: [Message(role: role, content: text, name: name, id: id.flatMap(Self.messageID))],
      timestamp: validFrom ?? createdAt, infer: false, metadata: try Self.metadata(object),
      expirationDate: try Self.expiry(object))
  }

  /// Reads the payload of a point in mem0's vector store; `id` is the point's.
  /// - Throws: `Refusal`.
  package init(payload: [String: JSONValue], id: JSONValue) throws(Refusal) {
    var object = payload.filter { Self.payloadMembers.contains($0.key) }
    object["memory"] = payload["data"]
    object["id"] = id
    object["metadata"] = .object(payload.filter { !Self.payloadMembers.contains($0.key) })
    try self.init(object)
  }

  /// What mem0 itself puts into a payload; everything else there is the publisher's metadata.
  private static let payloadMembers: Set<String> = [
    "data", "hash", "text_lemmatized", "attributed_to", "id", "user_id", "agent_id", "run_id", "actor_id", "role",
    "created_at", "updated_at", "expiration_date",
  ]

  // MARK: Members

  /// A text, or a whole number as publishers in Python write ids; nil where there is none.
  private static func id(_ name: String, _ object: [String: JSONValue]) throws(Refusal) -> String? {
    switch object[name] {
    case nil, .null?: return nil
    case .string(let text)?: return text
    case .int(let number)?: return String(number)
    case .bool?, .double?, .array?, .object?: throw Refusal("\(name) is no text")
    }
  }

  private static func time(_ name: String, _ object: [String: JSONValue]) throws(Refusal) -> Timestamp? {
    let time: Timestamp?
    switch object[name] {
    case nil, .null?: return nil
    case .string(let text)?: time = Timestamp(text)
    case .int(let seconds)? where seconds.magnitude < 1 << 40: time = Timestamp(milliseconds: seconds * 1000)
    case .double(let seconds)? where seconds.magnitude < Double(1 << 40):
      time = Timestamp(milliseconds: Int64((seconds * 1000).rounded(.down)))
    case .bool?, .int?, .double?, .array?, .object?: time = nil
    }
    guard let time, Timestamp.range.contains(time) else { throw Refusal("\(name) is no time") }
    return time
  }

  private static let roles: Set<String> = ["user", "assistant", "tool"]

  /// Role and name of who said it. Instructions of the system are no memories, so nobody has that role here.
  private static func speaker(_ object: [String: JSONValue]) -> (role: String, name: String?) {
    let actor = object["actor"]?.stringValue
    let role = object["role"]?.stringValue ?? actor
    let name = object["actor_id"]?.stringValue ?? actor.flatMap { roles.contains($0) ? nil : $0 }
    return (role.flatMap { roles.contains($0) ? $0 : nil } ?? "user", name.flatMap(messageID))
  }

  /// `text` where it can be a message's id or its speaker's name.
  private static func messageID(_ text: String) -> String? {
    let isName = !text.isEmpty && text.count <= Scope.maxIDLength
    return isName && !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f } ? text : nil
  }

  /// The publisher's data, with what has no place of its own here and tells more than the default does.
  private static func metadata(_ object: [String: JSONValue]) throws(Refusal) -> [String: JSONValue]? {
    var metadata: [String: JSONValue]
    switch object["metadata"] {
    case nil, .null?: metadata = [:]
    case .object(let members)?: metadata = members
    case .bool?, .int?, .double?, .string?, .array?: throw Refusal("metadata is no object")
    }
    let categories = object["categories"]?.arrayValue ?? []
    if metadata["categories"] == nil, !categories.isEmpty, categories != [.string(Category.misc)] {
      metadata["categories"] = .array(categories)
    }
    if metadata["immutable"] == nil, object["immutable"] == true { metadata["immutable"] = true }
    return metadata.isEmpty ? nil : metadata
  }

  /// From when it is no longer shown: as it says, or from its end, whichever comes first.
  private static func expiry(_ object: [String: JSONValue]) throws(Refusal) -> Timestamp? {
    let expiry = try time("expiration_date", object)
    let isOver = object["lifecycle_state"].map { ["ended", "superseded"].contains($0) } ?? false
    var end = try time("valid_to", object)
    if end == nil, isOver { end = try time("updated_at", object) }
    guard let end else { return expiry }
    return expiry.map { min($0, end) } ?? end
  }
}
