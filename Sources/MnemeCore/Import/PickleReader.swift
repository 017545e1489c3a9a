extension Pickle {
  /// Largest pickle that is read, in bytes.
  package static let maxByteCount = 16 << 20

  /// Reads a pickle of protocols 2 to 5. Work and memory are bounded by the number of bytes.
  /// - Throws: `PickleError`.
  package init(_ bytes: [UInt8]) throws(PickleError) {
    guard bytes.count <= Self.maxByteCount else { throw PickleError("more than \(Self.maxByteCount) bytes") }
    var reader = PickleReader(bytes)
    let root = try reader.read()
    self.init(nodes: reader.nodes, root: root)
  }
}

/// The machine that a pickle is written for: a stack, marks on it, and a memo. It makes values and calls nothing.
private struct PickleReader {
  private let bytes: [UInt8]
  private var index = 0
  private var stack: [Pickle.Value] = []
  private var marks: [Int] = []
  private var memo: [Int: Pickle.Value] = [:]
  /// Values that hold others.
  private(set) var nodes: [Pickle.Node] = []

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func read() throws(PickleError) -> Pickle.Value {
    while true {
      let opcode = try byte()
      if opcode == UInt8(ascii: ".") { return try pop() }
      if try number(opcode) { continue }
      if try text(opcode) { continue }
      if try memory(opcode) { continue }
      if try container(opcode) { continue }
      if try object(opcode) { continue }
      guard try framing(opcode) else {
        throw PickleError("opcode \(opcode) is none that plain data needs")
      }
    }
  }

  // MARK: Bytes

  private mutating func byte() throws(PickleError) -> UInt8 {
    guard index < bytes.count else { throw PickleError("it ends early") }
    defer { index += 1 }
    return bytes[index]
  }

  private mutating func take(_ count: Int) throws(PickleError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - index else { throw PickleError("it ends early") }
    defer { index += count }
    return bytes[index..<index + count]
  }

  /// A number of `count` bytes, the least one first.
  private mutating func unsigned(_ count: Int) throws(PickleError) -> UInt64 {
    try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A length of `count` bytes.
  private mutating func length(_ count: Int) throws(PickleError) -> Int {
    guard let length = Int(exactly: try unsigned(count)) else { throw PickleError("it ends early") }
    return length
  }

  private mutating func string(_ count: Int) throws(PickleError) -> String {
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw PickleError("a text is no valid UTF-8")
    }
    return text
  }

  private mutating func line() throws(PickleError) -> String {
    guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) else { throw PickleError("it ends early") }
    defer { index = end + 1 }
    return try string(end - index)
  }

  // MARK: Stack

  private mutating func push(_ value: Pickle.Value) { stack.append(value) }

  private mutating func push(_ node: Pickle.Node) {
    nodes.append(node)
    push(.node(nodes.count - 1))
  }

  private mutating func pop() throws(PickleError) -> Pickle.Value {
    // What lies under a mark is not to be had before the mark is.
    guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw PickleError("its stack is empty") }
    return value
  }

  private mutating func popMark() throws(PickleError) -> [Pickle.Value] {
    guard let mark = marks.popLast() else { throw PickleError("a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  /// Index of the node on top.
  private func top() throws(PickleError) -> Int {
    guard stack.count > marks.last ?? 0, case .node(let index) = stack.last else {
      throw PickleError("something is put into a value that holds no others")
    }
    return index
  }

  private func entries(_ values: [Pickle.Value]) throws(PickleError) -> [Pickle.Entry] {
    guard values.count.isMultiple(of: 2) else { throw PickleError("a key has no value") }
    return stride(from: 0, to: values.count, by: 2).map { Pickle.Entry(key: values[$0], value: values[$0 + 1]) }
  }

  // MARK: Opcodes; each group returns whether the opcode is one of its own

  private mutating func number(_ opcode: UInt8) throws(PickleError) -> Bool {
    switch opcode {
    case UInt8(ascii: "G"):
      let bits = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      push(.double(Double(bitPattern: bits)))
    case UInt8(ascii: "K"): push(.int(Int64(try byte())))
    case UInt8(ascii: "M"): push(.int(Int64(try unsigned(2))))
    case UInt8(ascii: "J"): push(.int(Int64(Int32(truncatingIfNeeded: try unsigned(4)))))
    case 0x8a: push(try integer(Int(try byte())))
    case 0x8b: push(try integer(try length(4)))
    case UInt8(ascii: "N"): push(.none)
    case 0x88: push(.bool(true))
    case 0x89: push(.bool(false))
    default: return false
    }
    return true
  }

  /// An integer in two's complement, the least byte first.
  private mutating func integer(_ count: Int) throws(PickleError) -> Pickle.Value {
    let bytes = try take(count)
    let isNegative = (bytes.last ?? 0) & 0x80 != 0
    guard bytes.count <= 8 else { return .largeInteger }
    let start: UInt64 = isNegative ? .max : 0
    return .int(Int64(bitPattern: bytes.reversed().reduce(start) { $0 << 8 | UInt64($1) }))
  }

  private mutating func text(_ opcode: UInt8) throws(PickleError) -> Bool {
    switch opcode {
    case 0x8c: push(.text(try string(Int(try byte()))))
    case UInt8(ascii: "X"): push(.text(try string(try length(4))))
    case 0x8d: push(.text(try string(try length(8))))
    case UInt8(ascii: "C"), UInt8(ascii: "U"): push(.bytes(Array(try take(Int(try byte())))))
    case UInt8(ascii: "B"), UInt8(ascii: "T"): push(.bytes(Array(try take(try length(4)))))
    case 0x8e, 0x96: push(.bytes(Array(try take(try length(8)))))
    default: return false
    }
    return true
  }

  private mutating func memory(_ opcode: UInt8) throws(PickleError) -> Bool {
    switch opcode {
    case 0x94: memo[memo.count] = try peek()
    case UInt8(ascii: "q"): memo[Int(try byte())] = try peek()
    case UInt8(ascii: "r"): memo[try length(4)] = try peek()
    case UInt8(ascii: "h"): try recall(Int(try byte()))
    case UInt8(ascii: "j"): try recall(try length(4))
    default: return false
    }
    return true
  }

  private func peek() throws(PickleError) -> Pickle.Value {
    guard stack.count > marks.last ?? 0, let value = stack.last else { throw PickleError("its stack is empty") }
    return value
  }

  private mutating func recall(_ place: Int) throws(PickleError) {
    guard let value = memo[place] else { throw PickleError("it recalls what it did not remember") }
    push(value)
  }

  private mutating func container(_ opcode: UInt8) throws(PickleError) -> Bool {
    switch opcode {
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "]"): push(Pickle.Node(kind: .list))
    case UInt8(ascii: ")"): push(Pickle.Node(kind: .tuple))
    case UInt8(ascii: "}"): push(Pickle.Node(kind: .dictionary))
    case 0x8f: push(Pickle.Node(kind: .set))
    case UInt8(ascii: "l"): push(Pickle.Node(kind: .list, elements: try popMark()))
    case UInt8(ascii: "t"): push(Pickle.Node(kind: .tuple, elements: try popMark()))
    case UInt8(ascii: "d"): push(Pickle.Node(kind: .dictionary, entries: try entries(try popMark())))
    case 0x91: push(Pickle.Node(kind: .set, elements: try popMark()))
    case 0x85...0x87:
      var elements: [Pickle.Value] = []
      for _ in 0x85...opcode { elements.append(try pop()) }
      push(Pickle.Node(kind: .tuple, elements: elements.reversed()))
    case UInt8(ascii: "a"):
      let element = try pop()
      nodes[try top()].elements.append(element)
    case UInt8(ascii: "e"), 0x90:
      let elements = try popMark()
      nodes[try top()].elements += elements
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      nodes[try top()].entries.append(Pickle.Entry(key: key, value: value))
    case UInt8(ascii: "u"):
      let found = try entries(try popMark())
      nodes[try top()].entries += found
    default: return false
    }
    return true
  }

  private mutating func object(_ opcode: UInt8) throws(PickleError) -> Bool {
    switch opcode {
    case UInt8(ascii: "c"): push(.global(try line() + "." + (try line())))
    case 0x93:
      guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
        throw PickleError("a name is no text")
      }
      push(.global("\(module).\(name)"))
    case UInt8(ascii: "R"), 0x81, 0x92:
      // A call, an object of a class, and one that takes arguments by name besides, which are not needed.
      if opcode == 0x92 { _ = try pop() }
      let arguments = try pop()
      push(Pickle.Node(kind: .object(maker: try pop(), arguments: arguments)))
    case UInt8(ascii: "b"):
      let state = try pop()
      nodes[try top()].state = state
    default: return false
    }
    return true
  }

  private mutating func framing(_ opcode: UInt8) throws(PickleError) -> Bool {
    switch opcode {
    case 0x80:
      guard (2...5).contains(try byte()) else { throw PickleError("its protocol is not one of 2 to 5") }
    case 0x95: _ = try take(8)
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popMark()
    case UInt8(ascii: "2"): push(try peek())
    default: return false
    }
    return true
  }
}
