import EventLog
import FoundationEssentials
import MnemeCore

/// A record of a followed topic, read as far as folding needs it.
struct FoldRecord: Sendable {
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

/// Reads records of the followed topics.
struct FoldRecordReader: Sendable {
  let configuration: ProjectionConfiguration
  let codec: EventRecordCodec

  /// Reads `record`; what cannot be read is content too.
  func read(_ record: LogRecord) -> FoldRecord {
    var owner: OwnerKey?
    var at = Timestamp(milliseconds: record.appendedAtMilliseconds)
    let content: FoldRecord.Content
    do {
      let (event, type) = try Upcasting.lift(try codec.decode(record))
      owner = event.owner
      at = event.time
      content = try self.content(of: event, type, on: record.position.topicPartition.topic)
    } catch let error as UnreadableRecord {
      content = .unreadable(error)
    } catch let error as EventDecodingError {
      content = .unreadable(UnreadableRecord(code: error.code.rawValue, description: error.description))
    } catch {
      content = .unreadable(UnreadableRecord(code: "malformed_envelope", description: "it cannot be opened"))
    }
    // Both count also where the body cannot be read: who waits for a record must not wait for ever.
    return FoldRecord(
      position: record.position, owner: owner, at: at, content: content,
      space: record.header(EventAttribute.header(EventAttribute.space)), memoriesNext: memoriesNext(record))
  }

  private func memoriesNext(_ record: LogRecord) -> Int64? {
    guard let text = record.header(EventAttribute.header(EventAttribute.memoriesNext)), let next = Int64(text),
      next >= 0
    else { return nil }
    // A space may have the vectors of several generations.
    let generation = record.header(EventAttribute.header(EventAttribute.generation))
    return generation == nil || generation == configuration.generation ? next : nil
  }

  private func content(of event: CloudEvent, _ type: EventType, on topic: String) throws -> FoldRecord.Content {
    switch type {
    case .memoriesResolved where topic == Topics.memories(generation: configuration.generation):
      let body = try EventBodyCoding.decode(MemoriesResolved.self, from: event.data)
      return .resolved(body, bytes: event.data)
    case .memoriesEmbedded where topic == Topics.vectors(space: configuration.space):
      return .embedded(try entries(try EventBodyCoding.decode(MemoriesEmbedded.self, from: event.data)))
    default:
      throw UnreadableRecord.misplaced(type)
    }
  }

  private func entries(_ body: MemoriesEmbedded) throws -> [FoldRecord.VectorEntry] {
    guard body.space == configuration.space, body.dimension == configuration.dimension else {
      throw UnreadableRecord.foreignSpace
    }
    return try body.entries.map { entry in
      guard entry.vector.count == configuration.dimension * 4, let components = VectorCoding.decode(entry.vector),
        components.allSatisfy(\.isFinite), let hash = TextHash.bytes(hexadecimal: entry.textHash)
      else { throw UnreadableRecord.malformedVector }
      return FoldRecord.VectorEntry(memoryID: entry.memoryID, textHash: hash, vector: entry.vector)
    }
  }
}
