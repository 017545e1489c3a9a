import Foundation

/// BERT's text normalisation for an uncased model, one Unicode scalar at a time: controls go, white space becomes
/// space, ideographs stand alone, accents are stripped after canonical decomposition, letters become lower case.
/// Agrees with the tokenizer that made the reference vectors (Hugging Face tokenizers), which knows the categories of
/// Unicode 8: a later scalar is a letter.
struct ScalarFolding {
  /// What a normalised scalar does to the word around it.
  enum Role: UInt8 {
    case letter, space
    /// A word of its own.
    case alone
  }

  /// One normalised scalar.
  struct Folded {
    var role: Role
    var scalar: Unicode.Scalar
  }

  /// How many different scalars beyond ASCII are remembered.
  static let maxRememberedCount = 4096

  private static let ascii: [Folded?] = (0..<128).map { Self.foldASCII(UInt8($0)) }

  private var remembered: [Unicode.Scalar: [Folded]] = [:]

  /// How many scalars are remembered.
  var rememberedCount: Int { self.remembered.count }

  /// Calls `body` with each scalar that `scalar` becomes; with none if it is dropped.
  mutating func fold(_ scalar: Unicode.Scalar, _ body: (Folded) -> Void) {
    if scalar.isASCII {
      if let folded = Self.ascii[Int(scalar.value)] { body(folded) }
      return
    }
    if let folded = self.remembered[scalar] {
      return folded.forEach(body)
    }
    let folded = Self.foldAny(scalar)
    if self.remembered.count == Self.maxRememberedCount { self.remembered.removeAll(keepingCapacity: true) }
    self.remembered[scalar] = folded
    folded.forEach(body)
  }

  private static func foldASCII(_ byte: UInt8) -> Folded? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): Folded(role: .letter, scalar: Unicode.Scalar(byte + 32))
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      Folded(role: .letter, scalar: Unicode.Scalar(byte))
    case 0x09, 0x0A, 0x0D, 0x20: Folded(role: .space, scalar: " ")
    case 0x21...0x7E: Folded(role: .alone, scalar: Unicode.Scalar(byte))
    default: nil
    }
  }

  private static func foldAny(_ scalar: Unicode.Scalar) -> [Folded] {
    switch Self.category(scalar) {
    case .control, .format, .privateUse, .surrogate: return []
    default: break
    }
    if scalar == "\u{FFFD}" { return [] }
    let stands = Self.isIdeograph(scalar)
    var folded: [Folded] = []
    for part in String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars
    where Self.category(part) != .nonspacingMark {
      for lower in part.properties.lowercaseMapping.unicodeScalars {
        folded.append(Folded(role: stands ? .alone : Self.role(lower), scalar: lower))
      }
    }
    return folded
  }

  private static func category(_ scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    guard let age = scalar.properties.age, age.major <= 8 else { return .unassigned }
    return scalar.properties.generalCategory
  }

  private static func role(_ scalar: Unicode.Scalar) -> Role {
    if scalar.isASCII { return Self.ascii[Int(scalar.value)]?.role ?? .letter }
    if scalar.properties.isWhitespace { return .space }
    switch Self.category(scalar) {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return .alone
    default: return .letter
    }
  }

  /// The ideographs that the reference surrounds with spaces; the gap before 2B920 is its own.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
