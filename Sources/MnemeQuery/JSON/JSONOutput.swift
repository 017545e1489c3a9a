import MnemeCore

/// JSON on its way out. Answers hold hundreds of members, and putting them into dictionaries takes longer than writing
/// them.
enum JSONOutput: Sendable {
  case value(JSONValue)
  case array([JSONOutput])
  case object(JSONMembers)

  static var null: JSONOutput { .value(.null) }
  static func bool(_ value: Bool) -> JSONOutput { .value(.bool(value)) }
  static func int(_ value: Int64) -> JSONOutput { .value(.int(value)) }
  static func double(_ value: Double) -> JSONOutput { .value(.double(value)) }
  static func string(_ value: String) -> JSONOutput { .value(.string(value)) }
}

/// The members of an object on its way out, in any order.
struct JSONMembers: Sendable {
  /// Each name once.
  private(set) var members: [(name: String, value: JSONOutput)] = []

  /// No members, and room for `minimumCapacity`.
  init(minimumCapacity: Int = 0) { self.members.reserveCapacity(minimumCapacity) }

  /// Adds a member whose name is not among them.
  mutating func add(_ name: String, _ value: JSONOutput) {
    assert(!self.members.contains { $0.name == name }, "a member stands once")
    self.members.append((name, value))
  }

  /// Those that `isWanted` lets through.
  func filter(_ isWanted: (String) -> Bool) -> JSONMembers {
    var kept = JSONMembers()
    kept.members = self.members.filter { isWanted($0.name) }
    return kept
  }
}

extension JSONMembers: ExpressibleByDictionaryLiteral {
  /// These members.
  init(dictionaryLiteral elements: (String, JSONOutput)...) {
    self.init(minimumCapacity: elements.count)
    for (name, value) in elements { self.add(name, value) }
  }
}
