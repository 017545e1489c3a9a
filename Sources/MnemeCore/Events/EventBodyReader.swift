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
    CanonicalScanner.read(data) { scanner throws(CanonicalScanner.Unusual) in try scanner.resolved() }
  }

  /// The body of `memories.embedded`; nil where it is in another form.
  static func canonicalEmbedded(_ data: [UInt8]) -> MemoriesEmbedded? {
    embeddedSketch(data).map { sketch in
      MemoriesEmbedded(
        space: sketch.space, dimension: sketch.dimension, backend: sketch.backend,
        entries: sketch.vectors.map { vector in
          MemoriesEmbedded.Entry(
            memoryID: vector.memoryID, textHash: Derivation.hexadecimal(vector.textDigest.data),
            vector: Data(sketch.bytes[vector.bytes]))
        })
    }
  }
}

// Inputs, memories and sources are read as sketches, and values made of them.
extension CanonicalScanner {
  fileprivate mutating func resolved() throws(Unusual) -> MemoriesResolved {
    try expect(Self.openBrace)
    try member("events")
    let events = try array { scanner throws(Unusual) in try scanner.event() }
    try next("input")
    let input = try inputReference()
    let messages = hasNext("messages") ? try spokenMessages() : nil
    try next("outcome")
    guard let outcome = MemoriesResolved.Outcome(rawValue: try string()) else { throw Unusual() }
    let reason = hasNext("reason") ? try parkingReason() : nil
    try expect(Self.closeBrace)
    return MemoriesResolved(input: input, outcome: outcome, events: events, messages: messages, reason: reason)
  }

  private mutating func spokenMessages() throws(Unusual) -> [SpokenMessage] {
    var parts = SketchParts()
    try messages(&parts)
    return parts.messages.map { SpokenMessage(index: $0.index, text: text($0.text, parts)) }
  }

  private mutating func inputReference() throws(Unusual) -> InputReference {
    var parts = SketchParts()
    let input = try input(&parts)
    return InputReference(
      id: text(input.id, parts), type: text(input.type, parts), partition: input.partition, offset: input.offset,
      receivedAt: input.receivedAt)
  }

  private func text(_ place: TextPlace, _ parts: SketchParts) -> String {
    String(decoding: place.bytes(of: bytes, or: parts.unescaped), as: UTF8.self)
  }

  private func text(_ place: TextPlace?, _ parts: SketchParts) -> String? { place.map { text($0, parts) } }

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
    var parts = SketchParts()
    let memory = try memory(&parts)
    return Memory(
      id: memory.id, text: text(memory.text, parts), category: text(memory.category, parts),
      scope: Scope(
        userID: text(memory.userID, parts), agentID: text(memory.agentID, parts), appID: text(memory.appID, parts),
        runID: text(memory.runID, parts)),
      actor: text(memory.actor, parts), subject: text(memory.subject, parts),
      attribute: text(memory.attribute, parts), value: text(memory.value, parts), polarity: memory.polarity,
      confidence: memory.confidence, validFrom: memory.validFrom, validTo: memory.validTo,
      sources: parts.sources.map { source($0, parts) }, supersededBy: memory.supersededBy,
      metadata: memory.metadata.map { parts.objects[$0] }, expiresAt: memory.expiresAt,
      recipe: text(memory.recipe, parts), isEdited: memory.isEdited, recordedAt: memory.recordedAt,
      updatedAt: memory.updatedAt)
  }

  private mutating func source() throws(Unusual) -> Source {
    var parts = SketchParts()
    let sketch = try source(&parts)
    return source(sketch, parts)
  }

  private func source(_ source: SourceSketch, _ parts: SketchParts) -> Source {
    Source(
      eventID: text(source.eventID, parts), messageIndex: source.messageIndex,
      messageID: text(source.messageID, parts), role: text(source.role, parts), time: source.time,
      quote: text(source.quote, parts), runID: text(source.runID, parts))
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
