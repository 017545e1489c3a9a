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
  private let maxOutputTokens: Int

  /// Asks `model` about at most `maxTurnsPerCall` turns in one call.
  public init(model: any ChatModel, maxTurnsPerCall: Int = 8, maxOutputTokens: Int = 4096) {
    self.model = model
    self.maxTurnsPerCall = maxTurnsPerCall
    self.maxOutputTokens = maxOutputTokens
    self.recipe = ExtractionRecipe(
      extractor: ExtractionPrompt.name, model: model.name, promptHash: ExtractionPrompt.hash)
  }

  /// One call.
  public func extract(_ turns: [Turn]) async throws -> [Extraction] {
    let reply = try await model.complete(
      ChatRequest(
        system: ExtractionPrompt.system(customInstructions: turns.first?.body.customInstructions),
        user: ExtractionPrompt.user(turns), schemaName: "memories", schema: ExtractionPrompt.schema,
        maxOutputTokens: maxOutputTokens))
    guard !reply.isTruncated else {
      throw ModelError(.truncatedOutput, "model \"\(model.name)\" was cut off at \(maxOutputTokens) tokens")
    }
    return try ExtractionReply.parse(reply, turns: turns, modelName: model.name)
  }
}
