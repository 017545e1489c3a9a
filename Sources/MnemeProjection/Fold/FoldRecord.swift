import EventLog
import MnemeCore

/// A record of a followed topic, read as far as folding needs it.
///
/// A class, as it goes from hand to hand: a copy of all that a body holds would be counted part by part.
final class FoldRecord: Sendable {
  /// What a record says.
  enum Content: Sendable {
    /// An input's outcome that brings new memories and nothing else, whose texts are stored as they stand there.
    case added(ResolvedSketch)
    /// Any other outcome; with the body's bytes as they are kept.
    case resolved(MemoriesResolved, bytes: [UInt8])
    /// Vectors, checked.
    case embedded(EmbeddedSketch)
    /// Nothing that can be folded.
    case unreadable(UnreadableRecord)
  }

  let position: LogPosition
  /// Whose it is; nil where that cannot be read.
  let owner: OwnerKey?
  let at: Timestamp
  let content: Content
  /// Of a memories record: the space whose vectors came with it; nil where that is not told.
  let space: String?
  /// Of a vectors record: vectors of all memories records below this offset have come; nil where that is not told.
  let memoriesNext: Int64?

  init(
    position: LogPosition, owner: OwnerKey?, at: Timestamp, content: Content, space: String?, memoriesNext: Int64?
  ) {
    self.position = position
    self.owner = owner
    self.at = at
    self.content = content
    self.space = space
    self.memoriesNext = memoriesNext
  }
}

extension FoldRecord {
  /// The id of the input whose outcome it is; nil for anything but an outcome.
  var inputID: String? {
    switch content {
    case .added(let sketch): sketch.text(sketch.input.id)
    case .resolved(let body, _): body.input.id
    case .embedded, .unreadable: nil
    }
  }

  /// Where that input stands in the turns topic.
  var inputPlace: (partition: Int, offset: Int64)? {
    switch content {
    case .added(let sketch): (sketch.input.partition, sketch.input.offset)
    case .resolved(let body, _): (body.input.partition, body.input.offset)
    case .embedded, .unreadable: nil
    }
  }

  /// Whether a vectors record goes with it.
  var bringsText: Bool {
    switch content {
    case .added(let sketch): !sketch.memories.isEmpty
    case .resolved(let body, _): body.events.contains { $0.bringsText }
    case .embedded, .unreadable: false
    }
  }
}

/// Why a record is not folded. Its text holds no user data.
struct UnreadableRecord: Error, Sendable, Equatable {
  /// `EventDecodingError.Code`, or one of those below.
  let code: String
  let description: String

  /// Whether that is no damage: what an erased owner left cannot be read, and is not missed.
  var isExpected: Bool { code == EventDecodingError.Code.sealed.rawValue }

  static func misplaced(_ type: EventType) -> Self {
    Self(code: "misplaced_type", description: "type \"\(type.rawValue)\" does not belong on this topic")
  }
  static let foreignSpace = Self(
    code: "foreign_space", description: "the vectors are of another embedding space or dimension")
  static let malformedVector = Self(
    code: "malformed_vector", description: "a vector has another length, or components that are no numbers")
}
