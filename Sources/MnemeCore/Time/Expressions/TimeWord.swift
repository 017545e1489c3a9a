/// A word or a mark of a text, as expressions of time are read from it.
package struct TimeWord: Sendable {
  /// First byte in the text.
  package var start: Int
  /// Byte after the last.
  package var end: Int
  /// The word's number in `TimeLexicon`; 0 for unknown words and for marks.
  package var word: TimeLexicon.WordID
  /// Whether it is written as names are, so that "may" and "march" may be months.
  package var isName: Bool
  /// Whether it begins with a digit.
  package var isNumeric: Bool
  /// The mark's ASCII byte; 0 for words.
  package var mark: UInt8

  /// A word or a mark with all its parts.
  package init(start: Int, end: Int, word: TimeLexicon.WordID, isName: Bool, isNumeric: Bool, mark: UInt8) {
    self.start = start
    self.end = end
    self.word = word
    self.isName = isName
    self.isNumeric = isNumeric
    self.mark = mark
  }
}

/// The words that expressions of time are made of: their numbers, and what they name.
package struct TimeLexicon: Sendable {
  /// The number of a word; 0 for every other word.
  package typealias WordID = UInt16

  /// What a word names by itself.
  struct Entry: Sendable {
    var month: Int?
    var weekday: Int?
    var season: Season?
    var unit: DateUnit?
    /// Whether it is a unit in the singular: "last week", not "last weeks".
    var isOneUnit = false
    var number: Int?
  }

  private var ids: [String: WordID] = [:]
  private var entries: [Entry] = [Entry()]

  /// A lexicon of the names of months, weekdays, seasons, units and numbers alone; rules add their words.
  init() {
    for (number, names) in Self.months.enumerated() { for name in names { change(name) { $0.month = number + 1 } } }
    for (number, names) in Self.weekdays.enumerated() { for name in names { change(name) { $0.weekday = number } } }
    for season in Season.allCases { change(season.rawValue) { $0.season = season } }
    change("fall") { $0.season = .autumn }
    for (word, unit) in DateUnit.words {
      change(word) { entry in
        entry.unit = unit
        entry.isOneUnit = !word.hasSuffix("s")
      }
    }
    for (word, number) in NumberWords.values { change(word) { $0.number = number } }
  }

  private static let months = [
    ["january", "jan"], ["february", "feb"], ["march", "mar"], ["april", "apr"], ["may"], ["june", "jun"],
    ["july", "jul"], ["august", "aug"], ["september", "sep", "sept"], ["october", "oct"], ["november", "nov"],
    ["december", "dec"],
  ]
  private static let weekdays = [
    ["monday", "mon"], ["tuesday", "tue", "tues"], ["wednesday", "wed"], ["thursday", "thu", "thur", "thurs"],
    ["friday", "fri"], ["saturday", "sat"], ["sunday", "sun"],
  ]

  /// Takes a lower-case word in and returns its number.
  mutating func add(_ word: String) -> WordID {
    if let id = ids[word] { return id }
    let id = WordID(entries.count)
    ids[word] = id
    entries.append(Entry())
    return id
  }

  private mutating func change(_ word: String, _ body: (inout Entry) -> Void) {
    body(&entries[Int(add(word))])
  }

  /// The number of a lower-case word; 0 where it is unknown.
  package func id(of word: String) -> WordID { ids[word] ?? 0 }

  /// What word number `id` names.
  subscript(id: WordID) -> Entry { entries[Int(id)] }
}

/// Numbers as English writes them.
package enum NumberWords {
  static let values: [String: Int] = [
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "hundred": 100,
  ]

  /// The number that an English word names.
  package static func value(of word: String) -> Int? { values[word.lowercased()] }

  /// A number of at most six digits.
  package static func value(ofDigits word: ArraySlice<UInt8>) -> Int? {
    word.count <= 6 ? Int(String(decoding: word, as: UTF8.self)) : nil
  }

  /// A year of four digits, 1900 … 2099.
  package static func year(_ word: ArraySlice<UInt8>) -> Int? {
    guard word.count == 4, let value = value(ofDigits: word) else { return nil }
    return (1900...2099).contains(value) ? value : nil
  }

  /// `5`, `5th`: 1 … 31.
  package static func dayOfMonth(_ word: ArraySlice<UInt8>) -> Int? {
    let digits = word.prefix { (0x30...0x39).contains($0) }
    let ending = String(decoding: word.dropFirst(digits.count), as: UTF8.self).lowercased()
    guard (1...2).contains(digits.count), ["", "st", "nd", "rd", "th"].contains(ending) else { return nil }
    return Int(String(decoding: digits, as: UTF8.self)).flatMap { (1...31).contains($0) ? $0 : nil }
  }
}
