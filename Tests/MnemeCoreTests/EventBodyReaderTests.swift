import Foundation
import Testing

@testable import MnemeCore

/// The quick reader says what the Codable path says, or nothing.
@Suite struct EventBodyReaderTests {
  /// Random bodies, with everything that a body may hold.
  struct Bodies {
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func chance(_ percent: Int) -> Bool { random.below(100) < percent }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[random.below(elements.count)] }

    mutating func text() -> String {
      var text = ""
      for _ in 0..<random.below(8) {
        text += pick([
          "likes tea", " ", "\"", "\\", "/", "\n\t\r", "\u{8}\u{c}\u{1}\u{1f}\u{7f}", "Köln", "三体", "🙂", "e\u{301}",
          "é", "\0",
          "\u{fffd}", "\u{2028}", "{}[],:", "null",
        ])
      }
      return text
    }

    mutating func optionalText() -> String? { chance(50) ? text() : nil }
    mutating func id() -> UUID { Derivation.uuid("id", String(random.below(1 << 30))) }
    mutating func at() -> Timestamp {
      chance(5)
        ? pick([Timestamp.range.lowerBound, Timestamp.range.upperBound])
        : Timestamp(milliseconds: Int64(random.below(4_000_000_000_000)) - 1_000_000_000_000)
    }
    mutating func moment() -> Moment { Moment(at(), chance(50) ? .stated : .received) }

    mutating func scope() -> Scope {
      Scope(userID: optionalText(), agentID: optionalText(), appID: optionalText(), runID: optionalText())
    }

    mutating func value(_ depth: Int = 0) -> JSONValue {
      switch random.below(depth > 3 ? 7 : 9) {
      case 0: .null
      case 1: .bool(chance(50))
      case 2: .int(pick([0, 1, -1, 7, -300, 123_456_789_012, .max, .min, 999_999_999_999_999_999]))
      case 3: .double(pick([0.5, -2.25, 1e-9, 1.5e300, 3.0, 1e20, -0.0, 0.1, 1e16]))
      case 4...6: .string(text())
      case 7: .array((0..<random.below(4)).map { _ in value(depth + 1) })
      default: .object(object(depth + 1))
      }
    }

    mutating func object(_ depth: Int = 0) -> [String: JSONValue] {
      var object: [String: JSONValue] = [:]
      for _ in 0..<random.below(5) { object[text()] = value(depth) }
      return object
    }

    mutating func source() -> Source {
      Source(
        eventID: text(), messageIndex: random.below(100), messageID: optionalText(), role: text(), time: moment(),
        quote: text(), runID: optionalText())
    }

    mutating func memory() -> Memory {
      Memory(
        id: id(), text: text(), category: text(), scope: scope(), actor: text(), subject: text(),
        attribute: optionalText(), value: optionalText(), polarity: pick(Polarity.allCases),
        confidence: pick([0, 1, 0.5, 0.85, 0.1 + 0.2, 1e-7]), validFrom: moment(), validTo: chance(30) ? moment() : nil,
        sources: (0..<random.below(4)).map { _ in source() }, supersededBy: chance(30) ? id() : nil,
        metadata: chance(60) ? object() : nil, expiresAt: chance(30) ? at() : nil, recipe: text(),
        isEdited: chance(30), recordedAt: at(), updatedAt: at())
    }

    mutating func event() -> MemoryEvent {
      switch random.below(6) {
      case 0: .reinforced(id: id(), source: source(), at: at())
      case 1:
        .revised(
          id: id(),
          .init(
            text: optionalText(), metadata: chance(50) ? object() : nil, expiresAt: chance(50) ? at() : nil,
            clearsExpiry: chance(50), validFrom: chance(50) ? at() : nil, at: at()))
      case 2: .superseded(id: id(), by: id(), validTo: moment(), at: at())
      case 3: .retracted(id: id(), at: at())
      default: .added(memory())
      }
    }

    mutating func resolved() -> MemoriesResolved {
      MemoriesResolved(
        input: InputReference(
          id: text(), type: text(), partition: random.below(9), offset: Int64(random.below(1 << 40)), receivedAt: at()),
        outcome: pick(MemoriesResolved.Outcome.allCases), events: (0..<random.below(4)).map { _ in event() },
        messages: chance(40)
          ? (0..<random.below(4)).map { _ in SpokenMessage(index: random.below(99), text: text()) } : nil,
        reason: chance(30)
          ? ParkingReason(stage: text(), code: text(), detail: text(), attempts: random.below(9)) : nil)
    }

    mutating func embedded() -> MemoriesEmbedded {
      MemoriesEmbedded(
        space: text(), dimension: random.below(9), backend: text(),
        entries: (0..<random.below(4)).map { _ in
          let vector = Data((0..<random.below(40)).map { _ in UInt8(random.below(256)) })
          return MemoriesEmbedded.Entry(memoryID: id(), textHash: Derivation.sha256(text()), vector: vector)
        })
    }

    /// `bytes` with one of them changed, left out or repeated.
    mutating func spoiled(_ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      let index = random.below(bytes.count)
      switch random.below(4) {
      case 0: bytes[index] = UInt8(random.below(256))
      case 1: bytes.remove(at: index)
      case 2: bytes.insert(pick(Array(" \"\\{}[]:,019-.eE+=/u\n".utf8)), at: index)
      default: bytes.replaceSubrange(index..<min(bytes.count, index + 1 + random.below(30)), with: [])
      }
      return bytes
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func aBodyIsReadAsTheCodablePathReadsIt(seed: UInt64) throws {
    var bodies = Bodies(seed: seed)
    for _ in 0..<100 {
      let resolved = EventBodyCoding.encode(bodies.resolved())
      #expect(try EventBodyReader.resolved(resolved) == EventBodyCoding.decode(MemoriesResolved.self, from: resolved))
      let embedded = EventBodyCoding.encode(bodies.embedded())
      #expect(try EventBodyReader.embedded(embedded) == EventBodyCoding.decode(MemoriesEmbedded.self, from: embedded))
      // Every body of vectors is read the quick way.
      #expect(EventBodyReader.canonicalEmbedded(embedded) != nil)
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func aSpoiledBodyIsReadAsTheCodablePathReadsItOrRefusedLikeThere(seed: UInt64) throws {
    var bodies = Bodies(seed: seed)
    for _ in 0..<150 {
      let resolved = bodies.spoiled(EventBodyCoding.encode(bodies.resolved()))
      if let quick = EventBodyReader.canonicalResolved(resolved) {
        #expect(try quick == EventBodyCoding.decode(MemoriesResolved.self, from: resolved), "seed \(seed)")
      }
      let embedded = bodies.spoiled(EventBodyCoding.encode(bodies.embedded()))
      if let quick = EventBodyReader.canonicalEmbedded(embedded) {
        #expect(try quick == EventBodyCoding.decode(MemoriesEmbedded.self, from: embedded), "seed \(seed)")
      }
    }
  }

  /// A body without whole numbers among its decimals takes the quick way: a new member that the quick reader does not
  /// know would make every rebuild slow.
  @Test func whatIsWrittenTodayIsReadTheQuickWay() throws {
    var bodies = Bodies(seed: 7)
    var quick = 0
    for _ in 0..<200 {
      var body = bodies.resolved()
      body.events = body.events.map { event in
        guard case .added(var memory) = event else { return event }
        memory.metadata = memory.metadata.map { _ in ["a": "b", "c": [1, true, nil]] }
        return .added(memory)
      }
      if case .revised = body.events.first { body.events = [] }
      if EventBodyReader.canonicalResolved(EventBodyCoding.encode(body)) != nil { quick += 1 }
    }
    #expect(quick > 180)
  }

  @Test(arguments: [
    "", "{}", "[]", "{\"events\":[],\"events\":[],\"input\":{}}", "null", "{\"events\":[",
    "{\"backend\":\"b\",\"dimension\":1,\"entries\":[{\"memory_id\":\"", "\u{feff}{}",
  ])
  func whatIsNoBodyIsRefusedWithTheSameError(_ text: String) {
    let bytes = Array(text.utf8)
    func message(_ body: () throws -> Void) -> EventDecodingError? {
      do { try body() } catch { return error as? EventDecodingError }
      return nil
    }
    let resolved = message { _ = try EventBodyReader.resolved(bytes) }
    #expect(resolved != nil)
    #expect(resolved == message { _ = try EventBodyCoding.decode(MemoriesResolved.self, from: bytes) })
    let embedded = message { _ = try EventBodyReader.embedded(bytes) }
    #expect(embedded != nil)
    #expect(embedded == message { _ = try EventBodyCoding.decode(MemoriesEmbedded.self, from: bytes) })
  }
}
