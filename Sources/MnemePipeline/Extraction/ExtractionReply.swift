import FoundationEssentials
import LanguageModel
import MnemeCore

/// Reads what a model replied, and believes none of it unchecked.
enum ExtractionReply {
  private struct Reply: Decodable {
    var turns: [Entry]
  }

  private struct Entry: Decodable {
    var index: Int
    var facts: [Fact]
  }

  private struct Fact: Decodable {
    var text: String
    var category: String
    var subject: String
    var attribute: String?
    var value: String?
    var polarity: Polarity
    var validFrom: String?
    var validTo: String?
    var confidence: Double
    var messageIndex: Int
    var quote: String

    enum CodingKeys: String, CodingKey {
      case text, category, subject, attribute, value, polarity, confidence, quote
      case validFrom = "valid_from"
      case validTo = "valid_to"
      case messageIndex = "message_index"
    }
  }

  /// Most facts that are taken from one turn; a model that finds more is babbling.
  static let maxFactCountPerTurn = 64
  /// Longest text of a fact, in characters.
  static let maxTextLength = 2000

  /// One extraction for each turn; tokens and the reply are booked on the first.
  static func parse(_ reply: ChatReply, turns: [Turn], modelName: String) throws -> [Extraction] {
    let entries = try decode(reply.text, modelName: modelName)
    var byIndex: [Int: [Fact]] = [:]
    for entry in entries {
      guard turns.indices.contains(entry.index), byIndex[entry.index] == nil else {
        throw ModelError(.invalidOutput, "model \"\(modelName)\" answered for a turn that it was not asked about")
      }
      byIndex[entry.index] = entry.facts
    }
    guard byIndex.count == turns.count else {
      throw ModelError(
        .invalidOutput, "model \"\(modelName)\" answered for \(byIndex.count) of \(turns.count) turns")
    }
    return try turns.enumerated().map { index, turn in
      Extraction(
        facts: try candidates(byIndex[index] ?? [], turn: turn, modelName: modelName),
        reply: index == 0 ? reply.text : nil, promptTokens: index == 0 ? reply.promptTokens : 0,
        completionTokens: index == 0 ? reply.completionTokens : 0)
    }
  }

  private static func decode(_ text: String, modelName: String) throws -> [Entry] {
    do {
      return try JSONDecoder().decode(Reply.self, from: Data(unfenced(text).utf8)).turns
    } catch let error as DecodingError {
      throw ModelError(
        .invalidOutput,
        "the reply of model \"\(modelName)\" is not what the schema asks for: \(EventBodyCoding.explanation(of: error))"
      )
    }
  }

  /// The text without the Markdown fence that some models put around JSON.
  private static func unfenced(_ text: String) -> Substring {
    var text = text[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    guard text.hasPrefix("```"), text.hasSuffix("```"), let lineEnd = text.firstIndex(where: \.isNewline),
      text.count > 6
    else { return text }
    return text[text.index(after: lineEnd)...].dropLast(3)
  }

  private static func candidates(_ facts: [Fact], turn: Turn, modelName: String) throws -> [FactCandidate] {
    guard facts.count <= maxFactCountPerTurn else {
      throw ModelError(
        .invalidOutput,
        "model \"\(modelName)\" gave \(facts.count) facts for one turn, more than \(maxFactCountPerTurn)")
    }
    let own = (turn.body.customCategories ?? []).map(\.name)
    return try facts.compactMap { fact in
      guard turn.body.messages.indices.contains(fact.messageIndex) else {
        throw ModelError(.invalidOutput, "model \"\(modelName)\" names a message that its turn does not have")
      }
      let text = fact.text.trimmed
      guard !text.isEmpty, text.count <= maxTextLength else { return nil }
      return candidate(fact, text: text, message: turn.body.messages[fact.messageIndex], ownCategories: own)
    }
  }

  /// The category that a fact was given where it is one of those to choose from.
  private static func category(_ fact: Fact, _ attribute: Attribute?, own: [String]) -> String {
    guard !own.isEmpty else {
      return Category.all.contains(fact.category) ? fact.category : attribute?.category ?? Category.misc
    }
    // Where the endpoint does not hold a model to the schema, its case may differ.
    let name = fact.category.lowercased()
    return own.first { $0 == fact.category } ?? own.first { $0.lowercased() == name } ?? Category.misc
  }

  private static func candidate(
    _ fact: Fact, text: String, message: Message, ownCategories own: [String]
  ) -> FactCandidate {
    let attribute = fact.attribute.flatMap(Attribute.named)
    let value = fact.value?.trimmed
    let isSlotted = attribute != nil && value?.isEmpty == false
    // A quote that is not in the message is the model's own words: the whole message is the honest span then.
    let quote = message.content.contains(fact.quote) && !fact.quote.isEmpty ? fact.quote : message.content
    return FactCandidate(
      text: text, category: category(fact, attribute, own: own),
      subject: fact.subject.trimmed.isEmpty ? "user" : fact.subject.trimmed,
      attribute: isSlotted ? attribute?.name : nil, value: isSlotted ? value : nil, polarity: fact.polarity,
      validFrom: fact.validFrom.flatMap(Timestamp.init), validTo: fact.validTo.flatMap(Timestamp.init),
      confidence: fact.confidence.isFinite ? min(max(fact.confidence, 0), 1) : 0.5,
      messageIndex: fact.messageIndex, quote: quote, actor: message.name ?? message.role)
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
