import FoundationEssentials

/// What a JSON Schema says a value is, as far as documents are filled by it.
enum SchemaType: Equatable {
  case string, integer, number, boolean, array, object
  /// Whatever it is.
  case any

  /// The type that `schema` names; of several, the first that is not null. One with properties is an object.
  init(_ schema: JSONValue) {
    let names = schema["type"].map { $0.arrayValue ?? [$0] } ?? []
    switch names.first(where: { $0 != "null" })?.stringValue {
    case "string": self = .string
    case "integer": self = .integer
    case "number": self = .number
    case "boolean": self = .boolean
    case "array": self = .array
    case "object": self = .object
    default: self = schema["properties"] == nil ? .any : .object
    }
  }

  /// `value` as one of `type`, and one of `allowed` where only those are; nil where it is none.
  static func coerce(_ value: JSONValue, to type: SchemaType, allowed: [JSONValue]?) -> JSONValue? {
    let fit: JSONValue? =
      switch type {
      case .any: value
      case .string: text(value).map(JSONValue.string)
      case .integer: number(value).flatMap { Int64(exactly: $0) }.map(JSONValue.int)
      case .number: if case .int = value { value } else { number(value).map(JSONValue.double) }
      case .boolean: boolean(value)
      case .array: value.arrayValue.map(JSONValue.array)
      case .object: value.objectValue.map(JSONValue.object)
      }
    guard let fit, let allowed else { return fit }
    if allowed.contains(fit) { return fit }
    guard let text = fit.stringValue?.lowercased() else { return nil }
    return allowed.first { $0.stringValue?.lowercased() == text }
  }

  private static func text(_ value: JSONValue) -> String? {
    switch value {
    case .string(let text): text
    case .int(let number): String(number)
    case .double(let number): String(number)
    case .bool(let flag): String(flag)
    case .null, .array, .object: nil
    }
  }

  /// A number, or a text that holds one number and no other: "34 years".
  private static func number(_ value: JSONValue) -> Double? {
    switch value {
    case .int(let number): return Double(number)
    case .double(let number): return number
    case .string(let text):
      let digits = text.split(whereSeparator: { !($0.isASCII && ($0.isNumber || $0 == "." || $0 == "-")) })
        .filter { $0.contains(where: \.isNumber) }.map { $0.last == "." ? $0.dropLast() : $0 }
      guard digits.count == 1, let number = Double(digits[0]), number.isFinite else { return nil }
      return number
    case .null, .bool, .array, .object: return nil
    }
  }

  private static func boolean(_ value: JSONValue) -> JSONValue? {
    switch value {
    case .bool: value
    case .string(let text):
      switch text.lowercased() {
      case "true", "yes": true
      case "false", "no": false
      default: nil
      }
    case .null, .int, .double, .array, .object: nil
    }
  }
}

/// How a property may be called that memories fill.
enum SchemaNames {
  /// Other words for a slot.
  private static let slots: [String: String] = [
    "full_name": "name", "first_name": "name", "city": "home", "location": "home", "residence": "home",
    "occupation": "job", "profession": "job", "job_title": "job", "company": "employer", "organization": "employer",
    "spouse": "partner", "children": "child", "kids": "child", "interests": "likes", "birth_date": "birthday",
    "date_of_birth": "birthday",
  ]

  /// What `name` may stand for, itself first.
  static func all(of name: String) -> [String] {
    let name = snakeCase(name)
    var names = [name]
    let short = name.hasPrefix("user_") && name != "user_id" ? String(name.dropFirst("user_".count)) : name
    for form in [short, singular(short), short + "s"] where !names.contains(form) { names.append(form) }
    for form in names { if let slot = slots[form], !names.contains(slot) { names.append(slot) } }
    return names
  }

  private static func singular(_ name: String) -> String {
    if name.hasSuffix("ies") { return name.dropLast(3) + "y" }
    return name.hasSuffix("s") && !name.hasSuffix("ss") ? String(name.dropLast()) : name
  }

  /// `firstName`, `First Name` and `first-name` as `first_name`.
  static func snakeCase(_ name: String) -> String {
    var result = ""
    var before: Character?
    for character in name {
      if character.isUppercase, let last = before, last.isLowercase || last.isNumber { result.append("_") }
      result += character.isLetter || character.isNumber ? character.lowercased() : "_"
      before = character
    }
    return result
  }
}
