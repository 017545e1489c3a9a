import CCurl

/// The `Retry-After` header (RFC 9110, 10.2.3).
public enum RetryAfter {
  /// Longest delay believed; a longer one counts as this.
  public static let maxDelay: Duration = .seconds(24 * 60 * 60)

  /// How long the value asks to wait; nil where it is neither a number of seconds nor an HTTP date.
  /// A date in the past is no delay. Fractions of a second, which some providers send, count.
  /// - Parameters:
  ///   - value: The header's value.
  ///   - unixSeconds: The current time, in seconds since 1970-01-01T00:00:00Z.
  public static func delay(_ value: String, unixSeconds: Int64) -> Duration? {
    let text = value.trimmingSpaces
    guard let first = text.utf8.first else { return nil }
    if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) {
      // Double accepts hexadecimal and exponents, which the header does not.
      guard text.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (48...57).contains($0) }) else { return nil }
      guard let seconds = Double(text) else { return nil }
      return clamp(seconds)
    }
    guard text.hasSuffix("GMT") || text.last?.isNumber == true else { return nil }
    // curl_getdate(3) reads all three formats that a recipient must accept; a format without zone is UTC to it.
    let date = Int64(curl_getdate(text, nil))
    guard date >= 0 else { return nil }
    return clamp(Double(date - unixSeconds))
  }

  private static func clamp(_ seconds: Double) -> Duration {
    min(max(.zero, .seconds(min(seconds, 1e9))), maxDelay)
  }
}

extension String {
  /// Without spaces and tabs at either end.
  var trimmingSpaces: String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    var rest = self[...].drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest.removeLast() }
    return String(rest)
  }
}
