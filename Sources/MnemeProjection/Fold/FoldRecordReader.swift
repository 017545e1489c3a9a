import EventLog
import MnemeCore

/// Reads records of the followed topics.
struct FoldRecordReader: Sendable {
  let configuration: ProjectionConfiguration
  let codec: EventRecordCodec
  private let memoriesTopic: String
  private let vectorsTopic: String
  private let space: [UInt8]
  private let generation: [UInt8]

  init(configuration: ProjectionConfiguration, codec: EventRecordCodec) {
    self.configuration = configuration
    self.codec = codec
    self.memoriesTopic = configuration.memoriesTopic
    self.vectorsTopic = configuration.vectorsTopic
    self.space = Array(configuration.space.utf8)
    self.generation = Array(configuration.generation.utf8)
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
      position: record.position, owner: owner, at: at, content: content,
      space: envelope.hasSpace(space) ? configuration.space : envelope.space,
      memoriesNext: envelope.memoriesNext(generation: generation))
  }

  private func content(of body: [UInt8], _ type: EventType, on topic: String) throws -> FoldRecord.Content {
    switch type {
    case .memoriesResolved where topic == memoriesTopic:
      if let sketch = EventBodyReader.sketch(body), StoredText.isSame(sketch) { return .added(sketch) }
      return .resolved(try EventBodyReader.resolved(body), bytes: body)
    case .memoriesEmbedded where topic == vectorsTopic:
      let sketch = try EventBodyReader.embeddedSketch(body) ?? Self.sketch(EventBodyReader.embedded(body))
      try check(sketch)
      return .embedded(sketch)
    default:
      throw UnreadableRecord.misplaced(type)
    }
  }

  /// A body in an unusual form.
  private static func sketch(_ body: MemoriesEmbedded) throws -> EmbeddedSketch {
    var sketch = EmbeddedSketch(
      space: body.space, dimension: body.dimension, backend: body.backend, vectors: [], bytes: [])
    for entry in body.entries {
      guard let digest = TextDigest(hexadecimal: entry.textHash.utf8) else { throw UnreadableRecord.malformedVector }
      let start = sketch.bytes.count
      sketch.bytes += entry.vector
      sketch.vectors.append(
        VectorSketch(memoryID: entry.memoryID, textDigest: digest, bytes: start..<sketch.bytes.count))
    }
    return sketch
  }

  private func check(_ sketch: EmbeddedSketch) throws {
    guard sketch.space == configuration.space, sketch.dimension == configuration.dimension else {
      throw UnreadableRecord.foreignSpace
    }
    guard sketch.vectors.allSatisfy({ $0.bytes.count == configuration.dimension * 4 }), Self.isFinite(sketch.bytes)
    else { throw UnreadableRecord.malformedVector }
  }

  /// Whether all components are numbers: an exponent of ones is infinity, or none.
  private static func isFinite(_ components: [UInt8]) -> Bool {
    unsafe components.withUnsafeBytes { bytes in
      let exponents: UInt32 = 0x7f80_0000
      var greatest: UInt32 = 0
      var index = 0
      while index < bytes.count {
        let bits = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        greatest = max(greatest, bits & exponents)
        index += 4
      }
      return greatest < exponents
    }
  }
}

/// A record's headers, read in one go.
private struct FoldEnvelope {
  /// What `EventRecordCodec` and `Upcasting` find; nil where they have to be asked.
  var opened: (owner: OwnerKey, time: Timestamp, type: EventType)?
  /// The first value of each header that counts, as its place.
  private var spacePlace: Range<Int>?
  private var next: Range<Int>?
  private var generation: Range<Int>?
  private let headers: [UInt8]

  /// Types that are read as they are.
  private static let types: [(name: [UInt8], type: EventType)] = [EventType.memoriesResolved, .memoriesEmbedded]
    .filter { type in !Upcasting.steps.contains { $0.from == type.rawValue } }
    .map { (Array($0.rawValue.utf8), $0) }
  private static let version = Array("1.0".utf8)

  private enum Name {
    static let id = Array("ce_id".utf8)
    static let type = Array("ce_type".utf8)
    static let time = Array("ce_time".utf8)
    static let space = Array("ce_space".utf8)
    static let source = Array("ce_source".utf8)
    static let generation = Array("ce_generation".utf8)
    static let version = Array("ce_specversion".utf8)
    static let next = Array("ce_memoriesnext".utf8)
    static let keyID = Array(EventRecordCodec.keyIDHeader.utf8)
  }

  init(_ record: LogRecord) {
    headers = record.headers.bytes
    var standard: (version: Range<Int>?, id: Range<Int>?, type: Range<Int>?, source: Range<Int>?, time: Range<Int>?)
    var isSealed = false
    record.headers.forEachPlace { name, value in
      // Lengths tell most names apart.
      switch name.count {
      case 5 where has(Name.id, at: name): standard.id = standard.id ?? value
      case 7 where has(Name.type, at: name): standard.type = standard.type ?? value
      case 7 where has(Name.time, at: name): standard.time = standard.time ?? value
      case 8 where has(Name.space, at: name): spacePlace = spacePlace ?? value
      case 9 where has(Name.source, at: name): standard.source = standard.source ?? value
      case 13 where has(Name.generation, at: name): generation = generation ?? value
      case 14 where has(Name.version, at: name): standard.version = standard.version ?? value
      case 15 where has(Name.next, at: name): next = next ?? value
      case Name.keyID.count where has(Name.keyID, at: name): isSealed = true
      case _: break
      }
    }
    guard !isSealed, let version = standard.version, has(Self.version, at: version), isText(standard.id),
      isText(standard.source), let typePlace = standard.type,
      let type = Self.types.first(where: { has($0.name, at: typePlace) })?.type, let time = time(at: standard.time),
      let owner = record.key.flatMap({ String(validating: $0, as: UTF8.self) }).flatMap({ OwnerKey($0) })
    else { return }
    opened = (owner, time, type)
  }

  private func has(_ text: [UInt8], at place: Range<Int>) -> Bool { headers[place].elementsEqual(text) }

  /// Whether it is ASCII and not empty; anything else is looked at more closely elsewhere.
  private func isText(_ place: Range<Int>?) -> Bool {
    guard let place, !place.isEmpty else { return false }
    return headers[place].allSatisfy { $0 < 0x80 }
  }

  private func time(at place: Range<Int>?) -> Timestamp? {
    guard let place else { return nil }
    return Timestamp(canonical: headers[place])
      ?? String(validating: headers[place], as: UTF8.self).flatMap { Timestamp($0) }
  }

  /// The space whose vectors came with a memories record.
  var space: String? { spacePlace.flatMap { String(validating: headers[$0], as: UTF8.self) } }

  /// Whether it is that one.
  func hasSpace(_ space: [UInt8]) -> Bool { spacePlace.map { has(space, at: $0) } ?? false }

  /// The mark on a vectors record, where it is of memories of `generation`.
  func memoriesNext(generation wanted: [UInt8]) -> Int64? {
    guard let next, let text = String(validating: headers[next], as: UTF8.self), let value = Int64(text), value >= 0
    else { return nil }
    // A space may have the vectors of several generations.
    return generation.map { has(wanted, at: $0) } ?? true ? value : nil
  }
}
