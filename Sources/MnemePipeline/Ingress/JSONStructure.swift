import FoundationEssentials

/// Finds what two readers of the same JSON could understand differently, or what would exhaust a reader: to be asked
/// before JSON from outside is decoded. Whether it is JSON at all is the decoder's to say.
enum JSONStructure {
  /// Deepest nesting of arrays and objects.
  static let maxDepth = 64

  /// Why the document is not to be decoded; nil where nothing is wrong with it but perhaps its syntax.
  static func violation(in bytes: [UInt8]) -> String? {
    guard String(validating: bytes, as: UTF8.self) != nil else { return "it is no valid JSON in UTF-8" }
    var scan = Scan(bytes: bytes)
    return scan.violation()
  }

  private struct Scan {
    private enum Frame {
      case array
      case object(names: Set<[UInt8]>)
    }

    let bytes: [UInt8]
    private var index = 0
    private var frames: [Frame] = []
    private var expectsName = false

    init(bytes: [UInt8]) {
      self.bytes = bytes
    }

    mutating func violation() -> String? {
      while self.index < self.bytes.count {
        let byte = self.bytes[self.index]
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          guard self.frames.count < maxDepth else { return "nesting is deeper than \(maxDepth) levels" }
          self.expectsName = byte == UInt8(ascii: "{")
          self.frames.append(self.expectsName ? .object(names: []) : .array)
          self.index += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          _ = self.frames.popLast()
          self.expectsName = false
          self.index += 1
        case UInt8(ascii: ","):
          if case .object = self.frames.last { self.expectsName = true }
          self.index += 1
        case UInt8(ascii: "\""):
          let text = self.text()
          if self.expectsName, !self.isNew(text) { return "a member stands twice in one object" }
          self.expectsName = false
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
          guard self.holdsNumber() else { return "a whole number does not fit in 64 bits" }
        default:
          self.index += 1
        }
      }
      return nil
    }

    /// The string that begins here, with its quotation marks.
    private mutating func text() -> [UInt8] {
      let start = self.index
      self.index += 1
      while self.index < self.bytes.count {
        let byte = self.bytes[self.index]
        self.index += byte == UInt8(ascii: "\\") ? 2 : 1
        if byte == UInt8(ascii: "\"") { break }
      }
      self.index = min(self.index, self.bytes.count)
      return Array(self.bytes[start..<self.index])
    }

    /// Notes a member's name; false where the object has one of the same name.
    private mutating func isNew(_ text: [UInt8]) -> Bool {
      guard case .object(var names) = self.frames.popLast() else {
        preconditionFailure("a name is expected in objects only")
      }
      var name = text
      if text.contains(UInt8(ascii: "\\")), let plain = try? JSONDecoder().decode(String.self, from: Data(text)) {
        name = [UInt8(ascii: "\"")] + Array(plain.utf8) + [UInt8(ascii: "\"")]
      }
      let isNew = names.insert(name).inserted
      self.frames.append(.object(names: names))
      return isNew
    }

    /// Skips the number that begins here; false where it is whole and too large.
    private mutating func holdsNumber() -> Bool {
      let start = self.index
      var isWhole = true
      while self.index < self.bytes.count {
        switch self.bytes[self.index] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
        case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"): isWhole = false
        default: return !isWhole || self.isInt64(start)
        }
        self.index += 1
      }
      return !isWhole || self.isInt64(start)
    }

    private func isInt64(_ start: Int) -> Bool {
      Int64(String(decoding: self.bytes[start..<self.index], as: UTF8.self)) != nil
    }
  }
}
