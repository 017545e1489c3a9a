/// How many tokens a text is for a language model, estimated from above without knowing the model.
///
/// Each tokenizer cuts otherwise; this counts as the less frugal ones do. Two half tokens are a token:
/// - a run of ASCII letters, which ends where a capital follows a small letter: one token for its first four letters,
///   and one for every two further ones;
/// - every digit, every mark and every line break: one token; a space belongs to what follows it;
/// - any other character of two bytes in UTF-8 (accented Latin, Greek, Cyrillic, Hebrew, Arabic): one and a half; of
///   three bytes (Han, kana, hangul, Indic scripts): two; of four bytes (emoji): three.
///
/// On English conversations that is 1.4 to 1.6 times what a vocabulary of 65,000 entries needs, and less than what it
/// needs in one message of a thousand.
public enum TokenEstimate {
  /// The tokens of `text`. Two texts with a space between them have at most as many as both have by themselves.
  public static func count(_ text: some StringProtocol) -> Int {
    var halves = 0
    var runLength = 0
    var lastIsSmall = false
    for byte in text.utf8 {
      let isCapital = (65...90).contains(byte)
      guard isCapital || (97...122).contains(byte) else {
        halves += tokens(run: runLength) * 2 + halfTokens(byte)
        runLength = 0
        continue
      }
      if isCapital, lastIsSmall, runLength > 0 {
        halves += tokens(run: runLength) * 2
        runLength = 0
      }
      lastIsSmall = !isCapital
      runLength += 1
    }
    halves += tokens(run: runLength) * 2
    return (halves + 1) / 2
  }

  private static func tokens(run length: Int) -> Int {
    length == 0 ? 0 : 1 + (max(length - 4, 0) + 1) / 2
  }

  /// Of a byte that is no ASCII letter: characters of several bytes count with their first one.
  private static func halfTokens(_ byte: UInt8) -> Int {
    switch byte {
    case UInt8(ascii: " "): 0
    case ..<0x80: 2
    case ..<0xC0: 0
    case ..<0xE0: 3
    case ..<0xF0: 4
    default: 6
    }
  }
}
