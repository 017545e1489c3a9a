/// A question as the memories would put it, and whose words it asks for.
///
/// What a person says stands in the first person: "I researched adoption agencies" answers "What did Caroline
/// research?" far better by its meaning than by the letters of it. So where memories are messages as they were said,
/// the question is compared in the first person too. Memories that an extractor wrote leave their subject out or say
/// "User", and are compared with `neutral`.
public struct QueryVoice: Hashable, Sendable {
  /// Whom a question asks about.
  public enum Speakers: Hashable, Sendable {
    /// The people whom it names: what they said, and what is known about them.
    case named(Set<String>)
    /// What anybody but the assistant said.
    case people
    /// What anybody said: it asks what "you" said or did.
    case everyone
  }

  /// The question, about an owner whose own name tells nothing apart.
  public let neutral: String
  /// The question in the first person; nil where no memory is a message as it was said, or nothing would differ.
  public let firstPerson: String?
  /// Whom it asks about.
  public let speakers: Speakers

  /// The voice of `query`.
  /// - Parameters:
  ///   - ownNames: What the owner is called.
  ///   - actors: Who said the memories that are messages as they were said, names and roles; empty where none is.
  ///   - others: Whom the other memories are about, and who said them, likewise.
  public init(_ query: String, ownNames: [String], actors: [String], others: [String] = []) {
    self.neutral = SelfReference.neutral(query, names: ownNames)
    let people = actors.filter { !Self.roles.contains($0) }
    let words = query.split(separator: " ", omittingEmptySubsequences: false).map { Word($0) }
    self.speakers = Self.speakers(words, people + others.filter { !Self.roles.contains($0) && !ownNames.contains($0) })
    let voiced = actors.isEmpty ? nil : Self.firstPerson(words, names: people + ownNames)
    self.firstPerson = voiced == self.neutral ? nil : voiced
  }

  /// What is to be embedded, one or two texts: `neutral` first.
  public var texts: [String] { [neutral] + [firstPerson].compactMap { $0 } }

  /// Names of roles, which are no names of people.
  public static let roles: Set<String> = ["user", "assistant", "system", "tool", "function", "developer"]

  /// Whether a memory about `subject` that `actor` said, in the role `role`, is among those that `speakers` asks for.
  public static func asks(_ speakers: Speakers, for actor: String, subject: String, role: String) -> Bool {
    switch speakers {
    case .named(let names): names.contains(actor) || names.contains(subject)
    case .people: role != "assistant"
    case .everyone: true
    }
  }

  // MARK: First person

  /// Each name becomes "I", or "my" where it is a possessive. nil where there is none, or nothing else.
  private static func firstPerson(_ words: [Word], names: [String]) -> String? {
    let people = names.map { Set(parts($0)) }
    var result: [String] = []
    var (nameCount, otherCount) = (0, 0)
    var index = 0
    while index < words.count {
      let length = people.map { name in nameLength(words[index...], name) }.max() ?? 0
      guard length > 0 else {
        if !words[index].core.isEmpty { otherCount += 1 }
        result.append(String(words[index].text))
        index += 1
        continue
      }
      let last = words[index + length - 1]
      result.append(words[index].head + (last.isPossessive ? "my" : "I") + last.tail)
      nameCount += 1
      index += length
    }
    return nameCount > 0 && otherCount > 0 ? result.joined(separator: " ") : nil
  }

  /// How many of the first words are parts of one name. A possessive, or a mark, ends it.
  private static func nameLength(_ words: ArraySlice<Word>, _ name: Set<String>) -> Int {
    var count = 0
    for word in words {
      guard name.contains(word.core), count == 0 || word.head.isEmpty else { break }
      count += 1
      if word.isPossessive || !word.tail.isEmpty { break }
    }
    return count
  }

  /// Words of a name. Initials are no words: "A" begins too many sentences.
  private static func parts(_ name: String) -> [String] {
    name.split { !Word.isPart($0) }.map(String.init).filter { $0.count > 1 }
  }

  // MARK: Speakers

  private static func speakers(_ words: [Word], _ people: [String]) -> Speakers {
    let asked = Set(words.map(\.core))
    let named = people.filter { name in parts(name).contains { asked.contains($0) } }
    if !named.isEmpty { return .named(Set(named)) }
    return asksWhatYouDid(words.map { $0.core.lowercased() }) ? .everyone : .people
  }

  /// "did you", "have you", "you said" need a past tense: "can you" asks for something new. English only.
  private static func asksWhatYouDid(_ words: [String]) -> Bool {
    let auxiliaries: Set<String> = ["did", "do", "had", "have", "were", "was"]
    for (index, word) in words.enumerated() {
      if word == "you", index > 0, auxiliaries.contains(words[index - 1]) { return true }
      guard word == "you" || word == "you've" || word == "you\u{2019}ve" else { continue }
      var next = words[(index + 1)...]
      if word == "you", let first = next.first, first == "had" || first == "have" { next = next.dropFirst() }
      if let first = next.first, first.hasSuffix("ly") { next = next.dropFirst() }
      if let verb = next.first, verb.hasSuffix("ed"), verb.count > 3, verb != "need" { return true }
    }
    return false
  }

  /// A word of a question: the marks before it, what it is, whether it is a possessive, the marks after it.
  private struct Word {
    let text: Substring
    let head: String
    let core: String
    let isPossessive: Bool
    let tail: String

    init(_ text: Substring) {
      self.text = text
      let start = text.firstIndex { $0.isLetter || $0.isNumber } ?? text.endIndex
      let bare = text[start...].prefix(while: Self.isPart)
      self.isPossessive = ["'s", "\u{2019}s"].contains { bare.hasSuffix($0) }
      self.head = String(text[..<start])
      self.core = String(isPossessive ? bare.dropLast(2) : bare)
      self.tail = String(text[bare.endIndex...])
    }

    static func isPart(_ character: Character) -> Bool {
      character.isLetter || character.isNumber || character == "'" || character == "\u{2019}" || character == "-"
    }
  }
}
