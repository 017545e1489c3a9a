import LanguageModel
import MnemeCore

/// What stands for everything that a model's answer about a turn depends on.
enum ExtractionInput {
  /// What a recipe without a model has in place of a model's name.
  static let noModel = "none"

  /// SHA-256 of the recipe, what its publisher asks the model to heed, and the turn as the prompt shows it; nil where
  /// no model is asked. Turns that share a call are each told by themselves: an answer is about one turn.
  static func hash(of turn: Turn, recipe: ExtractionRecipe) -> String? {
    guard recipe.model != noModel else { return nil }
    let parts = [
      recipe.extractor, recipe.model, recipe.promptHash, turn.body.customInstructions ?? "",
      ExtractionPrompt.user([turn]),
    ]
    return Derivation.sha256(parts.joined(separator: "\u{1f}"))
  }
}
