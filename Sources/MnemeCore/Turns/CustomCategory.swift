/// A category of the publisher's own, which takes the place of the built-in ones. A storage format.
public struct CustomCategory: Hashable, Sendable, Codable {
  /// Categories of one turn, at most.
  public static let maxCount = 100
  /// Longest name, in characters.
  public static let maxNameLength = 256
  /// Longest description, in characters.
  public static let maxDescriptionLength = 1_000
  /// Names and descriptions of one turn together, in characters, at most: a model reads them with every turn.
  public static let maxTotalLength = 20_000

  /// What memories of it are filed under.
  public var name: String
  /// What belongs to it, in words.
  public var description: String?

  /// A category with all its parts.
  public init(_ name: String, _ description: String? = nil) {
    self.name = name
    self.description = description
  }

  /// Why `categories`, a list that is called `place`, are refused; nil where they are within the bounds.
  package static func violation(in categories: [CustomCategory], at place: String) -> String? {
    guard categories.count <= maxCount else { return "\(place) has more than \(maxCount) elements" }
    var check = Check(list: place)
    for (index, category) in categories.enumerated() {
      if let violation = check.violation(of: category, at: "\(place)[\(index)]") { return violation }
    }
    return nil
  }

  /// Looks at categories one after another.
  package struct Check {
    private let list: String
    private var names: Set<String> = []
    private var totalLength = 0

    /// Of a list that is called `list`.
    package init(list: String) { self.list = list }

    /// Why the next category, at `place`, is refused; nil where it is within the bounds. No text of it is repeated.
    package mutating func violation(of category: CustomCategory, at place: String) -> String? {
      let description = category.description ?? ""
      if category.name.allSatisfy(\.isWhitespace) { return "\(place) has no name" }
      if category.name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
        return "the name in \(place) holds a control character"
      }
      if StorableText.holdsNUL(description) { return "\(place) holds U+0000, which no text may; leave it out" }
      if category.name.count > maxNameLength { return "the name in \(place) has more than \(maxNameLength) characters" }
      if description.count > maxDescriptionLength {
        return "the description in \(place) has more than \(maxDescriptionLength) characters"
      }
      guard names.insert(category.name).inserted else { return "\(place) has the name of one before it" }
      totalLength += category.name.count + description.count
      guard totalLength <= maxTotalLength else { return "\(list) has more than \(maxTotalLength) characters in all" }
      return nil
    }
  }
}
