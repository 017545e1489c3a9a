/// Why a Kafka fixture cannot do what a test asked: what happened, to what, and what to do next.
public struct KafkaFixtureError: Error, CustomStringConvertible {
  /// The whole message, for the person who reads the test's output.
  public let description: String
  /// True where the same call may well succeed when made again.
  public let isRetriable: Bool

  init(_ description: String, isRetriable: Bool = false) {
    self.description = description
    self.isRetriable = isRetriable
  }

  /// What a system call said, by the name of the call.
  static func system(_ call: String, code: Int32) -> KafkaFixtureError {
    KafkaFixtureError("\(call) failed with error number \(code): see errno(3)", isRetriable: true)
  }
}
