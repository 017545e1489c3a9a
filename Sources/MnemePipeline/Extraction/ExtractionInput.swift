import LanguageModel
import MnemeCore

/// What stands for everything that a model's answer about a turn depends on.
enum ExtractionInput {
  /// What a recipe without a model has in place of a model's name.
  static let noModel = "none"

  /// SHA-256 of the recipe, what its publisher asks the model to heed, and the turn as the prompt shows it; nil where
  /// no model is asked. Turns that share a call are each told by themselves: an answer is about one turn. What is asked
  /// beyond instructions stands behind all else, and nothing where it is not asked, so that a turn without it has the
  /// hash that it always had.
  static func hash(of turn: Turn, recipe: ExtractionRecipe) -> String? {
    guard recipe.model != noModel else { return nil }
    let wishes = turn.body.wishes
    var parts = [
      recipe.extractor, recipe.model, recipe.promptHash, wishes.customInstructions ?? "", ExtractionPrompt.user([turn]),
    ]
    if let more = self.wishes(wishes) { parts.append(more) }
    return Derivation.sha256(parts.joined(separator: "\u{1f}"))
  }

  /// As JSON; nil where nothing is asked beyond instructions.
  private static func wishes(_ wishes: ExtractionWishes) -> String? {
    var object: [String: JSONValue] = [:]
    object["agent_custom_instructions"] = wishes.agentCustomInstructions.map(JSONValue.string)
    object["includes"] = wishes.includes.map(JSONValue.string)
    object["excludes"] = wishes.excludes.map(JSONValue.string)
    if !wishes.categories.isEmpty { object["custom_categories"] = ExtractionPrompt.list(wishes.categories) }
    return object.isEmpty ? nil : String(decoding: EventBodyCoding.encode(JSONValue.object(object)), as: UTF8.self)
  }
}
