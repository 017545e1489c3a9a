/// What the rules need to know of a word by itself. A word may have several traits: `may` is a month and a modal verb.
struct WordTraits: OptionSet, Hashable, Sendable {
  let rawValue: UInt64

  private static func bit(_ index: Int) -> WordTraits { WordTraits(rawValue: 1 << UInt64(index)) }

  // Grammar.
  static let firstPerson = bit(0)
  static let secondPerson = bit(1)
  static let thirdPerson = bit(2)
  static let function = bit(3)
  static let adverb = bit(4)
  static let auxiliary = bit(5)
  static let negator = bit(6)
  static let unreal = bit(7)
  static let future = bit(8)
  static let questionWord = bit(9)
  static let conjunction = bit(10)
  static let preposition = bit(11)
  static let determiner = bit(12)
  static let pastVerb = bit(13)
  static let number = bit(14)
  static let abbreviation = bit(15)

  // Conversation.
  static let interjection = bit(16)
  static let chat = bit(17)
  static let command = bit(18)
  static let hedge = bit(19)
  static let label = bit(20)
  static let storyNoun = bit(21)
  static let storyPerson = bit(22)

  // Time.
  static let month = bit(23)
  static let weekday = bit(24)
  static let timeUnit = bit(25)
  static let season = bit(26)
  static let timeWord = bit(27)

  // The world.
  static let relation = bit(28)
  static let animal = bit(29)
  static let occupation = bit(30)
  static let diet = bit(31)
  static let vehicle = bit(32)
  static let color = bit(33)
  static let language = bit(34)
  static let nationality = bit(35)
  static let device = bit(36)
  static let illness = bit(37)
  static let sport = bit(38)
  static let pastime = bit(39)
  static let status = bit(40)
  static let vehicleNoun = bit(41)
  /// Adjectives of people that are written like names.
  static let belief = bit(42)

  // Categories of plain statements, one bit for each of `Category.all` from here on.
  static let firstCategoryBit = 44
  static func category(_ index: Int) -> WordTraits { bit(firstCategoryBit + index) }
}
