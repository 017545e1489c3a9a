/// Whether a fact says that something is so, or that it is not (any longer).
public enum Polarity: String, Sendable, Codable, CaseIterable {
  case positive, negative
}

/// A statement that an extractor found, in the form that resolution can compare. A storage format.
public struct FactCandidate: Hashable, Sendable, Codable {
  /// The statement, self-contained: it names its speaker or subject and carries resolved dates.
  public var text: String
  /// One of `Category`'s names.
  public var category: String
  /// Whom it is about: `user` for the owner, else a name or `assistant`, as the text has it.
  public var subject: String
  /// One of `Attribute`'s names; nil for a statement that fills no slot.
  public var attribute: String?
  /// The slot's value, in its shortest form, e.g. `Berlin`; nil without a slot.
  public var value: String?
  /// Whether it says so or denies it.
  public var polarity: Polarity
  /// From when it holds, where the text says so.
  public var validFrom: Timestamp?
  /// Until when it held or will hold, where the text says so.
  public var validTo: Timestamp?
  /// How sure the extractor is, 0…1.
  public var confidence: Double
  /// Index of the message in its turn.
  public var messageIndex: Int
  /// The words of that message from which the fact was read.
  public var quote: String
  /// Who said it: the message's speaker name, else its role.
  public var actor: String

  enum CodingKeys: String, CodingKey {
    case text, category, subject, attribute, value, polarity, confidence, quote, actor
    case validFrom = "valid_from"
    case validTo = "valid_to"
    case messageIndex = "message_index"
  }

  /// A candidate with all its parts.
  public init(
    text: String, category: String = Category.misc, subject: String = "user", attribute: String? = nil,
    value: String? = nil, polarity: Polarity = .positive, validFrom: Timestamp? = nil, validTo: Timestamp? = nil,
    confidence: Double = 0.5, messageIndex: Int, quote: String, actor: String
  ) {
    self.text = text
    self.category = category
    self.subject = subject
    self.attribute = attribute
    self.value = value
    self.polarity = polarity
    self.validFrom = validFrom
    self.validTo = validTo
    self.confidence = confidence
    self.messageIndex = messageIndex
    self.quote = quote
    self.actor = actor
  }
}

/// What a memory is about, broadly: mem0's default categories.
public enum Category {
  /// The category of whatever fits no other.
  public static let misc = "misc"
  /// All names.
  public static let all = [
    "personal_details", "family", "professional_details", "sports", "travel", "food", "music", "health", "technology",
    "hobbies", "fashion", "entertainment", "milestones", "user_preferences", misc,
  ]
}

/// A slot that facts fill, and how many values it holds at a time.
public struct Attribute: Hashable, Sendable {
  /// Name, as prompts and records use it.
  public var name: String
  /// Whether a new value replaces the old one.
  public var isSingleValued: Bool
  /// The category of a fact that fills it.
  public var category: String

  private init(_ name: String, single: Bool, _ category: String) {
    self.name = name
    self.isSingleValued = single
    self.category = category
  }

  /// Every slot. A name is a storage format: never rename one, add another.
  public static let all: [Attribute] = [
    Attribute("name", single: true, "personal_details"),
    Attribute("nickname", single: true, "personal_details"),
    Attribute("age", single: true, "personal_details"),
    Attribute("birthday", single: true, "personal_details"),
    Attribute("pronouns", single: true, "personal_details"),
    Attribute("nationality", single: true, "personal_details"),
    Attribute("home", single: true, "personal_details"),
    Attribute("hometown", single: true, "personal_details"),
    Attribute("timezone", single: true, "personal_details"),
    Attribute("phone", single: true, "personal_details"),
    Attribute("email", single: true, "personal_details"),
    Attribute("language", single: false, "personal_details"),
    Attribute("job", single: true, "professional_details"),
    Attribute("employer", single: true, "professional_details"),
    Attribute("studies", single: true, "professional_details"),
    Attribute("relationship_status", single: true, "family"),
    Attribute("partner", single: true, "family"),
    Attribute("child", single: false, "family"),
    Attribute("relative", single: false, "family"),
    Attribute("friend", single: false, "family"),
    Attribute("pet", single: false, "family"),
    Attribute("allergy", single: false, "health"),
    Attribute("condition", single: false, "health"),
    Attribute("medication", single: false, "health"),
    Attribute("habit", single: false, "health"),
    Attribute("diet", single: true, "food"),
    Attribute("tool", single: false, "technology"),
    Attribute("device", single: false, "technology"),
    Attribute("vehicle", single: true, "misc"),
    Attribute("likes", single: false, "user_preferences"),
    Attribute("dislikes", single: false, "user_preferences"),
    Attribute("favorite_color", single: true, "user_preferences"),
    Attribute("favorite_food", single: true, "user_preferences"),
    Attribute("favorite_drink", single: true, "user_preferences"),
    Attribute("favorite_book", single: true, "user_preferences"),
    Attribute("favorite_movie", single: true, "user_preferences"),
    Attribute("favorite_music", single: true, "user_preferences"),
    Attribute("favorite_sport", single: true, "user_preferences"),
    Attribute("favorite_other", single: false, "user_preferences"),
    Attribute("reply_style", single: true, "user_preferences"),
    Attribute("hobby", single: false, "hobbies"),
    Attribute("skill", single: false, "professional_details"),
    Attribute("plan", single: false, "milestones"),
    Attribute("goal", single: false, "milestones"),
    Attribute("event", single: false, "milestones"),
  ]

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The slot of that name; nil where there is none.
  public static func named(_ name: String) -> Attribute? { byName[name] }
}
