import LanguageModel
import MnemeCore

/// `infer = false`: each message is a memory as it stands.
enum VerbatimExtraction {
  /// `ExtractionRecipe.id` of what nobody interpreted.
  static let recipe = Memory.verbatimRecipe

  /// One fact for each message that says anything; instructions of the system are not memories.
  static func extract(_ turn: Turn) -> Extraction {
    Extraction(
      facts: turn.body.messages.enumerated().compactMap { index, message in
        guard message.role != "system", message.content.contains(where: { !$0.isWhitespace }) else { return nil }
        return FactCandidate(
          text: message.content, confidence: 1, messageIndex: index, quote: message.content,
          actor: message.name ?? message.role)
      })
  }
}
