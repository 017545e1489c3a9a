import Foundation
import MnemeCore

@testable import MnemeQuery

/// As much of JSON Schema as the API's document uses. It knows no other keyword, and says so.
struct SchemaChecker {
  /// Whether a member that an object's schema does not name is a mistake: in answers, nothing is undocumented.
  var isStrict = false
  private let components = OpenAPIDocument.json["components"]?["schemas"]

  private static let known: Set<String> = [
    "$ref", "anyOf", "type", "enum", "properties", "required", "additionalProperties", "minProperties", "items",
    "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "format", "description",
    "examples", "deprecated",
  ]

  init(isStrict: Bool = false) { self.isStrict = isStrict }

  /// What is wrong with `value` by `schema`; empty where nothing is.
  func problems(_ value: JSONValue, by schema: JSONValue, at place: String) -> [String] {
    var problems: [String] = []
    let unknown = Set((schema.objectValue ?? [:]).keys).subtracting(Self.known)
    if !unknown.isEmpty { problems.append("\(place): the checker does not know \(unknown.sorted())") }
    if let reference = schema["$ref"]?.stringValue {
      guard let target = components?[String(reference.split(separator: "/").last ?? "")] else {
        return ["\(place): \(reference) is nowhere"]
      }
      return self.problems(value, by: target, at: place)
    }
    if let shapes = schema["anyOf"]?.arrayValue {
      let tried = shapes.map { self.problems(value, by: $0, at: place) }
      if tried.allSatisfy({ !$0.isEmpty }) {
        problems.append("\(place) has none of \(shapes.count) shapes: \(tried.min { $0.count < $1.count } ?? [])")
      }
    }
    if let words = schema["enum"]?.arrayValue, !words.contains(value) {
      problems.append("\(place) is none of the words")
    }
    if let types = schema["type"].map({ $0.arrayValue ?? [$0] }),
      !types.contains(where: { Self.fits(value, $0.stringValue ?? "") })
    {
      return problems + ["\(place) is no \(types)"]
    }
    switch value {
    case .null, .bool: break
    case .int(let number): problems += bounds(Double(number), schema, "minimum", "maximum", place)
    case .double(let number): problems += bounds(number, schema, "minimum", "maximum", place)
    case .string(let text): problems += self.text(text, schema, place)
    case .array(let elements):
      problems += bounds(Double(elements.count), schema, "minItems", "maxItems", place)
      guard let items = schema["items"] else { break }
      for (index, element) in elements.enumerated() {
        problems += self.problems(element, by: items, at: "\(place)[\(index)]")
      }
    case .object(let object): problems += members(object, schema, place)
    }
    return problems
  }

  private func members(_ object: [String: JSONValue], _ schema: JSONValue, _ place: String) -> [String] {
    var problems = bounds(Double(object.count), schema, "minProperties", "maxProperties", place)
    for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [] where object[name] == nil {
      problems.append("\(place) lacks \(name)")
    }
    let properties = schema["properties"]?.objectValue
    let others = schema["additionalProperties"] ?? (isStrict && properties != nil ? false : true)
    for (name, member) in object {
      if let inner = properties?[name] {
        problems += self.problems(member, by: inner, at: "\(place).\(name)")
      } else if others == false {
        problems.append("\(place).\(name) is not in the schema")
      } else if others != true {
        problems += self.problems(member, by: others, at: "\(place).\(name)")
      }
    }
    return problems
  }

  private func text(_ text: String, _ schema: JSONValue, _ place: String) -> [String] {
    var problems = bounds(Double(text.unicodeScalars.count), schema, "minLength", "maxLength", place)
    if let pattern = schema["pattern"]?.stringValue {
      let range = NSRange(text.startIndex..., in: text)
      if (try? NSRegularExpression(pattern: pattern))?.firstMatch(in: text, range: range) == nil {
        problems.append("\(place) does not match \(pattern)")
      }
    }
    switch schema["format"]?.stringValue {
    case "uuid": if UUID(uuidString: text) == nil { problems.append("\(place) is no UUID") }
    case "date-time", "date": if Timestamp(text) == nil { problems.append("\(place) is no time") }
    case nil: break
    case let format?: problems.append("\(place): the checker does not know the format \(format)")
    }
    return problems
  }

  private func bounds(
    _ number: Double, _ schema: JSONValue, _ least: String, _ most: String, _ place: String
  ) -> [String] {
    var problems: [String] = []
    if let bound = Self.number(schema[least]), number < bound { problems.append("\(place): \(number) < \(least)") }
    if let bound = Self.number(schema[most]), number > bound { problems.append("\(place): \(number) > \(most)") }
    return problems
  }

  private static func number(_ value: JSONValue?) -> Double? {
    switch value {
    case .int(let number): Double(number)
    case .double(let number): number
    case nil, .null, .bool, .string, .array, .object: nil
    }
  }

  private static func fits(_ value: JSONValue, _ type: String) -> Bool {
    switch (type, value) {
    case ("string", .string), ("boolean", .bool), ("integer", .int), ("number", .int), ("number", .double),
      ("array", .array), ("object", .object), ("null", .null):
      true
    default: false
    }
  }
}
