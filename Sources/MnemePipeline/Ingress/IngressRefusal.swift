import EventLog
import MnemeCore

/// Why a record of an outside publisher is not taken in. Its text names attributes and members, never their values.
struct IngressRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// Most characters of the text, as member names are the publisher's.
  static let maxDescriptionLength = 500

  /// The kind of failure, in words that scripts may rely on: a code of `EventDecodingError`, or `record_too_large`.
  let code: String
  /// What is wrong, and where; no control characters.
  let description: String
  /// Bytes do not change: never.
  var isRetriable: Bool { false }

  /// A refusal of kind `code`.
  init(_ code: EventDecodingError.Code, _ description: String) {
    self.init(code: code.rawValue, description)
  }

  /// What a decoder refused.
  init(_ error: EventDecodingError) {
    self.init(error.code, error.description)
  }

  /// A refusal because of its size.
  static func tooLarge(_ description: String) -> IngressRefusal {
    IngressRefusal(code: EventLogError.Code.recordTooLarge.rawValue, description)
  }

  private init(code: String, _ description: String) {
    self.code = code
    var text = String.UnicodeScalarView()
    // A terminal shows this text: a member's name must not steer it.
    for scalar in description.prefix(Self.maxDescriptionLength).unicodeScalars {
      text.append(scalar.properties.generalCategory == .control ? "\u{fffd}" : scalar)
    }
    self.description = String(text)
  }
}
