import CStemmer
import MnemeCore

/// Snowball's stemmer of one language. One thread at a time may use it.
@safe final class WordStemmer {
  // It is there as long as this is, and nothing outside of this knows it.
  private let stemmer: OpaquePointer

  /// The stemmer of `language`.
  init(_ language: TextLanguage) {
    let found = language.code.withUTF8Buffer { code in
      // A static string ends with a zero.
      unsafe sb_stemmer_new(UnsafeRawPointer(code.baseAddress!).assumingMemoryBound(to: CChar.self), "UTF_8")
    }
    // Debian's library has all of them; the linker has seen that it is there.
    guard let found = unsafe found else { preconditionFailure("libstemmer lacks a language") }
    unsafe stemmer = found
  }

  deinit { unsafe sb_stemmer_delete(stemmer) }

  /// The stem of a word in lower case, in UTF-8. It stands until the next one is asked for.
  func stem(_ word: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard let start = word.baseAddress else { return unsafe word }
    let stem = unsafe sb_stemmer_stem(
      stemmer, start.assumingMemoryBound(to: sb_symbol.self), CInt(word.count))
    guard let stem = unsafe stem else { preconditionFailure("out of memory") }
    return unsafe UnsafeRawBufferPointer(start: stem, count: Int(sb_stemmer_length(stemmer)))
  }
}
