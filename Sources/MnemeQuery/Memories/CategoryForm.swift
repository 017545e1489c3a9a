import MnemeCore

/// Categories of a project or a turn, as mem0's clients give them: a list of names, and of objects that give names
/// their descriptions.
enum CategoryForm {
  /// The categories that `value` lists, in its order; those of one object by name.
  /// - Throws: `RequestFailure` that names the element which is none, has a name twice, or is beyond a bound.
  static func categories(_ value: JSONValue, _ path: String) throws -> [CustomCategory] {
    let shape = "a list of at most \(CustomCategory.maxCount) names, or of objects {\"name\": \"description\"}"
    guard let list = value.arrayValue, list.count <= CustomCategory.maxCount else {
      throw RequestFailure.invalid("\(path) must be \(shape)")
    }
    var check = CustomCategory.Check(list: path)
    var categories: [CustomCategory] = []
    for (index, element) in list.enumerated() {
      let place = "\(path)[\(index)]"
      guard let found = self.categories(of: element) else {
        throw RequestFailure.invalid("\(place) is not as in \(shape)")
      }
      for category in found {
        if let violation = check.violation(of: category, at: place) { throw RequestFailure.invalid(violation) }
      }
      categories += found
    }
    guard categories.count <= CustomCategory.maxCount else {
      throw RequestFailure.invalid("\(path) has more than \(CustomCategory.maxCount) names")
    }
    return categories
  }

  private static func categories(of element: JSONValue) -> [CustomCategory]? {
    switch element {
    case .string(let name): return [CustomCategory(name)]
    case .object(let pairs):
      let categories = pairs.sorted { $0.key < $1.key }.compactMap { name, description in
        description.stringValue.map { CustomCategory(name, $0.isEmpty ? nil : $0) }
      }
      return categories.count == pairs.count && !pairs.isEmpty ? categories : nil
    case .null, .bool, .int, .double, .array: return nil
    }
  }
}
