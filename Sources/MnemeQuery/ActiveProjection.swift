public import LanguageModel
public import MnemeProjection
import Synchronization

/// What readers read: the projection of one generation, and the embedder that fills its space.
public struct ActiveProjection: Sendable {
  /// Id of the generation.
  public var generation: String
  /// Its projection.
  public var reader: any MemoryReader
  /// Embeds queries in its space.
  public var embedder: any Embedder

  /// A projection with all its parts.
  public init(generation: String, reader: any MemoryReader, embedder: any Embedder) {
    self.generation = generation
    self.reader = reader
    self.embedder = embedder
  }
}

/// Where requests find what they read. Each takes it once, when it begins, so that no answer mixes two generations or
/// two embedding spaces, and one that is under way while it is switched ends where it began.
public final class ProjectionSwitch: Sendable {
  private let state: Mutex<ActiveProjection>

  /// A switch that stands on `active`.
  public init(_ active: ActiveProjection) {
    self.state = Mutex(active)
  }

  /// What requests that begin now read.
  public var active: ActiveProjection { self.state.withLock { $0 } }

  /// Lets requests that begin from now on read `other`.
  public func turn(to other: ActiveProjection) {
    self.state.withLock { $0 = other }
  }
}
