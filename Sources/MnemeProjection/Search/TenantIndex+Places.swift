import MnemeCore

// Looking things up: words, and what stands around a memory.
extension TenantIndex {
  /// Where words occur that each have those keys, one for each language, to be looked up by place.
  func places(of keys: [[UInt32]]) -> [WordPlaces] {
    keys.map { keys in WordPlaces(parts: keys.compactMap(part), baseCount: baseCount) }
  }

  private func part(_ key: UInt32) -> WordPlaces.Part? {
    let part = WordPlaces.Part(
      base: base.postings(of: key), added: added[key] ?? [], lostBase: lostBase.postings(of: key),
      lostAdded: lostAdded[key] ?? [])
    return part.isEmpty ? nil : part
  }

  /// In how many memories a word occurs.
  func frequency(of word: WordPlaces) -> Int {
    var count = 0
    word.forEachPosting { if !hasGone || isLive($0.place) { count += 1 } }
    return count
  }

  /// Where a word occurs.
  struct WordPlaces: Sendable {
    /// Under one key.
    fileprivate struct Part: Sendable {
      let base: ArraySlice<PostingTable.Posting>
      let added: [PostingTable.Posting]
      let lostBase: ArraySlice<PostingTable.Posting>
      let lostAdded: [PostingTable.Posting]

      var isEmpty: Bool { base.isEmpty && added.isEmpty && lostBase.isEmpty && lostAdded.isEmpty }
    }

    /// Of the keys under which anything is found; no place has the word under two of them, but what it has lost may
    /// be one that it has, or another one that it has lost.
    fileprivate let parts: [Part]
    fileprivate let baseCount: Int

    /// Calls `body` with each place; places that are empty by now may be among them.
    @inline(__always)
    func forEachPosting(_ body: (PostingTable.Posting) -> Void) {
      for part in parts {
        for posting in part.base { body(posting) }
        for posting in part.added { body(posting) }
      }
    }

    /// Calls `body` with each place that was said on a day of `days` which `date` names, and how often the word occurs
    /// there.
    func forEachSaid(on date: DateWord, _ days: [SaidDay], _ body: (_ place: Int, _ occurrences: Int32) -> Void) {
      var next = 0
      func look(upTo end: Int) {
        while next < end {
          if days[next].isCalled(date) { body(next, 0) }
          next += 1
        }
      }
      func look(at posting: PostingTable.Posting) {
        look(upTo: posting.place)
        if days[posting.place].isCalled(date) { body(posting.place, posting.occurrences) }
        next = posting.place + 1
      }
      if parts.count > 1 {
        var postings: [PostingTable.Posting] = []
        forEachPosting { postings.append($0) }
        for posting in postings.sorted(by: { $0.place < $1.place }) { look(at: posting) }
      } else {
        // They are in order of places.
        forEachPosting { look(at: $0) }
      }
      look(upTo: days.count)
    }

    /// Calls `body` with each place whose text has lost it, and the share of its weight that it has there; places that
    /// are empty by now may be among them.
    func forEachLoss(_ body: (_ place: Int, _ share: Double) -> Void) {
      guard parts.count > 1 else {
        for part in parts {
          for posting in part.lostBase { body(posting.place, SourceWords.share(length: posting.occurrences)) }
          for posting in part.lostAdded { body(posting.place, SourceWords.share(length: posting.occurrences)) }
        }
        return
      }
      var seen: Set<Int> = []
      for part in parts {
        for posting in [Array(part.lostBase), part.lostAdded].joined()
        where seen.insert(posting.place).inserted && occurrences(at: posting.place) == 0 {
          body(posting.place, SourceWords.share(length: posting.occurrences))
        }
      }
    }

    /// The share of its weight that it has at `place`, where the text has lost it; 0 elsewhere.
    func lostShare(at place: Int) -> Double {
      // How long what it comes from is, which is the same under each key.
      var length: Int32 = 0
      for part in parts {
        length = max(
          length,
          place < baseCount ? part.lostBase.occurrences(at: place) : part.lostAdded[...].occurrences(at: place))
      }
      return length == 0 || (parts.count > 1 && occurrences(at: place) > 0) ? 0 : SourceWords.share(length: length)
    }

    /// How often it occurs at `place`.
    func occurrences(at place: Int) -> Int32 {
      var count: Int32 = 0
      for part in parts {
        count += place < baseCount ? part.base.occurrences(at: place) : part.added[...].occurrences(at: place)
      }
      return count
    }
  }

  /// Whether something of the owner of the memory at `place` came after the base.
  func hasAdded(besides place: Int) -> Bool { addedByOwner[Schema.owner(of: entries[place].number)] != nil }

  /// The places of the memories that were said just before or after that of `place`.
  func context(of place: Int) -> [Int] {
    let owner = Schema.owner(of: entries[place].number)
    guard let added = addedByOwner[owner] else { return contextInBase(of: place, owner) }
    let number = entries[place].number
    let middle = firstPlace(atOrAbove: number)
    let range = stretch(around: middle, owner)
    var near = range.filter { addedPlaces[entries[$0].number] == nil } + added.map { Int($0) }
    near.sort { entries[$0].number < entries[$1].number }
    guard let index = near.firstIndex(of: place) else { return [] }
    var found: [Int] = []
    Utterance.forEachContext(of: index, in: near.indices) {
      utterance(near[$0])
    } body: {
      found.append(near[$0])
    }
    return found
  }

  private func contextInBase(of place: Int, _ owner: Int64) -> [Int] {
    var found: [Int] = []
    Utterance.forEachContext(of: place, in: stretch(around: place, owner)) {
      utterance($0)
    } body: {
      found.append($0)
    }
    return found
  }

  private func utterance(_ place: Int) -> Utterance? {
    isLive(place) ? entries[place].utterance : nil
  }

  /// Places of the base around `place` that are `owner`'s: more of them than a context is looked for in, as some may be
  /// empty.
  private func stretch(around place: Int, _ owner: Int64) -> Range<Int> {
    let reach = 2 * Utterance.maxDistance
    let (lowest, highest) = (max(place - reach, 0), min(place + reach, baseCount))
    // An owner's places lie side by side: halving finds where they begin and end.
    func first(in range: Range<Int>, where isBehind: (Int64) -> Bool) -> Int {
      var (low, high) = (range.lowerBound, range.upperBound)
      while low < high {
        let middle = (low + high) / 2
        if isBehind(Schema.owner(of: entries[middle].number)) { high = middle } else { low = middle + 1 }
      }
      return low
    }
    let middle = min(place, baseCount)
    return first(in: lowest..<middle) { $0 >= owner }..<first(in: middle..<max(highest, middle)) { $0 > owner }
  }
}
