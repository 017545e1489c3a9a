import FoundationEssentials

extension EventBodyReader {
  /// What a body of `memories.resolved` says; nil where it says anything but new memories, or says it in another form
  /// than `EventBodyCoding.encode` writes.
  package static func sketch(_ body: [UInt8]) -> ResolvedSketch? {
    // Places are 32 bits wide, those of unescaped texts included.
    guard body.count < Int32.max / 2 else { return nil }
    return CanonicalScanner.read(body) { scanner throws(CanonicalScanner.Unusual) in try scanner.sketch() }
  }

  /// What a body of `memories.embedded` says; nil where it is in another form than `EventBodyCoding.encode` writes.
  package static func embeddedSketch(_ body: [UInt8]) -> EmbeddedSketch? {
    CanonicalScanner.read(body) { scanner throws(CanonicalScanner.Unusual) in try scanner.embeddedSketch() }
  }
}

/// What a sketch consists of, as it is read.
struct SketchParts {
  var unescaped: [UInt8] = []
  var memories: [MemorySketch] = []
  var sources: [SourceSketch] = []
  var objects: [[String: JSONValue]] = []
  var messages: [MessageSketch] = []
}

// The members come in the order of their names.
extension CanonicalScanner {
  fileprivate mutating func embeddedSketch() throws(Unusual) -> EmbeddedSketch {
    var decoded: [UInt8] = []
    // A base64 digit holds six bits, and hardly anything else is in a body.
    decoded.reserveCapacity(bytes.count / 4 * 3)
    try expect(Self.openBrace)
    try member("backend")
    let backend = try string()
    try next("dimension")
    let dimension = try integer()
    try next("entries")
    var vectors: [VectorSketch] = []
    try elements { scanner throws(Unusual) in
      try scanner.expect(Self.openBrace)
      try scanner.member("memory_id")
      let id = try scanner.uuid()
      try scanner.next("text_hash")
      let digest = try scanner.digest()
      try scanner.next("vector")
      let start = decoded.count
      try scanner.base64(&decoded)
      try scanner.expect(Self.closeBrace)
      vectors.append(VectorSketch(memoryID: id, textDigest: digest, bytes: start..<decoded.count))
    }
    try next("space")
    let space = try string()
    try expect(Self.closeBrace)
    return EmbeddedSketch(
      space: space, dimension: Int(dimension), backend: backend, vectors: vectors, bytes: decoded)
  }

  fileprivate mutating func sketch() throws(Unusual) -> ResolvedSketch {
    var parts = SketchParts()
    try expect(Self.openBrace)
    try member("events")
    try elements { scanner throws(Unusual) in
      try scanner.expect(Self.openBrace)
      // Whatever has another member first is no new memory.
      try scanner.member("event")
      guard scanner.take(word: "\"MemoryAdded\"") else { throw Unusual() }
      try scanner.next("memory")
      let memory = try scanner.memory(&parts)
      parts.memories.append(memory)
      try scanner.expect(Self.closeBrace)
    }
    try next("input")
    let input = try input(&parts)
    if hasNext("messages") { try messages(&parts) }
    try next("outcome")
    guard let outcome = MemoriesResolved.Outcome(rawValue: try string()) else { throw Unusual() }
    // What was parked tells why, which nobody needs who folds it; it is rare enough to be read as a value.
    try expect(Self.closeBrace)
    return ResolvedSketch(parts, input: input, outcome: outcome, body: bytes)
  }

  mutating func messages(_ parts: inout SketchParts) throws(Unusual) {
    try elements { scanner throws(Unusual) in
      try scanner.expect(Self.openBrace)
      try scanner.member("index")
      let index = try scanner.integer()
      try scanner.next("text")
      let text = try scanner.place(&parts.unescaped)
      try scanner.expect(Self.closeBrace)
      parts.messages.append(MessageSketch(index: Int(index), text: text))
    }
  }

  mutating func input(_ parts: inout SketchParts) throws(Unusual) -> InputSketch {
    try expect(Self.openBrace)
    try member("id")
    let id = try place(&parts.unescaped)
    try next("offset")
    let offset = try integer()
    try next("partition")
    let partition = try integer()
    try next("received_at")
    let receivedAt = try timestamp()
    try next("type")
    let type = try place(&parts.unescaped)
    try expect(Self.closeBrace)
    return InputSketch(id: id, offset: offset, partition: Int(partition), receivedAt: receivedAt, type: type)
  }

  mutating func memory(_ parts: inout SketchParts) throws(Unusual) -> MemorySketch {
    try expect(Self.openBrace)
    try member("actor")
    let actor = try place(&parts.unescaped)
    let attribute = hasNext("attribute") ? try place(&parts.unescaped) : nil
    try next("category")
    let category = try place(&parts.unescaped)
    try next("confidence")
    let confidence = try double()
    try next("edited")
    let isEdited = try boolean()
    let expiresAt = hasNext("expires_at") ? try timestamp() : nil
    try next("id")
    let id = try uuid()
    var metadata: Int?
    if hasNext("metadata") {
      metadata = parts.objects.count
      parts.objects.append(try object())
    }
    try next("polarity")
    let polarity = try polarity()
    try next("recipe")
    let recipe = try place(&parts.unescaped)
    try next("recorded_at")
    let recordedAt = try timestamp()
    try next("scope")
    let scope = try scope(&parts)
    try next("sources")
    let firstSource = parts.sources.count
    try elements { scanner throws(Unusual) in
      let source = try scanner.source(&parts)
      parts.sources.append(source)
    }
    try next("subject")
    let subject = try place(&parts.unescaped)
    let supersededBy = hasNext("superseded_by") ? try uuid() : nil
    try next("text")
    let text = try place(&parts.unescaped)
    try next("updated_at")
    let updatedAt = try timestamp()
    try next("valid_from")
    let validFrom = try moment()
    let validTo = hasNext("valid_to") ? try moment() : nil
    let value = hasNext("value") ? try place(&parts.unescaped) : nil
    try expect(Self.closeBrace)
    return MemorySketch(
      id: id, text: text, category: category, userID: scope.user, agentID: scope.agent, appID: scope.app,
      runID: scope.run, actor: actor, subject: subject, attribute: attribute, value: value, polarity: polarity,
      confidence: confidence, validFrom: validFrom, validTo: validTo, supersededBy: supersededBy, metadata: metadata,
      expiresAt: expiresAt, recipe: recipe, isEdited: isEdited, recordedAt: recordedAt, updatedAt: updatedAt,
      sources: firstSource..<parts.sources.count)
  }

  private mutating func polarity() throws(Unusual) -> Polarity {
    if take(word: "\"positive\"") { return .positive }
    guard let polarity = Polarity(rawValue: try string()) else { throw Unusual() }
    return polarity
  }

  private mutating func scope(
    _ parts: inout SketchParts
  ) throws(Unusual) -> (agent: TextPlace?, app: TextPlace?, run: TextPlace?, user: TextPlace?) {
    try expect(Self.openBrace)
    var scope: (agent: TextPlace?, app: TextPlace?, run: TextPlace?, user: TextPlace?)
    var isFirst = true
    func has(_ name: StaticString, _ scanner: inout Self) -> Bool {
      let has = isFirst ? scanner.hasMember(name) : scanner.hasNext(name)
      if has { isFirst = false }
      return has
    }
    if has("agent_id", &self) { scope.agent = try place(&parts.unescaped) }
    if has("app_id", &self) { scope.app = try place(&parts.unescaped) }
    if has("run_id", &self) { scope.run = try place(&parts.unescaped) }
    if has("user_id", &self) { scope.user = try place(&parts.unescaped) }
    try expect(Self.closeBrace)
    return scope
  }

  mutating func source(_ parts: inout SketchParts) throws(Unusual) -> SourceSketch {
    try expect(Self.openBrace)
    try member("event_id")
    let eventID = try place(&parts.unescaped)
    let messageID = hasNext("message_id") ? try place(&parts.unescaped) : nil
    try next("message_index")
    let messageIndex = try integer()
    try next("quote")
    let quote = try place(&parts.unescaped)
    try next("role")
    let role = try place(&parts.unescaped)
    let runID = hasNext("run_id") ? try place(&parts.unescaped) : nil
    try next("time")
    let time = try moment()
    try expect(Self.closeBrace)
    return SourceSketch(
      eventID: eventID, messageIndex: Int(messageIndex), messageID: messageID, role: role, time: time, quote: quote,
      runID: runID)
  }
}
