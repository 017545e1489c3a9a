import MnemeCore

/// Members of a JSON object by type. Null is the same as missing; a wrong type is refused by the member's name.
struct Members: Sendable {
  /// All members, as they stand there.
  let object: [String: JSONValue]
  private let place: String?

  /// The members of `object`, which is called `place` in errors; nil for the body.
  init(_ object: [String: JSONValue], of place: String?) {
    self.object = object
    self.place = place
  }

  /// Names of all members.
  var names: some Collection<String> { self.object.keys }
  /// Whether the member stands there and is null.
  func isNull(_ name: String) -> Bool { self.object[name] == .some(.null) }
  /// Whether the member stands there and is not null.
  func isSet(_ name: String) -> Bool { if case .some = self.any(name) { true } else { false } }
  /// How errors call member `name`.
  func path(_ name: String) -> String { self.place.map { "\($0).\(name)" } ?? name }
  /// What errors say of the object as a whole.
  func prefixed(_ text: String) -> String { self.place.map { "\($0): \(text)" } ?? text }

  /// Any value but null.
  func any(_ name: String) -> JSONValue? {
    // Not written as `nil` in an expression: that would be a JSON null, too.
    guard let value = self.object[name], value != .null else { return Optional<JSONValue>.none }
    return value
  }

  /// A text of at most `maxLength` characters, free of control characters where it `isName`.
  func string(_ name: String, maxLength: Int = .max, isName: Bool = false) throws -> String? {
    guard let value = self.any(name) else { return nil }
    guard let text = value.stringValue else { throw RequestFailure.invalid("\(self.path(name)) must be a string") }
    if text.utf8.count > maxLength, text.count > maxLength {
      throw RequestFailure.invalid("\(self.path(name)) has more than \(maxLength) characters")
    }
    if isName {
      guard !text.isEmpty else { throw RequestFailure.invalid("\(self.path(name)) is empty") }
      guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
        throw RequestFailure.invalid("\(self.path(name)) holds a control character")
      }
    }
    return text
  }

  /// An id: a text, or an integer, which is taken for its digits.
  func id(_ name: String) throws -> String? {
    guard case .int(let number)? = self.any(name) else { return try self.string(name) }
    return String(number)
  }

  /// True or false.
  func bool(_ name: String) throws -> Bool? {
    guard let value = self.any(name) else { return nil }
    guard case .bool(let flag) = value else { throw RequestFailure.invalid("\(self.path(name)) must be true or false") }
    return flag
  }

  /// An integer in `range`.
  func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = self.any(name) else { return nil }
    guard case .int(let number) = value, let integer = Int(exactly: number), range.contains(integer) else {
      throw RequestFailure.invalid(
        "\(self.path(name)) must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  /// A number in `range`.
  func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let value = self.any(name) else { return nil }
    let number: Double? =
      switch value {
      case .int(let integer): Double(integer)
      case .double(let number): number
      case .null, .bool, .string, .array, .object: nil
      }
    guard let number, range.contains(number) else {
      throw RequestFailure.invalid(
        "\(self.path(name)) must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// An object's members.
  func object(_ name: String) throws -> [String: JSONValue]? {
    guard let value = self.any(name) else { return nil }
    guard let object = value.objectValue else { throw RequestFailure.invalid("\(self.path(name)) must be an object") }
    return object
  }

  /// A list of texts.
  func strings(_ name: String) throws -> [String]? {
    guard let value = self.any(name) else { return nil }
    let texts = value.arrayValue?.compactMap(\.stringValue)
    guard let texts, texts.count == value.arrayValue?.count else {
      throw RequestFailure.invalid("\(self.path(name)) must be a list of strings")
    }
    return texts
  }

  /// An instant: RFC 3339, a date (midnight, UTC), or seconds since 1970.
  func time(_ name: String) throws -> Timestamp? {
    guard let value = self.any(name) else { return nil }
    let time: Timestamp? =
      switch value {
      case .string(let text): Timestamp(text)
      case .int(let seconds) where seconds.magnitude < 1 << 40: Timestamp(milliseconds: seconds * 1000)
      case .double(let seconds) where seconds.magnitude < Double(1 << 40):
        Timestamp(milliseconds: Int64((seconds * 1000).rounded(.down)))
      case .null, .bool, .int, .double, .array, .object: nil
      }
    guard let time, Timestamp.range.contains(time) else {
      throw RequestFailure.invalid("\(self.path(name)) must be an RFC 3339 time, a date, or seconds since 1970")
    }
    return time
  }
}
