/// Where words occur: for each key, places and how often, in one piece of memory.
struct PostingTable: Sendable {
  /// A place, and how often a word occurs there: 26 and 6 bits.
  struct Posting: Sendable {
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
  private let keys: [UInt32]
  /// The postings of key `n` stand from `starts[n]` to `starts[n + 1]`, in order of their places.
  private let starts: [UInt32]
  private let postings: [Posting]

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
