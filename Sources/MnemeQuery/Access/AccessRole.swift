/// What a caller may do, each including those before it.
public enum AccessRole: Int, Sendable, Comparable, CaseIterable, Codable, CustomStringConvertible {
  /// Health and metrics, which hold no user data.
  case anyone
  /// Reads memories.
  case reader
  /// Adds, changes and deletes memories.
  case writer
  /// Manages the tenant.
  case admin

  /// Fewer rights, or more.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// Its name, as key files and commands have it.
  public var description: String {
    switch self {
    case .anyone: "anyone"
    case .reader: "reader"
    case .writer: "writer"
    case .admin: "admin"
    }
  }

  /// The role of that name; nil where there is none.
  public init?(_ name: String) {
    guard let role = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = role
  }

  /// Reads a role's name.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let role = AccessRole(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no role has this name")
    }
    self = role
  }

  /// Writes its name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
