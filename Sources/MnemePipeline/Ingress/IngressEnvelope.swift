import EventLog
import MnemeCore

/// The CloudEvents attributes of a record of an outside publisher: `ce_…` headers, and defaults where a missing one
/// does no harm.
struct IngressEnvelope: Sendable, Equatable {
  /// Most characters of an attribute.
  static let maxAttributeLength = 256
  /// Whose a record is that names no tenant.
  static let defaultTenant = "default"
  /// Who made a record that does not tell.
  static let defaultSource = "/mneme/ingress"

  /// The publisher's idempotency key.
  let id: String
  /// The event's type, known or not.
  let type: String
  /// Who made it.
  let source: String
  /// When it was made, or else appended.
  let time: Timestamp
  /// Whose it is; holds no `/`.
  let tenant: String

  /// Reads the headers of `record`; `now` is the time of a record that has none of its own.
  /// - Throws: `IngressRefusal`.
  init(_ record: LogRecord, now: Timestamp) throws {
    let attributes = try Attributes(record)
    if let version = try attributes.text("ce_specversion"), version != "1.0" {
      throw IngressRefusal(.malformedEnvelope, "header ce_specversion is not 1.0")
    }
    self.id = try attributes.required("ce_id")
    self.type = try attributes.required("ce_type")
    self.source = try attributes.text("ce_source") ?? Self.defaultSource
    self.tenant = try attributes.text("ce_tenant") ?? Self.defaultTenant
    guard !self.tenant.utf8.contains(UInt8(ascii: "/")) else {
      throw IngressRefusal(.malformedEnvelope, "header ce_tenant holds a '/', which no tenant's name does")
    }
    self.time = try attributes.text("ce_time").map(Self.time) ?? Self.arrival(of: record) ?? now
  }

  private static func time(_ text: String) throws -> Timestamp {
    guard let time = Timestamp(text), Timestamp.range.contains(time) else {
      throw IngressRefusal(.malformedEnvelope, "header ce_time is no RFC 3339 time")
    }
    return time
  }

  /// When the record was appended; nil where the log does not know, or where its time cannot be written as RFC 3339.
  static func arrival(of record: LogRecord) -> Timestamp? {
    let time = Timestamp(milliseconds: record.appendedAtMilliseconds)
    return time.milliseconds > 0 && Timestamp.range.contains(time) ? time : nil
  }
}

/// The headers that ingress heeds. All others may hold anything.
private struct Attributes {
  private static let names: Set<String> = [
    "ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_tenant", EventRecordCodec.keyIDHeader,
  ]

  private let values: [String: [UInt8]]

  /// - Throws: `IngressRefusal` where the headers could be understood in two ways.
  init(_ record: LogRecord) throws {
    var values: [String: [UInt8]] = [:]
    for header in record.headers {
      let name = Self.canonical(header.name)
      if Self.names.contains(name) {
        // Taken for missing, a misspelt ce_tenant would put one customer's data among another's.
        guard header.name == name else {
          throw IngressRefusal(.malformedEnvelope, "a header is spelt otherwise than \(name); spell it so")
        }
        guard values[name] == nil || values[name] == header.value else {
          throw IngressRefusal(.malformedEnvelope, "header \(name) stands twice with different values")
        }
        values[name] = header.value
      } else if name == "content_type", header.value.starts(with: Array("application/cloudevents".utf8)) {
        throw IngressRefusal(
          .malformedEnvelope, "the record is in CloudEvents' structured mode; send attributes as ce_ headers")
      }
    }
    guard values[EventRecordCodec.keyIDHeader] == nil else {
      throw IngressRefusal(
        .malformedEnvelope,
        "header \(EventRecordCodec.keyIDHeader) is Mneme's own; bodies on \(Topics.ingress) are not sealed")
    }
    self.values = values
  }

  /// In lower case, with `_` for `-`, as HTTP spells headers otherwise than Kafka.
  private static func canonical(_ name: String) -> String {
    String(decoding: name.lowercased().utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
  }

  /// The value of header `name`; nil where it is missing.
  func text(_ name: String) throws -> String? {
    guard let bytes = self.values[name] else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw IngressRefusal(.malformedEnvelope, "header \(name) is not UTF-8")
    }
    if let violation = IngressText.violation(text, maxLength: IngressEnvelope.maxAttributeLength) {
      throw IngressRefusal(.malformedEnvelope, "header \(name) \(violation)")
    }
    return text
  }

  /// The value of header `name`, which must be there.
  func required(_ name: String) throws -> String {
    guard let text = try self.text(name) else {
      throw IngressRefusal(.malformedEnvelope, "header \(name) is missing")
    }
    return text
  }
}

/// What names and ids may be, as for HTTP.
enum IngressText {
  /// Why `text` is no name of at most `maxLength` characters; nil where it is one.
  static func violation(_ text: String, maxLength: Int) -> String? {
    if text.isEmpty { return "is empty" }
    if text.utf8.count > maxLength, text.count > maxLength { return "has more than \(maxLength) characters" }
    if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      return "holds a control character"
    }
    return nil
  }
}
