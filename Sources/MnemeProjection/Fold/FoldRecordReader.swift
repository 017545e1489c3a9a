import EventLog
import FoundationEssentials
import MnemeCore

/// Reads records of the followed topics.
struct FoldRecordReader: Sendable {
  let configuration: ProjectionConfiguration
  let codec: EventRecordCodec
  private let memoriesTopic: String
  private let vectorsTopic: String

  init(configuration: ProjectionConfiguration, codec: EventRecordCodec) {
    self.configuration = configuration
    self.codec = codec
    self.memoriesTopic = configuration.memoriesTopic
    self.vectorsTopic = configuration.vectorsTopic
  }

  /// Reads `record`; what cannot be read is content too.
  func read(_ record: LogRecord) -> FoldRecord {
    let envelope = FoldEnvelope(record)
    var owner: OwnerKey?
    var at = Timestamp(milliseconds: record.appendedAtMilliseconds)
    let content: FoldRecord.Content
    do {
      if let opened = envelope.opened {
        owner = opened.owner
        at = opened.time
        content = try self.content(of: record.value, opened.type, on: record.position.topicPartition.topic)
      } else {
        let (event, type) = try Upcasting.lift(try codec.decode(record))
        owner = event.owner
        at = event.time
        content = try self.content(of: event.data, type, on: record.position.topicPartition.topic)
      }
    } catch let error as UnreadableRecord {
      content = .unreadable(error)
    } catch let error as EventDecodingError {
      content = .unreadable(UnreadableRecord(code: error.code.rawValue, description: error.description))
    } catch {
      content = .unreadable(UnreadableRecord(code: "malformed_envelope", description: "it cannot be opened"))
    }
    // Both count also where the body cannot be read: who waits for a record must not wait for ever.
    return FoldRecord(
      position: record.position, owner: owner, at: at, content: content, space: envelope.space,
      memoriesNext: envelope.memoriesNext(generation: configuration.generation))
  }

  private func content(of body: [UInt8], _ type: EventType, on topic: String) throws -> FoldRecord.Content {
    switch type {
    case .memoriesResolved where topic == memoriesTopic:
      return .resolved(try EventBodyReader.resolved(body), bytes: body)
    case .memoriesEmbedded where topic == vectorsTopic:
      return .embedded(try entries(try EventBodyReader.embedded(body)))
    default:
      throw UnreadableRecord.misplaced(type)
    }
  }

  private func entries(_ body: MemoriesEmbedded) throws -> [FoldRecord.VectorEntry] {
    guard body.space == configuration.space, body.dimension == configuration.dimension else {
      throw UnreadableRecord.foreignSpace
    }
    return try body.entries.map { entry in
      guard entry.vector.count == configuration.dimension * 4, Self.isFinite(entry.vector),
        let hash = TextHash.bytes(hexadecimal: entry.textHash)
      else { throw UnreadableRecord.malformedVector }
      return FoldRecord.VectorEntry(memoryID: entry.memoryID, textHash: hash, vector: entry.vector)
    }
  }

  /// Whether all components are numbers: an exponent of ones is infinity, or none.
  private static func isFinite(_ vector: Data) -> Bool {
    unsafe vector.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
      var isFinite = true
      for index in stride(from: 0, to: bytes.count, by: 4) {
        let bits = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        if bits & 0x7f80_0000 == 0x7f80_0000 { isFinite = false }
      }
      return isFinite
    }
  }
}

/// A record's headers, read in one go.
private struct FoldEnvelope {
  /// What `EventRecordCodec` and `Upcasting` find; nil where they have to be asked.
  var opened: (owner: OwnerKey, time: Timestamp, type: EventType)?
  /// The first value of each header that counts.
  private(set) var space: String?
  private var next: [UInt8]?
  private var generation: [UInt8]?

  /// Types that are read as they are.
  private static let types: [(name: [UInt8], type: EventType)] = [EventType.memoriesResolved, .memoriesEmbedded]
    .filter { type in !Upcasting.steps.contains { $0.from == type.rawValue } }
    .map { (Array($0.rawValue.utf8), $0) }
  private static let version = Array("1.0".utf8)

  init(_ record: LogRecord) {
    var standard: (version: [UInt8]?, id: [UInt8]?, type: [UInt8]?, source: [UInt8]?, time: [UInt8]?)
    var spaceBytes: [UInt8]?
    var isSealed = false
    for header in record.headers {
      switch header.name {
      case "ce_specversion": standard.version = standard.version ?? header.value
      case "ce_id": standard.id = standard.id ?? header.value
      case "ce_type": standard.type = standard.type ?? header.value
      case "ce_source": standard.source = standard.source ?? header.value
      case "ce_time": standard.time = standard.time ?? header.value
      case "ce_space": spaceBytes = spaceBytes ?? header.value
      case "ce_memoriesnext": next = next ?? header.value
      case "ce_generation": generation = generation ?? header.value
      case EventRecordCodec.keyIDHeader: isSealed = true
      case _: continue
      }
    }
    space = spaceBytes.flatMap { String(validating: $0, as: UTF8.self) }
    guard !isSealed, standard.version == Self.version, Self.isText(standard.id), Self.isText(standard.source),
      let type = Self.types.first(where: { $0.name == standard.type })?.type,
      let time = standard.time.flatMap({ String(validating: $0, as: UTF8.self) }).flatMap({ Timestamp($0) }),
      let owner = record.key.flatMap({ String(validating: $0, as: UTF8.self) }).flatMap({ OwnerKey($0) })
    else { return }
    opened = (owner, time, type)
  }

  /// Whether it is ASCII and not empty; anything else is looked at more closely elsewhere.
  private static func isText(_ bytes: [UInt8]?) -> Bool {
    guard let bytes, !bytes.isEmpty else { return false }
    return bytes.allSatisfy { $0 < 0x80 }
  }

  /// The mark on a vectors record, where it is of memories of `generation`.
  func memoriesNext(generation wanted: String) -> Int64? {
    guard let next, let text = String(validating: next, as: UTF8.self), let value = Int64(text), value >= 0 else {
      return nil
    }
    // A space may have the vectors of several generations.
    return generation == nil || generation == Array(wanted.utf8) ? value : nil
  }
}
