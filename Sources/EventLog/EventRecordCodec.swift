public import MnemeCore

/// Seals bodies with a key per owner, so that destroying the key erases what was said. Without one, bodies are stored
/// as they are.
public protocol PayloadSealer: Sendable {
  /// The sealed body, and the id of the data key that opens it; nil for a body that stays open.
  func seal(_ body: [UInt8], owner: OwnerKey) throws -> (body: [UInt8], keyID: String)?
  /// The body that was sealed with data key `keyID`; nil where that key is gone.
  func open(_ body: [UInt8], keyID: String, owner: OwnerKey) throws -> [UInt8]?
}

/// Stores bodies as they are.
public struct OpenPayloads: PayloadSealer {
  /// The only one.
  public init() {}
  /// Leaves every body open.
  public func seal(_ body: [UInt8], owner: OwnerKey) -> (body: [UInt8], keyID: String)? { nil }
  /// Opens nothing, as it has no keys.
  public func open(_ body: [UInt8], keyID: String, owner: OwnerKey) -> [UInt8]? { nil }
}

/// CloudEvents in Kafka's binary mode: attributes are `ce_…` headers, the body is the value, the owner is the key.
public struct EventRecordCodec: Sendable {
  /// Header that names the data key of a sealed body.
  public static let keyIDHeader = "ce_datakeyid"
  /// Media type of an open body.
  public static let contentType = "application/json"

  private let sealer: any PayloadSealer

  /// A codec that seals with `sealer`.
  public init(sealer: any PayloadSealer = OpenPayloads()) {
    self.sealer = sealer
  }

  /// The record of `event` for `topic`.
  public func encode(_ event: CloudEvent, topic: String, partition: Int? = nil) throws -> NewRecord {
    var headers = [
      LogHeader("ce_specversion", "1.0"),
      LogHeader("ce_id", event.id),
      LogHeader("ce_type", event.type),
      LogHeader("ce_source", event.source),
      LogHeader("ce_time", event.time.description),
      LogHeader("content-type", Self.contentType),
    ]
    for (name, value) in event.extensions.sorted(by: { $0.key < $1.key }) {
      headers.append(LogHeader("ce_\(name)", value))
    }
    var body = event.data
    if let sealed = try sealer.seal(body, owner: event.owner) {
      body = sealed.body
      headers.append(LogHeader(Self.keyIDHeader, sealed.keyID))
    }
    return NewRecord(topic: topic, key: event.owner.bytes, value: body, headers: headers, partition: partition)
  }

  /// The event of `record`.
  /// - Throws: `EventDecodingError`.
  public func decode(_ record: LogRecord) throws -> CloudEvent {
    guard let key = record.key, let text = String(validating: key, as: UTF8.self), let owner = OwnerKey(text) else {
      throw EventDecodingError(.malformedKey, "the key is not tenant/kind:id")
    }
    func attribute(_ name: String) throws -> String {
      guard let value = record.header("ce_\(name)"), !value.isEmpty else {
        throw EventDecodingError(.malformedEnvelope, "header ce_\(name) is missing, empty or not UTF-8")
      }
      return value
    }
    guard try attribute("specversion") == "1.0" else {
      throw EventDecodingError(.malformedEnvelope, "header ce_specversion is not 1.0")
    }
    guard let time = Timestamp(try attribute("time")) else {
      throw EventDecodingError(.malformedEnvelope, "header ce_time is no RFC 3339 time")
    }
    return CloudEvent(
      id: try attribute("id"), type: try attribute("type"), source: try attribute("source"), time: time, owner: owner,
      data: try open(record, owner: owner), extensions: Self.extensions(of: record))
  }

  private func open(_ record: LogRecord, owner: OwnerKey) throws -> [UInt8] {
    guard let keyID = record.header(Self.keyIDHeader) else { return record.value }
    guard let body = try sealer.open(record.value, keyID: keyID, owner: owner) else {
      throw EventDecodingError(.sealed, "the body is sealed with a data key that is not here")
    }
    return body
  }

  private static let standardHeaders: Set<String> = [
    "ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", keyIDHeader,
  ]

  private static func extensions(of record: LogRecord) -> [String: String] {
    var result: [String: String] = [:]
    for header in record.headers where header.name.hasPrefix("ce_") && !standardHeaders.contains(header.name) {
      guard let value = String(validating: header.value, as: UTF8.self) else { continue }
      result[String(header.name.dropFirst(3))] = value
    }
    return result
  }
}
