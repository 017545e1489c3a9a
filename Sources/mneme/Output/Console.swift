import FoundationEssentials
import Glibc

/// What a command says: one JSON document or plain lines on stdout, everything else on stderr.
enum Console {
  /// Whether stdout is a terminal that shows colours.
  static let showsColor = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
  /// Whether stderr is a terminal.
  static let isInteractive = isatty(STDERR_FILENO) == 1

  /// A line on stdout.
  static func line(_ text: String = "") {
    write(text + "\n", to: STDOUT_FILENO)
  }

  /// A line on stderr.
  static func note(_ text: String) {
    write(text + "\n", to: STDERR_FILENO)
  }

  /// Text on stderr with no line end, for progress bars.
  static func status(_ text: String) {
    write(text, to: STDERR_FILENO)
  }

  /// Asks on the terminal; false where there is none to ask.
  static func confirm(_ question: String) -> Bool {
    guard isatty(STDIN_FILENO) == 1, isInteractive else { return false }
    status("\(question) [yes/no] ")
    return readLine()?.lowercased() == "yes"
  }

  /// One JSON document on stdout, its keys in snake case.
  static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    line(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// The text in bold, on a terminal.
  static func bold(_ text: String) -> String { showsColor ? "\u{1b}[1m\(text)\u{1b}[0m" : text }

  /// The text in grey, on a terminal.
  static func dim(_ text: String) -> String { showsColor ? "\u{1b}[2m\(text)\u{1b}[0m" : text }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      // Nobody listens any longer, as when the output of `head` is full: there is nobody to tell.
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
