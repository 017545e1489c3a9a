public import MnemeCore

/// Keys by id.
public struct KeyRing: Sendable {
  /// Keys, in the order in which they were made.
  public private(set) var records: [APIKeyRecord]
  private let indices: [String: Int]

  /// A ring of `records`; of two with one id, the first counts.
  public init(_ records: [APIKeyRecord] = []) {
    self.records = records
    self.indices = Dictionary(records.indices.map { (records[$0].id, $0) }) { first, _ in first }
  }

  /// The record with that id; nil where there is none.
  public subscript(id: String) -> APIKeyRecord? { indices[id].map { records[$0] } }

  /// Whom the key lets in at `now`; nil for nobody.
  public func principal(_ key: APIKey, at now: Timestamp) -> Principal? {
    // What is compared takes as long for a stranger's key as for one that is known.
    let record = self[key.id]
    let isKey = Self.isEqual(key.hash, record?.hash ?? Self.nobody)
    guard isKey, let record, record.isGood(at: now) else { return nil }
    return Principal(
      tenant: record.tenant, project: record.project, role: record.role,
      owners: record.owners.map { Set($0.compactMap { Owner($0) }) }, keyID: record.id, rateLimit: record.rateLimit)
  }

  /// No key has this hash.
  private static let nobody = String(repeating: "-", count: 64)

  /// Whether two texts are equal; of equal lengths, it takes as long wherever they differ.
  static func isEqual(_ left: String, _ right: String) -> Bool {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
