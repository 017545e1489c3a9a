import MnemeCore

/// What a pattern tells when it matches.
struct SlotRule: Sendable {
  /// How the tense of the verb bears on the slot.
  enum Aspect: Sendable {
    /// A state: in the past tense it is over ("I lived in Rome").
    case state
    /// A change: in the past tense its result holds ("I moved to Rome").
    case change
    /// It is over, whatever the tense ("after years as a nurse").
    case ended
  }

  /// Fills the slot from what the pattern captured. `home`, or a choice by the noun, such as `favorite`.
  var attribute: String
  var aspect = Aspect.state
  var polarity = Polarity.positive
  /// Holds only where the verb is denied: "I cannot stand it".
  var needsDenial = false
  /// Holds also of things wished for: plans and goals.
  var allowsUnreal = false
  /// The slot that the pattern's noun fills besides: "a nurse at {@org}".
  var nounAttribute: String?
  /// Whether that slot ends: "switched from {@np} to …".
  var endsNoun = false
  /// Holds of nobody but the speaker.
  var isOfSpeakerOnly = false
  /// Given where the pattern captures no value: "I got married".
  var value: String?

  /// Stands for the slot that holds the pattern's noun so far: "it's Porto, not Lisbon".
  static let correction = "correction"

  static func state(_ attribute: String, _ value: String? = nil) -> SlotRule {
    SlotRule(attribute: attribute, value: value)
  }

  /// A job and, as the pattern's noun, the employer.
  static let jobAndEmployer = SlotRule(attribute: "job", nounAttribute: "employer")

  /// A new value in place of the pattern's noun.
  static func replacement(_ attribute: String) -> SlotRule {
    SlotRule(attribute: attribute, aspect: .change, nounAttribute: attribute, endsNoun: true)
  }

  static func change(_ attribute: String, _ value: String? = nil) -> SlotRule {
    SlotRule(attribute: attribute, aspect: .change, value: value)
  }

  static func ended(_ attribute: String) -> SlotRule { SlotRule(attribute: attribute, aspect: .ended) }

  static func denial(_ attribute: String, _ value: String? = nil) -> SlotRule {
    SlotRule(attribute: attribute, aspect: .change, polarity: .negative, value: value)
  }

  static func wish(_ attribute: String) -> SlotRule {
    SlotRule(attribute: attribute, aspect: .change, allowsUnreal: true)
  }

  static func whenDenied(_ attribute: String) -> SlotRule {
    SlotRule(attribute: attribute, needsDenial: true, allowsUnreal: true)
  }

  /// "I'm Alex": of nobody else, "my father is Christian".
  static let introduction = SlotRule(attribute: "name", isOfSpeakerOnly: true)
}

/// The slot that a noun in a pattern stands for.
enum SlotNouns {
  /// The slot of one's favourite such thing.
  static func favorite(_ noun: String) -> String {
    for (attribute, nouns) in favorites where nouns.contains(noun) { return attribute }
    return "favorite_other"
  }

  private static let favorites: [(String, Set<String>)] = [
    ("favorite_color", ["color", "colour", "colors", "colours"]),
    ("favorite_food", ["food", "foods", "dish", "meal", "cuisine", "snack", "dessert", "cuisines"]),
    ("favorite_drink", ["drink", "beverage", "cocktail", "beer", "wine", "tea"]),
    ("favorite_book", ["book", "novel", "books"]),
    ("favorite_movie", ["movie", "film", "movies"]),
    ("favorite_music", ["music", "band", "song", "singer", "artist", "genre"]),
    ("favorite_sport", ["sport", "sports"]),
  ]

  /// The owner's slot for a person in that relation.
  static func person(_ relation: String) -> String {
    let relation = relation.split(separator: " ").last.map(String.init) ?? relation
    if partners.contains(relation) { return "partner" }
    if children.contains(relation) { return "child" }
    return friends.contains(relation) ? "friend" : "relative"
  }

  private static let partners: Set<String> = [
    "wife", "husband", "spouse", "partner", "girlfriend", "boyfriend", "fiance", "fiancee", "fiancé", "fiancée",
  ]
  private static let children: Set<String> = ["son", "daughter", "kid", "child", "baby", "kids", "children"]
  private static let friends: Set<String> = [
    "friend", "bestie", "buddy", "roommate", "flatmate", "housemate", "neighbor", "neighbour", "colleague", "coworker",
    "boss", "manager", "mentor", "teacher", "coach", "doctor", "therapist",
  ]
}
