public import MnemeCore
import Synchronization

/// Vectors of texts that were embedded a while ago, by the hash of their content. Holds no text.
///
/// A vector is found again only by whoever asks in the same realm, of the same space and back end: an owner never
/// learns, not even by the time it takes, what another has asked or said.
public final class EmbeddingCache: Sendable {
  /// What a cache holds at most.
  public struct Bounds: Sendable {
    /// Bytes of vectors, keys and bookkeeping.
    public var maxByteCount: Int
    /// Age from which a vector is not given out: a model behind a name may become another one.
    public var maxAge: Duration

    /// 8 MiB, 5,000 vectors of 384 dimensions, for ten minutes, where not told otherwise.
    public init(maxByteCount: Int = 8 << 20, maxAge: Duration = .seconds(600)) {
      precondition(maxByteCount >= 0 && maxAge >= .zero, "a cache has bounds")
      self.maxByteCount = maxByteCount
      self.maxAge = maxAge
    }
  }

  /// Among whom vectors are shared.
  public struct Realm: Hashable, Sendable {
    fileprivate let name: String

    /// One owner's.
    public static func owner(_ owner: OwnerKey) -> Realm { Realm(name: "owner/\(owner.description)") }
    /// What is asked across the owners of one tenant.
    public static func tenant(_ tenant: String) -> Realm { Realm(name: "tenant/\(tenant)") }
  }

  private let entries: Mutex<RecentEntries>

  /// An empty cache.
  public init(bounds: Bounds = Bounds()) {
    self.entries = Mutex(RecentEntries(bounds: bounds))
  }

  /// The vectors that are there, by text.
  public func vectors(
    of texts: [String], in realm: Realm, by embedder: any Embedder, now: ContinuousClock.Instant = .now
  ) -> [String: [Float]] {
    let keys = texts.map { ($0, Self.key($0, realm, embedder)) }
    return self.entries.withLock { entries in
      keys.reduce(into: [:]) { found, item in
        if let vector = entries.vector(item.1, now: now) { found[item.0] = vector }
      }
    }
  }

  /// Keeps the vector of `text`.
  public func keep(
    _ vector: [Float], of text: String, in realm: Realm, by embedder: any Embedder,
    now: ContinuousClock.Instant = .now
  ) {
    let key = Self.key(text, realm, embedder)
    self.entries.withLock { $0.keep(vector, key, now: now) }
  }

  /// Bytes held.
  var byteCount: Int { self.entries.withLock { $0.byteCount } }

  private static func key(_ text: String, _ realm: Realm, _ embedder: any Embedder) -> TextDigest {
    // Lengths first, so that no two lists of parts read the same.
    let parts = [realm.name, embedder.space.name, embedder.backend, text]
    return TextDigest(of: parts.map { "\($0.utf8.count):\($0)" }.joined())
  }
}

/// Two generations of entries: what is used moves to the young one, and when that is half of all, the old one goes.
private struct RecentEntries {
  private struct Entry {
    var vector: [Float]
    var storedAt: ContinuousClock.Instant
  }

  /// A key's bytes, and about what the dictionary and the array's head take.
  private static let overhead = 128

  private let bounds: EmbeddingCache.Bounds
  private var young: [TextDigest: Entry] = [:]
  private var old: [TextDigest: Entry] = [:]
  private var youngSize = 0
  private var oldSize = 0

  var byteCount: Int { self.youngSize + self.oldSize }

  init(bounds: EmbeddingCache.Bounds) { self.bounds = bounds }

  mutating func vector(_ key: TextDigest, now: ContinuousClock.Instant) -> [Float]? {
    if let entry = self.young[key] { return self.isFresh(entry, now) ? entry.vector : nil }
    guard let entry = self.old.removeValue(forKey: key) else { return nil }
    self.oldSize -= Self.size(entry)
    guard self.isFresh(entry, now) else { return nil }
    self.insert(entry, key)
    return entry.vector
  }

  mutating func keep(_ vector: [Float], _ key: TextDigest, now: ContinuousClock.Instant) {
    if let entry = self.old.removeValue(forKey: key) { self.oldSize -= Self.size(entry) }
    if let entry = self.young.removeValue(forKey: key) { self.youngSize -= Self.size(entry) }
    self.insert(Entry(vector: vector, storedAt: now), key)
  }

  private mutating func insert(_ entry: Entry, _ key: TextDigest) {
    let size = Self.size(entry)
    guard size <= self.bounds.maxByteCount / 2 else { return }
    if self.youngSize + size > self.bounds.maxByteCount / 2 {
      (self.old, self.oldSize) = (self.young, self.youngSize)
      (self.young, self.youngSize) = ([:], 0)
    }
    self.young[key] = entry
    self.youngSize += size
  }

  private func isFresh(_ entry: Entry, _ now: ContinuousClock.Instant) -> Bool {
    entry.storedAt.duration(to: now) < self.bounds.maxAge
  }

  private static func size(_ entry: Entry) -> Int { Self.overhead + entry.vector.count * MemoryLayout<Float>.stride }
}
