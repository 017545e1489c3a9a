public import MnemeCore

/// The text of an API key: `mnm_ID_SECRET`. The id finds its record, the secret proves that it is the key.
///
/// The secret has 256 bits of the system's random generator. Nobody guesses it, so a plain SHA-256 of the key is all
/// that is kept of it: slow hashes protect what people choose, and would cost each request what they cost a thief.
public struct APIKey: Sendable {
  /// What tells it from others: 12 of `a–z 2–7`. No secret.
  public let id: String
  /// All of it. It is shown once, and never stored.
  public let text: String

  private static let prefix = "mnm"
  private static let idLength = 12
  /// 52 digits of 5 bits hold 256.
  private static let secretLength = 52
  private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")

  /// A new key.
  /// - Parameter generator: Must be cryptographically secure, as the system's is.
  public static func make(using generator: inout some RandomNumberGenerator) -> APIKey {
    func digits(_ count: Int) -> String {
      String((0..<count).map { _ in alphabet[Int(generator.next() >> 59)] })
    }
    let id = digits(idLength)
    return APIKey(id: id, text: "\(prefix)_\(id)_\(digits(secretLength))")
  }

  /// As much of a key's text as may be shown.
  static func shown(id: String) -> String { "\(prefix)_\(id)" }

  private init(id: String, text: String) {
    self.id = id
    self.text = text
  }

  /// The key that `text` may be; nil where it has another form.
  public init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
    guard text.utf8.count == Self.prefix.utf8.count + Self.idLength + Self.secretLength + 2, parts.count == 3,
      parts[0].elementsEqual(Self.prefix.utf8), parts[1].count == Self.idLength
    else { return nil }
    self.init(id: String(decoding: parts[1], as: UTF8.self), text: text)
  }

  /// What is stored of it: SHA-256 of its text, in hexadecimal.
  public var hash: String { Derivation.sha256(text) }
}

/// What is known of a key, as the key file has it: its hash, what it is good for, and until when.
public struct APIKeyRecord: Codable, Hashable, Sendable {
  /// What tells it from others.
  public var id: String
  /// `APIKey.hash`.
  public var hash: String
  /// What it is for, in its owner's words.
  public var label: String
  /// The customer.
  public var tenant: String
  /// The customer's project.
  public var project: String
  /// What it may do: `reader`, `writer` or `admin`.
  public var role: AccessRole
  /// Whose memories, as `kind:id`; nil for everybody's of the project.
  public var owners: [String]?
  /// Requests per second; nil for the server's limit.
  public var rateLimit: Int?
  /// When it was made.
  public var createdAt: Timestamp
  /// From when on it is refused; nil for never.
  public var expiresAt: Timestamp?
  /// When it was revoked; nil where it is good.
  public var revokedAt: Timestamp?

  enum CodingKeys: String, CodingKey {
    case id, hash, label, tenant, project, role, owners
    case rateLimit = "rate_limit"
    case createdAt = "created_at"
    case expiresAt = "expires_at"
    case revokedAt = "revoked_at"
  }

  /// A record with all its parts.
  public init(
    id: String, hash: String, label: String, tenant: String, project: String, role: AccessRole, owners: [String]?,
    rateLimit: Int?, createdAt: Timestamp, expiresAt: Timestamp?, revokedAt: Timestamp? = nil
  ) {
    self.id = id
    self.hash = hash
    self.label = label
    self.tenant = tenant
    self.project = project
    self.role = role
    self.owners = owners
    self.rateLimit = rateLimit
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.revokedAt = revokedAt
  }

  /// Why nobody may be let in by it, whatever they show; nil where it is sound.
  public var violation: String? {
    guard Principal.isName(tenant) else { return "its tenant is no name" }
    guard Principal.isName(project) else { return "its project is no name" }
    guard role > .anyone else { return "its role lets nobody do anything" }
    guard (owners ?? []).allSatisfy({ Owner($0) != nil }) else { return "an owner is not of the form kind:id" }
    guard owners?.isEmpty != true else { return "its list of owners is empty" }
    guard rateLimit ?? 1 > 0 else { return "its rate limit is not above zero" }
    return nil
  }

  /// Whether it lets anybody in at `now`.
  public func isGood(at now: Timestamp) -> Bool {
    revokedAt == nil && expiresAt.map { now < $0 } ?? true && violation == nil
  }
}

extension Owner {
  /// Reads `kind:id`, e.g. `user:alice`; nil where it is anything else.
  public init?(_ text: String) {
    guard let key = OwnerKey("t/\(text)") else { return nil }
    self = key.owner
  }
}
