import LanguageModel

/// The vocabulary of an uncased BERT: finds the longest piece at a place of a word.
struct WordPieceVocabulary: Sendable {
  /// Number of pieces of all-MiniLM-L6-v2.
  static let count = 30_522
  static let unknown: UInt16 = 100
  static let start: UInt16 = 101
  static let end: UInt16 = 102

  /// Twice the vocabulary, so that probes are short.
  private static let slotCount = 65_536
  private static let noPiece = UInt16.max

  /// The file's bytes; `offsets[i]..<offsets[i] + lengths[i]` is piece i without its `##`.
  private let bytes: [UInt8]
  private var offsets: [Int32] = []
  private var lengths: [UInt8] = []
  private var continues: [Bool] = []
  private var slots = [UInt16](repeating: Self.noPiece, count: Self.slotCount)
  private var longest = 0

  /// Parses `vocab.txt`: one piece a line, its number being the line's.
  init(bytes: [UInt8]) throws {
    self.bytes = bytes
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      try self.add(start..<end)
      start = end + 1
    }
    guard self.offsets.count == Self.count, self.piece(Self.unknown) == "[UNK]", self.piece(Self.start) == "[CLS]",
      self.piece(Self.end) == "[SEP]"
    else { throw Self.damaged("it does not list the \(Self.count) pieces of BERT uncased") }
  }

  /// The text of a piece, without its `##`.
  func piece(_ id: UInt16) -> String {
    let start = Int(self.offsets[Int(id)])
    return String(decoding: self.bytes[start..<start + Int(self.lengths[Int(id)])], as: UTF8.self)
  }

  /// The longest piece that `word` has at `start`, and where it ends; `word` is UTF-8.
  func longestPiece(in word: [UInt8], from start: Int) -> (id: UInt16, end: Int)? {
    var hash = Self.seed(continues: start > 0)
    var found: (id: UInt16, end: Int)?
    for end in (start + 1)..<(min(word.count, start + self.longest) + 1) {
      hash = Self.extend(hash, word[end - 1])
      // No piece ends inside a scalar.
      if end < word.count, word[end] & 0xC0 == 0x80 { continue }
      if let id = self.find(hash, word, start..<end) { found = (id, end) }
    }
    return found
  }

  private mutating func add(_ line: Range<Int>) throws {
    let continues =
      line.count > 2 && self.bytes[line.lowerBound] == UInt8(ascii: "#")
      && self.bytes[line.lowerBound + 1] == UInt8(ascii: "#")
    let start = line.lowerBound + (continues ? 2 : 0)
    let length = line.upperBound - start
    guard self.offsets.count < Self.count, (1...255).contains(length) else {
      throw Self.damaged("line \(self.offsets.count + 1) is not a piece")
    }
    var hash = Self.seed(continues: continues)
    for byte in self.bytes[start..<line.upperBound] { hash = Self.extend(hash, byte) }
    var slot = Int(Self.finish(hash)) % Self.slotCount
    while self.slots[slot] != Self.noPiece { slot = (slot + 1) % Self.slotCount }
    self.slots[slot] = UInt16(self.offsets.count)
    self.offsets.append(Int32(start))
    self.lengths.append(UInt8(length))
    self.continues.append(continues)
    self.longest = max(self.longest, length)
  }

  private func find(_ hash: UInt32, _ word: [UInt8], _ range: Range<Int>) -> UInt16? {
    var slot = Int(Self.finish(hash)) % Self.slotCount
    while self.slots[slot] != Self.noPiece {
      let id = Int(self.slots[slot])
      let offset = Int(self.offsets[id]) - range.lowerBound
      if Int(self.lengths[id]) == range.count, self.continues[id] == (range.lowerBound > 0),
        range.allSatisfy({ word[$0] == self.bytes[offset + $0] })
      {
        return UInt16(id)
      }
      slot = (slot + 1) % Self.slotCount
    }
    return nil
  }

  // FNV-1a with a last mix, as only the low bits choose the slot.
  private static func seed(continues: Bool) -> UInt32 { continues ? 2_166_136_261 : 0x9E37_79B9 }
  private static func extend(_ hash: UInt32, _ byte: UInt8) -> UInt32 { (hash ^ UInt32(byte)) &* 16_777_619 }
  private static func finish(_ hash: UInt32) -> UInt32 { hash ^ (hash >> 15) }

  private static func damaged(_ what: String) -> ModelError {
    ModelError(.unavailable, "embedding model: vocab.txt is damaged: \(what); delete it and run ops/fetch-model")
  }
}

/// Cuts text into the pieces that BERT uncased was trained on.
struct WordPieceTokenizer: Sendable {
  /// Pieces of one text, the start and end marks included; what follows is not read.
  static let maxPieceCount = 256
  /// Scalars of one text that are looked at, so that a text of blanks or of one endless word costs little.
  static let maxScalarCount = 65_536
  /// Scalars of a word; a longer one is unknown as a whole.
  static let maxWordLength = 100

  let vocabulary: WordPieceVocabulary

  /// The numbers of the text's pieces, between those of `[CLS]` and `[SEP]`. Such names in the text are plain text.
  func encode(_ text: String, _ folding: inout ScalarFolding) -> [UInt16] {
    var builder = Builder(vocabulary: self.vocabulary)
    for scalar in text.unicodeScalars.prefix(Self.maxScalarCount) {
      folding.fold(scalar) { builder.add($0) }
      if builder.isFull { break }
    }
    return builder.finish()
  }

  private struct Builder {
    let vocabulary: WordPieceVocabulary
    var pieces: [UInt16] = [WordPieceVocabulary.start]
    var word: [UInt8] = []
    var wordLength = 0

    var isFull: Bool { self.pieces.count >= WordPieceTokenizer.maxPieceCount - 1 }

    mutating func add(_ folded: ScalarFolding.Folded) {
      switch folded.role {
      case .letter: self.append(folded.scalar)
      case .space: self.endWord()
      case .alone:
        self.endWord()
        self.append(folded.scalar)
        self.endWord()
      }
    }

    mutating func append(_ scalar: Unicode.Scalar) {
      self.wordLength += 1
      if self.wordLength <= WordPieceTokenizer.maxWordLength { self.word.append(contentsOf: UTF8.encode(scalar)!) }
    }

    mutating func endWord() {
      guard self.wordLength > 0 else { return }
      let first = self.pieces.count
      var place = self.wordLength > WordPieceTokenizer.maxWordLength ? Int.max : 0
      while place < self.word.count {
        if let piece = self.vocabulary.longestPiece(in: self.word, from: place) {
          self.pieces.append(piece.id)
          place = piece.end
        } else {
          place = Int.max
        }
      }
      if place == Int.max {
        self.pieces.removeSubrange(first...)
        self.pieces.append(WordPieceVocabulary.unknown)
      }
      self.word.removeAll(keepingCapacity: true)
      self.wordLength = 0
    }

    mutating func finish() -> [UInt16] {
      self.endWord()
      self.pieces.removeLast(max(0, self.pieces.count - (WordPieceTokenizer.maxPieceCount - 1)))
      self.pieces.append(WordPieceVocabulary.end)
      return self.pieces
    }
  }
}
