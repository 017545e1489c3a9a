import FoundationEssentials
public import LanguageModel
public import MnemeCore

/// Extracts facts by asking a chat model: one constant prompt, one call for several turns of one owner, a strict
/// schema.
public struct ModelExtractor: Extractor {
  /// Which prompt and model.
  public let recipe: ExtractionRecipe
  /// As given.
  public let maxTurnsPerCall: Int

  private let model: any ChatModel
  private let prompt: ExtractionPrompt
  private let maxOutputTokens: Int

  /// Asks `model` about at most `maxTurnsPerCall` turns in one call, in the words of `prompt`; nil for those that the
  /// program brings.
  public init(model: any ChatModel, prompt: String? = nil, maxTurnsPerCall: Int = 8, maxOutputTokens: Int = 4096) {
    let prompt = prompt.map(ExtractionPrompt.custom) ?? .standard
    self.model = model
    self.prompt = prompt
    self.maxTurnsPerCall = maxTurnsPerCall
    self.maxOutputTokens = maxOutputTokens
    self.recipe = ExtractionRecipe(extractor: prompt.name, model: model.name, promptHash: prompt.hash)
  }

  /// One call. What the first turn asks of its extraction is what all of them do.
  public func extract(_ turns: [Turn]) async throws -> [Extraction] {
    let wishes = turns.first?.body.wishes
    let reply = try await model.complete(
      ChatRequest(
        system: wishes.map(prompt.system) ?? prompt.text, user: ExtractionPrompt.user(turns), schemaName: "memories",
        schema: wishes.map { ExtractionPrompt.schema($0) } ?? ExtractionPrompt.schema,
        maxOutputTokens: maxOutputTokens))
    guard !reply.isTruncated else {
      throw ModelError(.truncatedOutput, "model \"\(model.name)\" was cut off at \(maxOutputTokens) tokens")
    }
    return try ExtractionReply.parse(reply, turns: turns, modelName: model.name)
  }
}
