/// Where words occur: for each key, places and how often, in one piece of memory.
struct PostingTable: Sendable {
  /// A place, and how often a word occurs there: 26 and 6 bits.
  struct Posting: Sendable, BitwiseCopyable {
    fileprivate let code: UInt32

    /// Places are below this.
    static let maxPlace = 1 << 26
    /// A word that occurs more often counts as if it occurred so often: its share hardly grows any more.
    static let maxOccurrences = 63

    init(place: Int, occurrences: Int) {
      precondition(place < Self.maxPlace, "a place has 26 bits")
      code = UInt32(place) << 6 | UInt32(min(occurrences, Self.maxOccurrences))
    }

    fileprivate init(code: UInt32) { self.code = code }

    var place: Int { Int(code >> 6) }
    var occurrences: Int32 { Int32(code & 63) }
  }

  /// Rising, each once.
  let keys: [UInt32]
  /// The postings of key `n` stand from `starts[n]` to `starts[n + 1]`, in order of their places.
  let starts: [UInt32]
  let postings: [Posting]

  /// Stands for the new place of what is left out.
  static let nowhere: Int32 = -1

  /// Size in memory, in bytes.
  var byteCount: Int { (keys.count + starts.count + postings.count) * 4 }

  /// A table of words that were collected.
  init(_ builder: Builder) {
    var keys: [UInt32] = []
    var starts: [UInt32] = []
    var postings: [Posting] = []
    postings.reserveCapacity(builder.words.count)
    for word in builder.words.sorted() {
      let key = UInt32(truncatingIfNeeded: word >> 32)
      if keys.last != key {
        keys.append(key)
        starts.append(UInt32(postings.count))
      }
      postings.append(Posting(code: UInt32(truncatingIfNeeded: word)))
    }
    starts.append(UInt32(postings.count))
    self.keys = keys
    self.starts = starts
    self.postings = postings
  }

  /// A table of what `keys`, `starts` and `postings` of another one were; nil where they are none with places below
  /// `placeCount`.
  init?(keys: [UInt32], starts: [UInt32], postings: [Posting], placeCount: Int) {
    guard starts.count == keys.count + 1, starts.first == 0, starts.last.map(Int.init) == postings.count,
      zip(keys, keys.dropFirst()).allSatisfy({ $0 < $1 }), zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
    else { return nil }
    var highest: UInt32 = 0
    for posting in postings { highest = max(highest, posting.code) }
    guard postings.isEmpty || Posting(code: highest).place < placeCount else { return nil }
    self.keys = keys
    self.starts = starts
    self.postings = postings
  }

  /// A table of the words of this one and of `added`, where place `p` has become `places[p]`, without those that have
  /// become `nowhere`. The places of this table keep their order.
  func merged(with added: [UInt32: [Posting]], places: [Int32]) -> PostingTable {
    var merge = Merge(places: places)
    merge.reserveCapacity(keyCount: keys.count + added.count, postingCount: postings.count)
    let addedKeys = added.keys.sorted()
    var next = 0
    for (index, key) in keys.enumerated() {
      while next < addedKeys.count, addedKeys[next] < key {
        merge.append(addedKeys[next], [], added[addedKeys[next]] ?? [])
        next += 1
      }
      let own = postings[Int(starts[index])..<Int(starts[index + 1])]
      if next < addedKeys.count, addedKeys[next] == key {
        merge.append(key, own, added[key] ?? [])
        next += 1
      } else {
        merge.append(key, own, [])
      }
    }
    for key in addedKeys[next...] { merge.append(key, [], added[key] ?? []) }
    return PostingTable(merge)
  }

  private init(_ merge: Merge) {
    keys = merge.keys
    starts = merge.starts + [UInt32(merge.postings.count)]
    postings = merge.postings
  }

  /// A table on its way out of two.
  private struct Merge {
    let places: [Int32]
    var keys: [UInt32] = []
    var starts: [UInt32] = []
    var postings: [Posting] = []

    init(places: [Int32]) { self.places = places }

    mutating func reserveCapacity(keyCount: Int, postingCount: Int) {
      keys.reserveCapacity(keyCount)
      starts.reserveCapacity(keyCount + 1)
      postings.reserveCapacity(postingCount)
    }

    mutating func append(_ key: UInt32, _ own: ArraySlice<Posting>, _ others: [Posting]) {
      let start = postings.count
      for posting in own { append(posting) }
      if !others.isEmpty {
        for posting in others { append(posting) }
        // Two runs, the second one short: sorting them merges them.
        postings[start...].sort { $0.code < $1.code }
      }
      guard postings.count > start else { return }
      keys.append(key)
      starts.append(UInt32(start))
    }

    private mutating func append(_ posting: Posting) {
      let place = places[posting.place]
      guard place != PostingTable.nowhere else { return }
      postings.append(Posting(place: Int(place), occurrences: Int(posting.occurrences)))
    }
  }

  /// Words on their way into a table.
  struct Builder {
    /// Key and posting.
    fileprivate var words: [UInt64] = []

    mutating func add(_ key: UInt32, _ posting: Posting) {
      words.append(UInt64(key) << 32 | UInt64(posting.code))
    }
  }

  /// Where the word of that key occurs, in order of places.
  func postings(of key: UInt32) -> ArraySlice<Posting> {
    let index = Self.firstIndex(in: keys, atOrAbove: key)
    guard index < keys.count, keys[index] == key else { return [] }
    return postings[Int(starts[index])..<Int(starts[index + 1])]
  }

  private static func firstIndex(in keys: [UInt32], atOrAbove key: UInt32) -> Int {
    var (low, high) = (0, keys.count)
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension ArraySlice<PostingTable.Posting> {
  /// How often the word occurs at `place`, of postings in order of places.
  func occurrences(at place: Int) -> Int32 {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].place < place { low = middle + 1 } else { high = middle }
    }
    return low < endIndex && self[low].place == place ? self[low].occurrences : 0
  }
}
