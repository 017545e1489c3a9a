import FoundationEssentials

/// Reads the bodies that a projection folds, many times faster than `EventBodyCoding.decode`, with the same result.
///
/// It knows the one form in which `EventBodyCoding.encode` writes them: members in order of name, no white space.
/// Whatever is in any other form, or is no body at all, is `EventBodyCoding.decode`'s.
public enum EventBodyReader {
  /// Reads the body of `memories.resolved`.
  /// - Throws: `EventDecodingError` (`.malformedBody`), which names the member but not its value.
  public static func resolved(_ data: [UInt8]) throws -> MemoriesResolved {
    try canonicalResolved(data) ?? EventBodyCoding.decode(MemoriesResolved.self, from: data)
  }

  /// Reads the body of `memories.embedded`.
  /// - Throws: `EventDecodingError` (`.malformedBody`), which names the member but not its value.
  public static func embedded(_ data: [UInt8]) throws -> MemoriesEmbedded {
    try canonicalEmbedded(data) ?? EventBodyCoding.decode(MemoriesEmbedded.self, from: data)
  }

  /// The body of `memories.resolved`; nil where it is in another form.
  static func canonicalResolved(_ data: [UInt8]) -> MemoriesResolved? {
    var scanner = CanonicalScanner(data)
    do throws(CanonicalScanner.Unusual) {
      let body = try scanner.resolved()
      try scanner.end()
      return body
    } catch {
      return nil
    }
  }

  /// The body of `memories.embedded`; nil where it is in another form.
  static func canonicalEmbedded(_ data: [UInt8]) -> MemoriesEmbedded? {
    var scanner = CanonicalScanner(data)
    do throws(CanonicalScanner.Unusual) {
      let body = try scanner.embedded()
      try scanner.end()
      return body
    } catch {
      return nil
    }
  }
}

extension CanonicalScanner {
  fileprivate mutating func embedded() throws(Unusual) -> MemoriesEmbedded {
    try expect(Self.openBrace)
    try member("backend")
    let backend = try string()
    try next("dimension")
    let dimension = try integer()
    try next("entries")
    let entries = try array { scanner throws(Unusual) in
      try scanner.expect(Self.openBrace)
      try scanner.member("memory_id")
      let id = try scanner.uuid()
      try scanner.next("text_hash")
      let hash = try scanner.string()
      try scanner.next("vector")
      let vector = try scanner.base64()
      try scanner.expect(Self.closeBrace)
      return MemoriesEmbedded.Entry(memoryID: id, textHash: hash, vector: vector)
    }
    try next("space")
    let space = try string()
    try expect(Self.closeBrace)
    return MemoriesEmbedded(space: space, dimension: Int(dimension), backend: backend, entries: entries)
  }

  fileprivate mutating func resolved() throws(Unusual) -> MemoriesResolved {
    try expect(Self.openBrace)
    try member("events")
    let events = try array { scanner throws(Unusual) in try scanner.event() }
    try next("input")
    let input = try inputReference()
    try next("outcome")
    guard let outcome = MemoriesResolved.Outcome(rawValue: try string()) else { throw Unusual() }
    let reason = hasNext("reason") ? try parkingReason() : nil
    try expect(Self.closeBrace)
    return MemoriesResolved(input: input, outcome: outcome, events: events, reason: reason)
  }

  private mutating func inputReference() throws(Unusual) -> InputReference {
    try expect(Self.openBrace)
    try member("id")
    let id = try string()
    try next("offset")
    let offset = try integer()
    try next("partition")
    let partition = try integer()
    try next("received_at")
    let receivedAt = try timestamp()
    try next("type")
    let type = try string()
    try expect(Self.closeBrace)
    return InputReference(id: id, type: type, partition: Int(partition), offset: offset, receivedAt: receivedAt)
  }

  private mutating func parkingReason() throws(Unusual) -> ParkingReason {
    try expect(Self.openBrace)
    try member("attempts")
    let attempts = try integer()
    try next("code")
    let code = try string()
    try next("detail")
    let detail = try string()
    try next("stage")
    let stage = try string()
    try expect(Self.closeBrace)
    return ParkingReason(stage: stage, code: code, detail: detail, attempts: Int(attempts))
  }

  private mutating func event() throws(Unusual) -> MemoryEvent {
    try expect(Self.openBrace)
    let event: MemoryEvent
    if hasMember("at") {
      event = try datedEvent(at: try timestamp())
    } else {
      try member("event")
      switch try string() {
      case "MemoryAdded":
        try next("memory")
        event = .added(try memory())
      case "MemoryRevised":
        try next("id")
        let id = try uuid()
        try next("revision")
        event = .revised(id: id, try revision())
      case _: throw Unusual()
      }
    }
    try expect(Self.closeBrace)
    return event
  }

  private mutating func datedEvent(at: Timestamp) throws(Unusual) -> MemoryEvent {
    let by = hasNext("by") ? try uuid() : nil
    try next("event")
    let name = try string()
    try next("id")
    let id = try uuid()
    switch (name, by) {
    case ("MemoryReinforced", nil):
      try next("source")
      return .reinforced(id: id, source: try source(), at: at)
    case ("MemorySuperseded", let by?):
      try next("valid_to")
      return .superseded(id: id, by: by, validTo: try moment(), at: at)
    case ("MemoryRetracted", nil): return .retracted(id: id, at: at)
    case _: throw Unusual()
    }
  }

  private mutating func revision() throws(Unusual) -> MemoryEvent.Revision {
    try expect(Self.openBrace)
    try member("at")
    var revision = MemoryEvent.Revision(at: try timestamp())
    try next("clears_expiry")
    revision.clearsExpiry = try boolean()
    if hasNext("expires_at") { revision.expiresAt = try timestamp() }
    if hasNext("metadata") { revision.metadata = try object() }
    if hasNext("text") { revision.text = try string() }
    if hasNext("valid_from") { revision.validFrom = try timestamp() }
    try expect(Self.closeBrace)
    return revision
  }

  private mutating func memory() throws(Unusual) -> Memory {
    try expect(Self.openBrace)
    try member("actor")
    let actor = try string()
    let attribute = hasNext("attribute") ? try string() : nil
    try next("category")
    let category = try string()
    try next("confidence")
    let confidence = try double()
    try next("edited")
    let isEdited = try boolean()
    let expiresAt = hasNext("expires_at") ? try timestamp() : nil
    try next("id")
    let id = try uuid()
    let metadata = hasNext("metadata") ? try object() : nil
    try next("polarity")
    guard let polarity = Polarity(rawValue: try string()) else { throw Unusual() }
    try next("recipe")
    let recipe = try string()
    try next("recorded_at")
    let recordedAt = try timestamp()
    try next("scope")
    let scope = try scope()
    try next("sources")
    let sources = try array { scanner throws(Unusual) in try scanner.source() }
    try next("subject")
    let subject = try string()
    let supersededBy = hasNext("superseded_by") ? try uuid() : nil
    try next("text")
    let text = try string()
    try next("updated_at")
    let updatedAt = try timestamp()
    try next("valid_from")
    let validFrom = try moment()
    let validTo = hasNext("valid_to") ? try moment() : nil
    let value = hasNext("value") ? try string() : nil
    try expect(Self.closeBrace)
    return Memory(
      id: id, text: text, category: category, scope: scope, actor: actor, subject: subject, attribute: attribute,
      value: value, polarity: polarity, confidence: confidence, validFrom: validFrom, validTo: validTo,
      sources: sources, supersededBy: supersededBy, metadata: metadata, expiresAt: expiresAt, recipe: recipe,
      isEdited: isEdited, recordedAt: recordedAt, updatedAt: updatedAt)
  }

  private mutating func scope() throws(Unusual) -> Scope {
    try expect(Self.openBrace)
    var scope = Scope()
    var isFirst = true
    func has(_ name: StaticString, _ scanner: inout Self) -> Bool {
      let has = isFirst ? scanner.hasMember(name) : scanner.hasNext(name)
      if has { isFirst = false }
      return has
    }
    if has("agent_id", &self) { scope.agentID = try string() }
    if has("app_id", &self) { scope.appID = try string() }
    if has("run_id", &self) { scope.runID = try string() }
    if has("user_id", &self) { scope.userID = try string() }
    try expect(Self.closeBrace)
    return scope
  }

  private mutating func source() throws(Unusual) -> Source {
    try expect(Self.openBrace)
    try member("event_id")
    let eventID = try string()
    let messageID = hasNext("message_id") ? try string() : nil
    try next("message_index")
    let messageIndex = try integer()
    try next("quote")
    let quote = try string()
    try next("role")
    let role = try string()
    let runID = hasNext("run_id") ? try string() : nil
    try next("time")
    let time = try moment()
    try expect(Self.closeBrace)
    return Source(
      eventID: eventID, messageIndex: Int(messageIndex), messageID: messageID, role: role, time: time, quote: quote,
      runID: runID)
  }

  mutating func moment() throws(Unusual) -> Moment {
    guard isNext(Self.openBrace) else { return Moment(try timestamp(), .stated) }
    try expect(Self.openBrace)
    try member("received")
    let at = try timestamp()
    try expect(Self.closeBrace)
    return Moment(at, .received)
  }
}
