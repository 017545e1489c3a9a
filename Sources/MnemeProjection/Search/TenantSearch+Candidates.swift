import MnemeCore

// Which memories are ranked by all signals.
extension TenantSearch {
  /// What the query's words, and the time that it asks about, add to the score of each place.
  struct WordScores: Sendable {
    /// Of each place, 0…`Ranking.keywordWeight` or, for a short memory, a little more.
    fileprivate(set) var scores: [Float]
    /// Of each block of vectors, the largest of its places.
    fileprivate(set) var largest: [Float]

    fileprivate init(count: Int) {
      scores = [Float](repeating: 0, count: count)
      largest = [Float](
        repeating: 0, count: (count + VectorCodes.blockRowCount - 1) / VectorCodes.blockRowCount)
    }

    @inline(__always)
    fileprivate mutating func add(_ score: Float, at place: Int) {
      scores[place] += score
      let block = place / VectorCodes.blockRowCount
      largest[block] = max(largest[block], scores[place])
    }
  }

  /// What the words add to the score of each place.
  func wordScores(_ statistics: KeywordStatistics) -> WordScores {
    var found = WordScores(count: index.entries.count)
    let total = statistics.totalWeight
    guard total > 0 else { return found }
    let saturation = statistics.saturation
    for (word, places) in places.enumerated() {
      let weight = Ranking.keywordWeight * statistics.weight(word) / total
      places.forEachPosting { posting in
        let share = saturation(posting.occurrences, tokenCount: index.tokenCounts[posting.place])
        found.add(Float(weight * share), at: posting.place)
      }
    }
    let weight = Float(Ranking.keywordWeight * statistics.timeWeight / total)
    for place in timelyPlaces ?? [] { found.add(weight, at: Int(place)) }
    addLosses(statistics, to: &found)
    addDays(statistics, to: &found)
    return found
  }

  /// Adds the words that are a part of the date on which something was said. They raise a hit, and make none.
  private func addDays(_ statistics: KeywordStatistics, to found: inout WordScores) {
    let saturation = statistics.saturation
    for (word, date) in words.dates.enumerated() {
      guard let date else { continue }
      let weight = Ranking.keywordWeight * statistics.weight(word) / statistics.totalWeight
      places[word].forEachSaid(on: date, index.days) { place, occurrences in
        // Most are hits for their vector, which is told by their scale without a look at the entry.
        guard (query != nil && index.vectors.scales[place] > 0) || isHit(index.entries[place], found.scores[place])
        else { return }
        let tokenCount = index.tokenCounts[place]
        let without = occurrences == 0 ? 0 : saturation(occurrences, tokenCount: tokenCount)
        found.add(Float(weight * (saturation(occurrences + 1, tokenCount: tokenCount) - without)), at: place)
      }
    }
  }

  /// Adds the words that texts have lost from what they come from. They raise a hit, and make none.
  private func addLosses(_ statistics: KeywordStatistics, to found: inout WordScores) {
    for (word, places) in places.enumerated() {
      let weight = Ranking.keywordWeight * statistics.weight(word) / statistics.totalWeight
      places.forEachLoss { place, share in
        guard isHit(index.entries[place], found.scores[place]) else { return }
        found.add(Float(weight * share), at: place)
      }
    }
  }

  /// How many tasks look for candidates by meaning and words.
  var scanCount: Int {
    query == nil ? 0 : (index.vectors.blockCount + Self.blocksPerTask - 1) / Self.blocksPerTask
  }

  /// What scan number `number` found, of its memories that are not below `floor` by the signals that are their own.
  func scan(_ number: Int, _ words: WordScores, above floor: ScoreFloor) -> Stretch {
    var found = Stretch()
    guard let query else { return found }
    var best = TopCandidates(capacity: plan.candidateCount)
    found.reserveCapacity(Self.rowsPerScan)
    var cosines = VectorCodes.BlockCosines()
    var voices = VectorCodes.BlockCosines()
    var own = OwnScores(capacity: VectorCodes.blockRowCount)
    let first = number * Self.blocksPerTask
    for block in first..<min(first + Self.blocksPerTask, index.vectors.blockCount) {
      let start = block * VectorCodes.blockRowCount
      index.vectors.compare(query, block: block, into: &cosines)
      var isVoiced = false
      if let voiced, index.entries[start..<start + cosines.count].contains(where: { $0.flags.contains(.verbatim) }) {
        index.vectors.compare(voiced, block: block, into: &voices)
        isVoiced = true
      }
      let highest = isVoiced ? zip(cosines.cosines, voices.cosines).map { max($0, $1) } : cosines.cosines
      found.add(highest[..<cosines.count], words, at: start, &own)
      // Hardly any block, and of it hardly any row, comes further: nothing else of them is looked at.
      var threshold = Float(max(best.threshold, floor.value))
      let largest = max(cosines.largest, isVoiced ? voices.largest : -.infinity)
      guard Self.ownScore(largest, words.largest[block], isAsked: true) >= threshold else { continue }
      own.take(highest[..<cosines.count], words.scores, at: start)
      var next = 0
      while let row = own.next(from: next, atLeast: threshold) {
        next = row + 1
        let entry = index.entries[start + row]
        let cosine = isVoiced && entry.flags.contains(.verbatim) ? voices.cosines[row] : cosines.cosines[row]
        let word = words.scores[start + row]
        var score = Self.ownScore(entry.flags.contains(.hasVector) ? cosine : 0, word, isAsked: isAsked(entry))
        guard score >= threshold, isHit(entry, word), isAllowed(start + row) else { continue }
        score *= Float(standing(entry))
        guard score >= threshold else { continue }
        best.insert(Candidate(score: Double(score), id: entry.id, number: entry.number))
        // It is one of the scores, so that nothing is lost between the two types.
        threshold = Float(max(best.threshold, floor.value))
      }
      floor.raise(to: best.threshold)
    }
    found.best = best.candidates
    return found
  }

  /// What a scan knows of its memories.
  struct Stretch: Sendable {
    /// Of each memory, its cosine.
    fileprivate var cosines: [Float] = []
    /// Of each group, the largest of its memories.
    fileprivate var groups: [OwnScores.Largest] = []
    /// The best by the signals that are their own.
    fileprivate(set) var best: [Candidate] = []

    /// Adds the memories of a block, whose places begin at `start`.
    fileprivate mutating func add(
      _ block: ArraySlice<Float>, _ words: WordScores, at start: Int, _ own: inout OwnScores
    ) {
      cosines.append(contentsOf: block)
      for first in stride(from: 0, to: block.count, by: ContextReaches.groupCount) {
        own.take(block[first..<min(first + ContextReaches.groupCount, block.count)], words.scores, at: start + first)
        groups.append(own.largest)
      }
    }

    fileprivate mutating func reserveCapacity(_ count: Int) {
      cosines.reserveCapacity(count)
      groups.reserveCapacity((count + ContextReaches.groupCount - 1) / ContextReaches.groupCount)
    }
  }

  private static let rowsPerScan = blocksPerTask * VectorCodes.blockRowCount

  /// The memories of scan number `number` that may come to `least` by what stands around them: not those which do by
  /// themselves. `stretches` are those of all scans.
  func lifted(_ number: Int, _ stretches: [Stretch], _ words: WordScores, to least: Double) -> [Candidate] {
    let own = stretches[number]
    let first = number * Self.rowsPerScan
    var best = TopCandidates(capacity: plan.candidateCount)
    var threshold = Float(least)
    var scores = OwnScores(capacity: ContextReaches.groupCount)
    for group in own.groups.indices {
      let start = group * ContextReaches.groupCount
      let end = min(start + ContextReaches.groupCount, own.cosines.count)
      let reach = index.reaches[(first + start) / ContextReaches.groupCount]
      var lift =
        reach == .anywhere ? Self.lift(cosine: 1, word: .infinity) : Self.lift(number, group, stretches)
      guard own.groups[group].score + lift >= threshold else { continue }
      scores.take(own.cosines[start..<end], words.scores, at: first + start)
      if case .places(let places) = reach, start >= places, end + places <= own.cosines.count {
        scores.addLifts(reach: places, own.cosines, at: start, words.scores, at: first + start)
        lift = 0
      }
      var next = 0
      while let row = scores.next(from: next, atLeast: threshold - lift) {
        next = row + 1
        let place = first + start + row
        var (cosine, word) = (Float(0), Float(0))
        forEachContext(of: place) { other in
          cosine = max(cosine, stretches[other / Self.rowsPerScan].cosines[other % Self.rowsPerScan])
          word += words.scores[other]
        }
        var score =
          Self.ownScore(own.cosines[start + row], words.scores[place], isAsked: true)
          + Self.lift(cosine: cosine, word: word)
        guard score >= threshold else { continue }
        let entry = index.entries[place]
        guard isHit(entry, words.scores[place]), isAllowed(place) else { continue }
        score *= Float(standing(entry))
        guard score >= threshold else { continue }
        best.insert(Candidate(score: Double(score), id: entry.id, number: entry.number))
        threshold = max(threshold, Float(best.threshold))
      }
    }
    return best.candidates
  }

  /// Calls `body` with the places around `place`; those that are empty by now may be among them.
  @inline(__always)
  private func forEachContext(of place: Int, _ body: (Int) -> Void) {
    let isOld = place < index.baseCount && !index.contexts[place].isElsewhere
    guard isOld, index.addedByOwner.isEmpty || !index.hasAdded(besides: place) else {
      for other in index.context(of: place) { body(other) }
      return
    }
    index.contexts[place].forEach(from: place, body)
  }

  /// The most that what stands around the memories of a group may add to their scores.
  private static func lift(_ number: Int, _ group: Int, _ stretches: [Stretch]) -> Float {
    var (cosine, word) = (Float(0), Float(0))
    func look(_ number: Int, _ group: Int) {
      guard stretches.indices.contains(number), stretches[number].groups.indices.contains(group) else { return }
      cosine = max(cosine, stretches[number].groups[group].cosine)
      word = max(word, stretches[number].groups[group].words)
    }
    for other in group - 1...group + 1 { look(number, other) }
    if group == 0, number > 0 { look(number - 1, stretches[number - 1].groups.count - 1) }
    if group == stretches[number].groups.count - 1 { look(number + 1, 0) }
    return lift(cosine: cosine, word: word * Float(2 * Utterance.maxDistance))
  }

  /// The most that messages around a memory add to its score, by their best cosine and the sum of what words add to
  /// theirs.
  @inline(__always)
  private static func lift(cosine: Float, word: Float) -> Float {
    let share = Float(KeywordQuery.contextShare)
    return Float(Ranking.contextWeight) * max(cosine, 0) + share * min(word, Float(Ranking.keywordWeight))
  }

  /// The best memories where the query has no vector, likewise.
  func best(_ words: WordScores, above floor: ScoreFloor) -> [Candidate] {
    var best = TopCandidates(capacity: plan.candidateCount)
    func look(_ place: Int) {
      let entry = index.entries[place]
      let score = Self.ownScore(0, words.scores[place], isAsked: isAsked(entry)) * Float(standing(entry))
      guard score >= Float(max(best.threshold, floor.value)), isHit(entry, words.scores[place]), isAllowed(place)
      else { return }
      best.insert(Candidate(score: Double(score), id: entry.id, number: entry.number))
    }
    if askedNames.isEmpty {
      for (block, largest) in words.largest.enumerated() where largest > 0 {
        let start = block * VectorCodes.blockRowCount
        for place in start..<min(start + VectorCodes.blockRowCount, words.scores.count) where words.scores[place] > 0 {
          look(place)
        }
      }
    } else {
      for place in index.entries.indices { look(place) }
    }
    floor.raise(to: best.threshold)
    return best.candidates
  }

  /// What a memory's own signals make of its score, where nothing around it says anything.
  @inline(__always)
  fileprivate static func ownScore(_ cosine: Float, _ word: Float, isAsked: Bool) -> Float {
    Float(Ranking.semanticWeight) * max(cosine, 0) + min(word, Float(Ranking.keywordWeight))
      + (isAsked ? Float(Ranking.personWeight) : 0)
  }

  /// Whether it itself says anything about the query.
  private func isHit(_ entry: TenantIndex.Entry, _ word: Float) -> Bool {
    (query != nil && entry.flags.contains(.hasVector)) || word > 0 || (!askedNames.isEmpty && isAsked(entry))
  }

  /// Numbers of the memories around memory `number` that are the query's: they may rank above it for what it says.
  func around(_ number: Int64, _ words: WordScores) -> [Int64] {
    guard let place = index.place(of: number) else { return [] }
    return index.context(of: place).filter { isAllowed($0) && isHit(index.entries[$0], words.scores[$0]) }
      .map { index.entries[$0].number }
  }
}
