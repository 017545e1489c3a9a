package import FoundationEssentials
import Glibc

/// Where a text stands: in a body or, where JSON escapes it there, behind the body among what was unescaped.
package struct TextPlace: Hashable, Sendable {
  private var start: Int32
  private var byteCount: Int32

  init(start: Int, count: Int) {
    self.start = Int32(start)
    self.byteCount = Int32(count)
  }

  /// The bytes of the body and of the unescaped texts behind it.
  private var range: Range<Int> { Int(start)..<Int(start) + Int(byteCount) }

  /// The bytes at it, of `body` or of what is behind it. A text stands in one of both as a whole.
  func bytes<Bytes: RandomAccessCollection>(of body: Bytes, or unescaped: Bytes) -> Bytes.SubSequence
  where Bytes.Index == Int {
    if range.upperBound <= body.count { return body[range] }
    let start = range.lowerBound - body.count
    return unescaped[start..<start + range.count]
  }
}

/// An input as a body has it.
package struct InputSketch: Sendable {
  package var id: TextPlace
  package var offset: Int64
  package var partition: Int
  package var receivedAt: Timestamp
  package var type: TextPlace
}

/// A source as a body has it.
package struct SourceSketch: Sendable {
  package var eventID: TextPlace
  package var messageIndex: Int
  package var messageID: TextPlace?
  package var role: TextPlace
  package var time: Moment
  package var quote: TextPlace
  package var runID: TextPlace?
}

/// A message as a body has it.
package struct MessageSketch: Sendable {
  package var index: Int
  package var text: TextPlace
}

/// A memory as a body has it.
package struct MemorySketch: Sendable {
  package var id: UUID
  package var text: TextPlace
  package var category: TextPlace
  package var userID: TextPlace?
  package var agentID: TextPlace?
  package var appID: TextPlace?
  package var runID: TextPlace?
  package var actor: TextPlace
  package var subject: TextPlace
  package var attribute: TextPlace?
  package var value: TextPlace?
  package var polarity: Polarity
  package var confidence: Double
  package var validFrom: Moment
  package var validTo: Moment?
  package var supersededBy: UUID?
  /// Which of the sketch's objects it is.
  package var metadata: Int?
  package var expiresAt: Timestamp?
  package var recipe: TextPlace
  package var isEdited: Bool
  package var recordedAt: Timestamp
  package var updatedAt: Timestamp
  /// Which of the sketch's sources are its own.
  package var sources: Range<Int>

  /// Whose it is, as `Scope.owner` tells.
  package var owner: (kind: Owner.Kind, id: TextPlace)? {
    if let userID { return (.user, userID) }
    if let agentID { return (.agent, agentID) }
    if let runID { return (.run, runID) }
    if let appID { return (.app, appID) }
    return nil
  }
}

/// What a body of `memories.resolved` says that brings memories and nothing else, as places in its bytes: nearly every
/// body is one, and to make values of all its texts costs more than to store them.
///
/// A class, as it goes from hand to hand.
package final class ResolvedSketch: Sendable {
  /// The body that was read.
  package let body: [UInt8]
  private let unescaped: [UInt8]
  package let input: InputSketch
  package let outcome: MemoriesResolved.Outcome
  /// The memories that it adds, in order.
  package let memories: [MemorySketch]
  /// The sources of all of them.
  package let sources: [SourceSketch]
  /// The metadata of all of them.
  package let objects: [[String: JSONValue]]
  /// The messages that they come from, and those beside them.
  package let messages: [MessageSketch]

  init(_ parts: SketchParts, input: InputSketch, outcome: MemoriesResolved.Outcome, body: [UInt8]) {
    self.body = body
    self.unescaped = parts.unescaped
    self.input = input
    self.outcome = outcome
    self.memories = parts.memories
    self.sources = parts.sources
    self.objects = parts.objects
    self.messages = parts.messages
  }

  /// Texts by their places, for as long as a call lasts.
  @safe package struct Texts: ~Copyable {
    private let body: UnsafeRawBufferPointer
    private let unescaped: UnsafeRawBufferPointer

    fileprivate init(body: UnsafeRawBufferPointer, unescaped: UnsafeRawBufferPointer) {
      unsafe self.body = body
      unsafe self.unescaped = unescaped
    }

    /// The UTF-8 of the text at `place`, valid while the call lasts.
    package subscript(place: TextPlace) -> UnsafeRawBufferPointer {
      unsafe UnsafeRawBufferPointer(rebasing: place.bytes(of: body, or: unescaped))
    }
  }

  /// Calls `use` with the texts.
  package func withTexts<Value>(_ use: (borrowing Texts) throws -> Value) rethrows -> Value {
    try unsafe body.withUnsafeBytes { body in
      try unsafe unescaped.withUnsafeBytes { unescaped in
        try unsafe use(Texts(body: body, unescaped: unescaped))
      }
    }
  }

  /// The text at `place`.
  package func text(_ place: TextPlace) -> String {
    withTexts { texts in unsafe String(decoding: texts[place], as: UTF8.self) }
  }

  /// Whether a text may hold `byte`: one that stands in none of them does not.
  package func mayHold(_ byte: UInt8) -> Bool {
    func holds(_ bytes: [UInt8]) -> Bool {
      unsafe bytes.withUnsafeBytes { bytes in
        // Searched are the bytes of the array; an empty one may have no address.
        guard let start = bytes.baseAddress else { return false }
        let found = unsafe memchr(start, CInt(byte), bytes.count)
        return unsafe found != nil
      }
    }
    return holds(body) || holds(unescaped)
  }
}

/// A vector as a body has it.
package struct VectorSketch: Sendable {
  package var memoryID: UUID
  package var textDigest: TextDigest
  /// Its bytes among those of all vectors.
  package var bytes: Range<Int>

  package init(memoryID: UUID, textDigest: TextDigest, bytes: Range<Int>) {
    self.memoryID = memoryID
    self.textDigest = textDigest
    self.bytes = bytes
  }
}

/// What a body of `memories.embedded` says, with all its vectors in one piece of memory.
package struct EmbeddedSketch: Sendable {
  package var space: String
  package var dimension: Int
  package var backend: String
  package var vectors: [VectorSketch]
  package var bytes: [UInt8]

  package init(space: String, dimension: Int, backend: String, vectors: [VectorSketch], bytes: [UInt8]) {
    self.space = space
    self.dimension = dimension
    self.backend = backend
    self.vectors = vectors
    self.bytes = bytes
  }
}
