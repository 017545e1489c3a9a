/// Takes a document of many memories apart while it is read, so that none of its size has to fit into memory, and one
/// broken element breaks no other: a list, an object with a list `results`, or objects one after another.
///
/// What an element is, its reader says; here brackets are counted and texts skipped.
package struct JSONElements {
  /// Largest element, in bytes.
  package static let maxByteCount = 4 << 20

  /// One element.
  package enum Element: Hashable, Sendable {
    /// Its bytes, without the space around them.
    case bytes([UInt8])
    /// It has more than `maxByteCount` bytes.
    case tooLarge
  }

  private static let listName = Array("results".utf8)

  private var depth = 0
  private var isInText = false
  private var isEscaped = false
  /// How deep the list is whose elements are wanted; 0 before it is found.
  private var listDepth = 0
  private var isInObject = false
  private var hasFoundList = false
  /// The last text in the outermost object, which names the member that begins.
  private var name: [UInt8] = []
  private var element: [UInt8] = []
  private var isTooLarge = false

  /// Before the first byte.
  package init() {}

  /// Reads on, and hands out the elements that are complete.
  package mutating func read(_ bytes: [UInt8], _ found: (Element) throws -> Void) rethrows {
    for byte in bytes { try read(byte, found) }
  }

  /// Hands out what is left after the last byte; false where the document ends inside of a value.
  package mutating func finish(_ found: (Element) throws -> Void) rethrows -> Bool {
    guard depth == 0, !isInText else { return false }
    try end(found)
    return true
  }

  private mutating func read(_ byte: UInt8, _ found: (Element) throws -> Void) rethrows {
    if isInText {
      keep(byte)
      readText(byte)
      return
    }
    switch byte {
    case UInt8(ascii: "\""):
      isInText = true
      name.removeAll(keepingCapacity: true)
      keep(byte)
    case UInt8(ascii: "["), UInt8(ascii: "{"): open(byte)
    case UInt8(ascii: "]"), UInt8(ascii: "}"): try close(byte, found)
    case UInt8(ascii: ",") where depth == listDepth: try end(found)
    default: keep(byte)
    }
  }

  private mutating func readText(_ byte: UInt8) {
    if isEscaped {
      isEscaped = false
    } else if byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "\"") {
      isInText = false
      return
    }
    if depth == 1, name.count <= Self.listName.count { name.append(byte) }
  }

  private mutating func open(_ byte: UInt8) {
    depth += 1
    let isList = byte == UInt8(ascii: "[")
    if depth == 1 { (isInObject, hasFoundList) = (!isList, false) }
    if listDepth == 0, isList, depth == 1 || depth == 2 && isInObject && name == Self.listName {
      (listDepth, hasFoundList) = (depth, true)
      clear()
    } else {
      keep(byte)
    }
  }

  private mutating func close(_ byte: UInt8, _ found: (Element) throws -> Void) rethrows {
    let isEndOfList = listDepth > 0 && depth == listDepth
    if isEndOfList { try end(found) }
    depth = max(0, depth - 1)
    if isEndOfList {
      listDepth = 0
    } else {
      keep(byte)
    }
    guard depth == 0 else { return }
    // An object with a list is not an element itself.
    if hasFoundList { clear() } else { try end(found) }
    hasFoundList = false
  }

  private mutating func keep(_ byte: UInt8) {
    // After its list, and between two values, an object has nothing that is wanted.
    guard listDepth > 0 || !hasFoundList else { return }
    if element.isEmpty, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { return }
    guard element.count < Self.maxByteCount else {
      isTooLarge = true
      return
    }
    element.append(byte)
  }

  private mutating func end(_ found: (Element) throws -> Void) rethrows {
    defer { clear() }
    if isTooLarge { return try found(.tooLarge) }
    while let last = element.last, [0x20, 0x09, 0x0a, 0x0d].contains(last) { element.removeLast() }
    if !element.isEmpty { try found(.bytes(element)) }
  }

  private mutating func clear() {
    element.removeAll(keepingCapacity: true)
    isTooLarge = false
  }
}
