/// An instant: milliseconds since 1970-01-01T00:00:00Z. Its text is RFC 3339 in UTC with three decimals.
public struct Timestamp: Hashable, Sendable, Comparable {
  /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
  public var milliseconds: Int64

  /// The instant so many milliseconds after 1970-01-01T00:00:00Z.
  public init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// Midnight, UTC, of a day of the proleptic Gregorian calendar, plus a time of day.
  public init(_ day: CivilDay, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0) {
    let seconds = Int64(day.number) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    self.milliseconds = seconds * 1000 + Int64(millisecond)
  }

  /// The day, in UTC.
  public var day: CivilDay { CivilDay(number: Int(floorDivide(milliseconds, 86_400_000))) }

  /// Earlier or later.
  public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

  /// Instants that have four-digit years; others are refused when read.
  public static let range =
    Timestamp(
      CivilDay(year: 1, month: 1, day: 1))...Timestamp(
      CivilDay(year: 9999, month: 12, day: 31), hour: 23, minute: 59, second: 59, millisecond: 999)
}

func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
  let quotient = value / divisor
  return value % divisor < 0 ? quotient - 1 : quotient
}

extension Timestamp: CustomStringConvertible, LosslessStringConvertible {
  /// RFC 3339, UTC: `2026-11-21T06:23:40.000Z`.
  public var description: String {
    let day = self.day
    let inDay = Int(milliseconds - Int64(day.number) * 86_400_000)
    var text = day.description
    text += "T"
    text += padded(inDay / 3_600_000, 2) + ":" + padded(inDay / 60_000 % 60, 2) + ":"
    text += padded(inDay / 1000 % 60, 2) + "." + padded(inDay % 1000, 3) + "Z"
    return text
  }

  /// Reads RFC 3339 with any offset and any number of decimals, a bare date (midnight, UTC), or a date and time
  /// without an offset (UTC); nil where it is anything else.
  public init?(_ text: String) {
    var scanner = DigitScanner(text)
    guard let year = scanner.number(digits: 4), scanner.skip("-"), let month = scanner.number(digits: 2),
      scanner.skip("-"), let dayOfMonth = scanner.number(digits: 2),
      let day = CivilDay(validYear: year, month: month, day: dayOfMonth)
    else { return nil }
    if scanner.isAtEnd {
      self.init(day)
      return
    }
    guard scanner.skip("T") || scanner.skip("t") || scanner.skip(" "),
      let hour = scanner.number(digits: 2), hour < 24, scanner.skip(":"),
      let minute = scanner.number(digits: 2), minute < 60
    else { return nil }
    var second = 0
    var millisecond = 0
    if scanner.skip(":") {
      guard let value = scanner.number(digits: 2), value <= 60 else { return nil }
      second = min(value, 59)
      if scanner.skip(".") {
        guard let value = scanner.fraction(digits: 3) else { return nil }
        millisecond = value
      }
    }
    guard let offsetMinutes = scanner.zoneOffsetMinutes(), scanner.isAtEnd else { return nil }
    self.init(day, hour: hour, minute: minute, second: second, millisecond: millisecond)
    self.milliseconds -= Int64(offsetMinutes) * 60_000
  }
}

extension Timestamp: Codable {
  /// Reads RFC 3339.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = Timestamp(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time")
    }
    self = value
  }

  /// Writes RFC 3339.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(self.description)
  }
}

func padded(_ value: Int, _ width: Int) -> String {
  let digits = String(value)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Reads fixed-width numbers from ASCII text.
struct DigitScanner {
  private let bytes: [UInt8]
  private var index = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { index == bytes.count }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  mutating func number(digits: Int) -> Int? {
    guard index + digits <= bytes.count else { return nil }
    var value = 0
    for byte in bytes[index..<index + digits] {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    index += digits
    return value
  }

  /// At least one decimal; those beyond `digits` are cut off.
  mutating func fraction(digits: Int) -> Int? {
    var value = 0
    var count = 0
    while let digit = number(digits: 1) {
      if count < digits { value = value * 10 + digit }
      count += 1
    }
    guard count > 0 else { return nil }
    for _ in 0..<max(0, digits - count) { value *= 10 }
    return value
  }

  /// `Z`, `±hh:mm`, `±hhmm`, or nothing, which is UTC.
  mutating func zoneOffsetMinutes() -> Int? {
    if isAtEnd || skip("Z") || skip("z") { return 0 }
    let sign = skip("+") ? 1 : skip("-") ? -1 : 0
    guard sign != 0, let hours = number(digits: 2), hours < 24 else { return nil }
    _ = skip(":")
    guard let minutes = number(digits: 2), minutes < 60 else { return nil }
    return sign * (hours * 60 + minutes)
  }
}
