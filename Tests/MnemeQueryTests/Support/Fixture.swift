import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeProjection
import Synchronization

/// Values that tests share.
enum Fixture {
  /// 2026-11-21T09:00:00Z.
  static let now = Timestamp("2026-11-21T09:00:00Z")!

  static func memory(
    _ text: String, id: UUID = UUID(), scope: Scope = Scope(userID: "alice"), metadata: [String: JSONValue]? = nil,
    expiresAt: Timestamp? = nil, supersededBy: UUID? = nil, eventID: String = "turn-1", index: Int = 0
  ) -> Memory {
    let said = Moment(Timestamp("2026-11-20T08:00:00Z")!, .stated)
    let source = Source(
      eventID: eventID, messageIndex: index, messageID: "m1", role: "user", time: said, quote: text, runID: "r1")
    return Memory(
      id: id, text: text, category: "food", scope: scope, actor: "user", subject: "user", attribute: "likes",
      value: "tea", polarity: .positive, confidence: 0.8, validFrom: said,
      validTo: supersededBy == nil ? nil : Moment(now, .stated), sources: [source], supersededBy: supersededBy,
      metadata: metadata, expiresAt: expiresAt, recipe: "builtin-1/none/abc", recordedAt: now, updatedAt: now)
  }

  static func view(
    _ text: String, id: UUID = UUID(), tenant: String = "default", scope: Scope = Scope(userID: "alice"),
    metadata: [String: JSONValue]? = nil, expiresAt: Timestamp? = nil, supersededBy: UUID? = nil
  ) -> MemoryView {
    MemoryView(
      memory: memory(
        text, id: id, scope: scope, metadata: metadata, expiresAt: expiresAt, supersededBy: supersededBy),
      owner: OwnerKey(tenant: tenant, owner: scope.owner!), reinforcementCount: 2)
  }
}

/// An embedder that answers as it is told.
final class EmbedderTwin: Embedder {
  enum Behaviour: Sendable {
    case answers
    case fails(ModelError)
    case hangs
  }

  let space = EmbeddingSpace(name: "twin-4", dimension: 4)
  let backend: String
  private let behaviour = Mutex(Behaviour.answers)
  private let asked = Mutex<[String]>([])
  /// One for each time that it begins to hang, and for each time that somebody who waited gave up.
  let (hanging, hangingContinuation) = AsyncStream<Void>.makeStream()
  let (givenUp, givenUpContinuation) = AsyncStream<Void>.makeStream()

  init(backend: String = "twin") { self.backend = backend }

  /// Every text that it was asked for.
  var askedTexts: [String] { self.asked.withLock { $0 } }

  func behave(_ behaviour: Behaviour) { self.behaviour.withLock { $0 = behaviour } }

  func embed(_ texts: [String]) async throws -> [[Float]] {
    self.asked.withLock { $0 += texts }
    switch self.behaviour.withLock({ $0 }) {
    case .answers: return texts.map { _ in [1, 0, 0, 0] }
    case .fails(let error): throw error
    case .hangs:
      self.hangingContinuation.yield()
      defer { self.givenUpContinuation.yield() }
      try await Task.sleep(for: .seconds(3600))
      return []
    }
  }
}
