import MnemeCore

/// The body of a turn of an outside publisher, checked as HTTP checks one.
enum IngressTurn {
  /// Longest role, in characters.
  static let maxRoleLength = 64

  private static let members: Set<String> = [
    "scope", "messages", "timestamp", "infer", "metadata", "expiration_date", "custom_instructions",
    "agent_custom_instructions", "includes", "excludes", "custom_categories",
  ]
  private static let categoryMembers: Set<String> = ["name", "description"]
  private static let scopeMembers: Set<String> = ["user_id", "agent_id", "app_id", "run_id"]
  private static let messageMembers: Set<String> = ["role", "content", "name", "timestamp", "id"]

  /// The turn and its owner.
  /// - Throws: `IngressRefusal`, or `EventDecodingError`.
  static func read(_ data: [UInt8], bounds: IngressStage.Bounds) throws -> (body: TurnBody, owner: Owner) {
    if let violation = JSONStructure.violation(in: data) {
      throw IngressRefusal(.malformedBody, "the body cannot be read: \(violation)")
    }
    try self.checkMembers(try EventBodyCoding.decode(JSONValue.self, from: data))
    let body = try EventBodyCoding.decode(TurnBody.self, from: data)
    return (body, try self.owner(of: body, bounds: bounds))
  }

  /// The owner of a turn that has nothing wrong with it.
  /// - Throws: `IngressRefusal`.
  static func owner(of body: TurnBody, bounds: IngressStage.Bounds) throws -> Owner {
    if let violation = body.scope.violation { throw IngressRefusal(.malformedBody, "scope: \(violation)") }
    guard let owner = body.scope.owner else { preconditionFailure("a scope without an owner was let through") }
    try self.check(body, bounds)
    return owner
  }

  /// What is not in the schema would be lost: a misspelt member is refused rather than dropped.
  private static func checkMembers(_ body: JSONValue) throws {
    try self.check(body, are: self.members, of: "the body")
    if let scope = body["scope"] { try self.check(scope, are: self.scopeMembers, of: "scope") }
    for (index, message) in (body["messages"]?.arrayValue ?? []).enumerated() {
      try self.check(message, are: self.messageMembers, of: "messages[\(index)]")
    }
    for (index, category) in (body["custom_categories"]?.arrayValue ?? []).enumerated() {
      try self.check(category, are: self.categoryMembers, of: "custom_categories[\(index)]")
    }
  }

  private static func check(_ value: JSONValue, are known: Set<String>, of place: String) throws {
    let strangers = (value.objectValue ?? [:]).keys.filter { !known.contains($0) }
    guard let stranger = strangers.min() else { return }
    throw IngressRefusal(
      .malformedBody, "\(place) has a member \"\(stranger.prefix(100))\" that \(EventType.turnRecorded.rawValue) lacks")
  }

  private static func check(_ body: TurnBody, _ bounds: IngressStage.Bounds) throws {
    guard body.messages.count <= bounds.maxMessageCount else {
      throw IngressRefusal(
        .malformedBody, "messages has more than \(bounds.maxMessageCount) elements; send several turns")
    }
    for (index, message) in body.messages.enumerated() { try self.check(message, "messages[\(index)]", bounds) }
    guard body.messages.contains(where: { !$0.content.allSatisfy(\.isWhitespace) }) else {
      throw IngressRefusal(.malformedBody, "messages is empty, or no message has a text")
    }
    if let violation = StorableText.violation(in: body) { throw IngressRefusal(.malformedBody, violation) }
    try self.check(body.timestamp, "timestamp")
    try self.check(body.expirationDate, "expiration_date")
    for (name, text) in body.wishedTexts
    where text.utf8.count > bounds.maxInstructionLength && text.count > bounds.maxInstructionLength {
      throw IngressRefusal(.malformedBody, "\(name) has more than \(bounds.maxInstructionLength) characters")
    }
    if let violation = CustomCategory.violation(in: body.customCategories ?? [], at: "custom_categories") {
      throw IngressRefusal(.malformedBody, violation)
    }
  }

  private static func check(_ message: Message, _ place: String, _ bounds: IngressStage.Bounds) throws {
    let names: [(String, String?, Int)] = [
      ("role", message.role, self.maxRoleLength), ("name", message.name, Scope.maxIDLength),
      ("id", message.id, Scope.maxIDLength),
    ]
    for (member, text, maxLength) in names {
      guard let violation = text.flatMap({ IngressText.violation($0, maxLength: maxLength) }) else { continue }
      throw IngressRefusal(.malformedBody, "\(place).\(member) \(violation)")
    }
    guard message.content.utf8.count <= bounds.maxMessageByteCount else {
      throw IngressRefusal.tooLarge("\(place).content has more than \(bounds.maxMessageByteCount) bytes")
    }
    try self.check(message.timestamp, "\(place).timestamp")
  }

  private static func check(_ time: Timestamp?, _ place: String) throws {
    guard let time, !Timestamp.range.contains(time) else { return }
    throw IngressRefusal(.malformedBody, "\(place) has no year from 1 to 9999")
  }
}
