public import FoundationEssentials

/// All memories of one owner, as resolution compares new facts with them: the state that `evolve` folds.
public struct OwnerMemories: Sendable {
  private var known: [UUID: KnownMemory] = [:]
  private var idsByText: [String: Set<UUID>] = [:]
  private var idsBySlot: [Slot: Set<UUID>] = [:]
  private var rows: [UUID] = []
  private var rowByID: [UUID: Int] = [:]
  private var matrix: [Float] = []
  private var quoteByteCount = 0
  /// What the person's commands left behind.
  public var tombstones = Tombstones()

  /// An owner of whom nothing is known.
  public init() {}

  /// How many memories there are, ended ones included.
  public var count: Int { known.count }

  /// Approximate size in memory, in bytes.
  public var byteCount: Int {
    matrix.count * 4 + known.count * 600 + quoteByteCount + tombstones.byteCount
  }

  /// Every memory, in no particular order.
  public var all: some Collection<KnownMemory> { known.values }

  /// The memory of that id.
  public subscript(id: UUID) -> KnownMemory? { known[id] }

  /// What a command that names an id is about.
  enum LookUp {
    /// This memory.
    case known(KnownMemory)
    /// A memory that was deleted.
    case deleted
    /// None that this generation has, or has had.
    case unknown
  }

  /// The memory that `id` names here: of that id, or that stands for it.
  func lookUp(_ id: UUID) -> LookUp {
    let standing = tombstones.standing(for: id)
    if let memory = known[standing] { return .known(memory) }
    return tombstones.isDeleted(standing) || tombstones.isDeleted(id) ? .deleted : .unknown
  }

  /// Memories for which `condition` holds, with their vectors, in no particular order.
  func entries(where condition: (KnownMemory) -> Bool) -> [MemoryMatching.Entry] {
    known.values.filter(condition).map { memory in
      MemoryMatching.Entry(id: memory.id, statement: MemoryStatement(memory), vector: vector(of: memory.id))
    }
  }

  private func vector(of id: UUID) -> [Float]? {
    guard let row = rowByID[id], !rows.isEmpty else { return nil }
    let width = matrix.count / rows.count
    return Array(matrix[row * width..<(row + 1) * width])
  }

  /// Folds one event. `vector` is the embedding of the text that the event brings, if it brings one.
  public mutating func evolve(_ event: MemoryEvent, vector: [Float]? = nil) {
    if case .retracted(let id, _) = event {
      remove(id)
      tombstones.delete(id)
      return
    }
    var next: KnownMemory
    if case .added(let memory) = event {
      next = KnownMemory(memory)
    } else if let old = known[event.memoryID] {
      next = old
      next.evolve(event)
    } else {
      return
    }
    insert(next, vector: vector)
  }

  /// Puts in a memory as a state store holds it, in place of one with the same id.
  public mutating func insert(_ memory: KnownMemory, vector: [Float]?) {
    if let old = known[memory.id] { unindex(old) }
    known[memory.id] = memory
    quoteByteCount += Self.quoteByteCount(memory)
    idsByText[NormalizedText.of(memory.text), default: []].insert(memory.id)
    if let slot = memory.slot { idsBySlot[slot, default: []].insert(memory.id) }
    if let vector { setVector(vector, of: memory.id) }
  }

  /// Current memories with the same words.
  public func current(withText text: String) -> [KnownMemory] {
    (idsByText[NormalizedText.of(text)] ?? []).compactMap { known[$0] }.filter(\.isCurrent).sorted(by: Self.isEarlier)
  }

  /// Current memories in a slot.
  public func current(in slot: Slot) -> [KnownMemory] {
    (idsBySlot[slot] ?? []).compactMap { known[$0] }.filter(\.isCurrent).sorted(by: Self.isEarlier)
  }

  /// Current memories whose vector has at least this cosine with `vector`, the nearest first.
  public func current(near vector: [Float], minimumCosine: Float) -> [(memory: KnownMemory, cosine: Float)] {
    guard !matrix.isEmpty, matrix.count == rows.count * vector.count else { return [] }
    var found: [(memory: KnownMemory, cosine: Float)] = []
    for (row, cosine) in VectorMath.dots(vector, rowsOf: matrix).enumerated() where cosine >= minimumCosine {
      if let memory = known[rows[row]], memory.isCurrent { found.append((memory, cosine)) }
    }
    return found.sorted { ($1.cosine, $0.memory.id.text) < ($0.cosine, $1.memory.id.text) }
  }

  // A total order that does not depend on hashing, so that decisions repeat.
  private static func isEarlier(_ left: KnownMemory, _ right: KnownMemory) -> Bool {
    (left.assertedAt, left.id.text) < (right.assertedAt, right.id.text)
  }

  private static func quoteByteCount(_ memory: KnownMemory) -> Int {
    memory.spans.reduce(0) { $0 + 80 + $1.quote.utf8.count }
  }

  private mutating func unindex(_ memory: KnownMemory) {
    quoteByteCount -= Self.quoteByteCount(memory)
    let key = NormalizedText.of(memory.text)
    idsByText[key]?.remove(memory.id)
    if idsByText[key]?.isEmpty == true { idsByText[key] = nil }
    if let slot = memory.slot {
      idsBySlot[slot]?.remove(memory.id)
      if idsBySlot[slot]?.isEmpty == true { idsBySlot[slot] = nil }
    }
  }

  private mutating func setVector(_ vector: [Float], of id: UUID) {
    if let row = rowByID[id] {
      matrix.replaceSubrange(row * vector.count..<(row + 1) * vector.count, with: vector)
    } else {
      rowByID[id] = rows.count
      rows.append(id)
      matrix.append(contentsOf: vector)
    }
  }

  private mutating func remove(_ id: UUID) {
    guard let old = known.removeValue(forKey: id) else { return }
    unindex(old)
    guard let row = rowByID.removeValue(forKey: id), let last = rows.last else { return }
    // The last row takes the place of the one that goes.
    let width = matrix.count / rows.count
    if last != id {
      matrix.replaceSubrange(
        row * width..<(row + 1) * width, with: matrix[(rows.count - 1) * width..<rows.count * width])
      rows[row] = last
      rowByID[last] = row
    }
    rows.removeLast()
    matrix.removeLast(width)
  }
}
