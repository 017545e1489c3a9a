public import FoundationEssentials

/// A memory that may go into a prompt.
public struct ContextItem: Hashable, Sendable {
  /// What it is put with.
  public enum Group: Hashable, Sendable {
    /// Messages as they were said.
    case messages
    /// Facts of a category.
    case facts(category: String)
  }

  /// The memory's id.
  public var id: UUID
  /// Its words.
  public var text: String
  /// How well it answers the question, 0…1.
  public var score: Double
  /// What it is put with.
  public var group: Group
  /// Who said it, where that is not part of its words.
  public var speaker: String?
  /// Whom it is about.
  public var subject: String
  /// From when it holds; of a message, when it was said.
  public var from: Timestamp
  /// Until when it held; nil while it holds.
  public var until: Timestamp?
  /// Whether it holds no longer.
  public var isPast: Bool
  /// The memory that took its place.
  public var supersededBy: UUID?

  /// An item with all its parts.
  public init(
    id: UUID, text: String, score: Double, group: Group, speaker: String? = nil, subject: String, from: Timestamp,
    until: Timestamp? = nil, isPast: Bool = false, supersededBy: UUID? = nil
  ) {
    self.id = id
    self.text = text
    self.score = score
    self.group = group
    self.speaker = speaker
    self.subject = subject
    self.from = from
    self.until = until
    self.isPast = isPast
    self.supersededBy = supersededBy
  }

  /// A memory as it stands at `now`. A message as it was said stands in the first person, so its speaker is named; a
  /// fact says itself whom it is about.
  public init(_ memory: Memory, score: Double, now: Timestamp) {
    let isMessage = memory.recipe == Memory.verbatimRecipe && !memory.isEdited
    self.init(
      id: memory.id, text: memory.text, score: score,
      group: isMessage ? .messages : .facts(category: memory.category), speaker: isMessage ? memory.actor : nil,
      subject: isMessage ? memory.actor : memory.subject, from: memory.validFrom.at, until: memory.validTo?.at,
      isPast: memory.supersededBy != nil || memory.validTo.map { $0.at <= now } ?? false,
      supersededBy: memory.supersededBy)
  }

  /// What stands before the words: `2023-05-07`, `2023-05-07 until 2024-01-02, past`, and who said it.
  var label: String {
    var label = from.day.description
    if let until { label += " until \(until.day)" }
    if isPast { label += ", past" }
    if let speaker { label += " " + ContextLine.name(speaker) }
    return label
  }
}

/// How lines of a context are written.
enum ContextLine {
  /// Characters of a name, at most: names come from publishers.
  static let maxNameLength = 64

  /// A line, as `[3] 2023-05-07 Caroline: I went to the lake`.
  static func text(_ citation: Int, _ item: ContextItem, _ excerpt: String) -> String {
    "[\(citation)] \(item.label): \(excerpt)"
  }

  /// The line above a group.
  static func heading(_ group: ContextItem.Group) -> String {
    switch group {
    case .messages: return "Messages:"
    case .facts(Category.misc): return "Other:"
    case .facts(let category):
      let words = name(category.replacing("_", with: " "))
      return words.prefix(1).uppercased() + words.dropFirst() + ":"
    }
  }

  /// A name on one line, without what would look like the end of it.
  static func name(_ name: String) -> String {
    let words = name.split { $0.isWhitespace || $0.isNewline || "[]:".contains($0) || isControl($0) }
    return String(words.joined(separator: " ").prefix(maxNameLength))
  }

  private static func isControl(_ character: Character) -> Bool {
    character.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }
}
