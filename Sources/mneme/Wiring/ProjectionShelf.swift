import FoundationEssentials
import LanguageModel
import Logging
import MnemeCore
import MnemeProjection
import MnemeQuery

/// The projections of this process, each with its projector and its reader made once.
actor ProjectionShelf {
  private let system: MnemeSystem
  private let models: Models
  private let projects: Bool
  private var projectors: [String: Projector] = [:]
  private var readers: [String: ProjectionReader] = [:]
  private var removed: Set<String> = []

  /// `projects`: this process folds them, so that its readers hear of it at once.
  init(system: MnemeSystem, models: Models, projects: Bool) {
    self.system = system
    self.models = models
    self.projects = projects
  }

  /// The projector of `generation`.
  func projector(of generation: Generation) throws -> Projector {
    if let made = projectors[generation.id] { return made }
    let made = try system.projector(of: generation)
    projectors[generation.id] = made
    return made
  }

  /// The reader of `generation`.
  func reader(of generation: Generation) throws -> ProjectionReader {
    if let made = readers[generation.id] { return made }
    let made = try system.reader(of: generation, projector: projects ? try projector(of: generation) : nil)
    readers[generation.id] = made
    return made
  }

  /// What requests read once `generation` is active.
  func active(_ generation: Generation) async throws -> ActiveProjection {
    ActiveProjection(
      generation: generation.id, reader: try reader(of: generation),
      embedder: try await models.embedder(generation.embedding))
  }

  /// Removes the projection of a generation that was dropped, and what stages remember of it if `state`.
  func remove(_ generation: Generation, state: Bool) async {
    guard removed.insert(generation.id).inserted else { return }
    projectors[generation.id] = nil
    readers[generation.id] = nil
    do {
      try await ProjectionDirectory.remove(system.projectionDirectory, id: generation.id)
      let path = system.stateDirectory(of: generation)
      if state, FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
    } catch {
      system.logger.error(
        "what a dropped generation left cannot be removed; remove it by hand",
        metadata: ["generation": "\(generation.id)", "error": "\(error)"])
    }
  }
}
