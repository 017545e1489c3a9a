/// Why bytes are not JSON as this service reads it. Its text holds none of them.
struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  let reason: String
  /// Where, counted from 0.
  let offset: Int
  /// The same bytes stay wrong: never.
  var isRetriable: Bool { false }

  var description: String { "\(self.reason) at byte \(self.offset)" }
}
