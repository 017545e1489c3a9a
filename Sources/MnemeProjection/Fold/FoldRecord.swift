import EventLog
import FoundationEssentials
import MnemeCore

/// A record of a followed topic, read as far as folding needs it.
///
/// A class, as it goes from hand to hand: a copy of all that a body holds would be counted part by part.
final class FoldRecord: Sendable {
  /// What a record says.
  enum Content: Sendable {
    /// An input's outcome; with the body's bytes as they are kept.
    case resolved(MemoriesResolved, bytes: [UInt8])
    /// Vectors.
    case embedded([VectorEntry])
    /// Nothing that can be folded.
    case unreadable(UnreadableRecord)
  }

  /// One memory's vector, checked.
  struct VectorEntry: Sendable {
    let memoryID: UUID
    /// SHA-256 of the text.
    let textHash: Data
    let vector: Data
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
