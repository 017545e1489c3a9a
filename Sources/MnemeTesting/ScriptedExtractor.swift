public import LanguageModel
public import MnemeCore
import Synchronization

/// An extractor that does what a closure says, and remembers what it was asked.
public final class ScriptedExtractor: Extractor {
  /// As given.
  public let recipe: ExtractionRecipe
  /// As given.
  public let maxTurnsPerCall: Int

  private let script: @Sendable ([Turn]) async throws -> [Extraction]
  private let asked = Mutex<[[Turn]]>([])

  /// Answers with what `script` returns, as the extractor called `name`.
  public init(
    name: String = "scripted-1", maxTurnsPerCall: Int = 8,
    script: @escaping @Sendable ([Turn]) async throws -> [Extraction]
  ) {
    self.recipe = ExtractionRecipe(extractor: name, model: "none", promptHash: "0000000000000000")
    self.maxTurnsPerCall = maxTurnsPerCall
    self.script = script
  }

  /// The turns of each call, in order.
  public var calls: [[Turn]] { self.asked.withLock { $0 } }

  /// One call of the script.
  public func extract(_ turns: [Turn]) async throws -> [Extraction] {
    self.asked.withLock { $0.append(turns) }
    return try await self.script(turns)
  }
}
