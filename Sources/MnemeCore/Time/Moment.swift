/// An instant, and whether somebody stated it or it is merely when the turn arrived.
///
/// Two runs over the same turns agree on what was stated, not on when it arrived: the content digest reads `stated`
/// moments only.
public struct Moment: Hashable, Sendable {
  /// Where an instant comes from.
  public enum Basis: String, Sendable {
    /// The publisher's timestamp, or a date in the text.
    case stated
    /// The clock of the door where the turn came in.
    case received
  }

  /// The instant.
  public var at: Timestamp
  /// Where it comes from.
  public var basis: Basis

  /// An instant of the given basis.
  public init(_ at: Timestamp, _ basis: Basis) {
    self.at = at
    self.basis = basis
  }

  /// What of it belongs into a content digest.
  public var digestText: String { basis == .stated ? at.description : "received" }
}

extension Moment: Codable {
  private enum CodingKeys: String, CodingKey { case received }

  /// Reads an RFC 3339 text as stated, `{"received": text}` as received.
  public init(from decoder: any Decoder) throws {
    if let at = try? decoder.singleValueContainer().decode(Timestamp.self) {
      self.init(at, .stated)
    } else {
      self.init(try decoder.container(keyedBy: CodingKeys.self).decode(Timestamp.self, forKey: .received), .received)
    }
  }

  /// Writes what `init(from:)` reads.
  public func encode(to encoder: any Encoder) throws {
    switch basis {
    case .stated:
      var container = encoder.singleValueContainer()
      try container.encode(at)
    case .received:
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(at, forKey: .received)
    }
  }
}
