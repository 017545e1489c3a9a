/// What a Python pickle says. Nothing of it is carried out: a class or a function that it names is a name here, and an
/// object is the name of what would have made it, with what that would have been given.
package struct Pickle: Sendable {
  /// A value; of those that hold others, where they stand among the nodes: pickles share them, and may run in circles.
  package enum Value: Hashable, Sendable {
    case none
    case bool(Bool)
    case int(Int64)
    /// An integer that 64 bits cannot hold.
    case largeInteger
    case double(Double)
    case text(String)
    case bytes([UInt8])
    /// A class or a function: `module.name`.
    case global(String)
    /// The node of that index.
    case node(Int)
  }

  /// A value that holds others.
  package struct Node: Hashable, Sendable {
    /// What it is.
    package enum Kind: Hashable, Sendable {
      case list, tuple, set, dictionary
      /// An object: what was to make it, and with which arguments.
      case object(maker: Value, arguments: Value)
    }

    /// What it is.
    package var kind: Kind
    /// Elements of a list, a tuple or a set, or of an object that is like one.
    package var elements: [Value] = []
    /// Entries of a dictionary, or of an object that is like one.
    package var entries: [Entry] = []
    /// What an object was to take over as its attributes.
    package var state: Value = .none
  }

  /// One entry of a dictionary.
  package struct Entry: Hashable, Sendable {
    /// Its key.
    package var key: Value
    /// Its value.
    package var value: Value
  }

  /// The values that hold others.
  package let nodes: [Node]
  /// What was pickled.
  package let root: Value

  /// The node that `value` names; nil for a value that holds no others.
  package func node(_ value: Value) -> Node? {
    if case .node(let index) = value { nodes[index] } else { nil }
  }

  /// Attribute `name` of an object, as a class without a word of its own in the matter pickles it, or as pydantic does.
  package func attribute(_ name: String, of object: Value) -> Value? {
    guard let node = node(object), case .object = node.kind else { return nil }
    var state = node.state
    // Attributes, and those in slots.
    if let pair = self.node(state), pair.kind == .tuple, let first = pair.elements.first { state = first }
    return entry(name, of: entry("__dict__", of: state) ?? state)
  }

  /// The value of text `key` in a dictionary; the last one where it stands there several times.
  package func entry(_ key: String, of dictionary: Value) -> Value? {
    node(dictionary)?.entries.last { $0.key == .text(key) }?.value
  }
}

extension Pickle {
  /// Deepest nesting of a value that is taken for JSON.
  package static let maxDepth = 64
  /// Most values that one value holds, in all, where it is taken for JSON: shared ones count as often as they stand
  /// there.
  package static let maxValueCount = 100_000

  /// `value` as JSON.
  /// - Throws: `PickleError` where it holds what JSON has not, or is too deep or too large.
  package func json(_ value: Value) throws(PickleError) -> JSONValue {
    var count = 0
    return try json(value, depth: 0, &count)
  }

  private func json(_ value: Value, depth: Int, _ count: inout Int) throws(PickleError) -> JSONValue {
    count += 1
    guard depth <= Self.maxDepth, count <= Self.maxValueCount else {
      throw PickleError("a value is nested too deep or holds too much")
    }
    switch value {
    case .none: return .null
    case .bool(let flag): return .bool(flag)
    case .int(let number): return .int(number)
    case .double(let number):
      guard number.isFinite else { throw PickleError("a number is not finite") }
      return .double(number)
    case .text(let text): return .string(text)
    case .largeInteger, .bytes, .global: throw PickleError("a value is none that JSON has")
    case .node(let index): return try json(nodes[index], depth: depth, &count)
    }
  }

  private func json(_ node: Node, depth: Int, _ count: inout Int) throws(PickleError) -> JSONValue {
    switch node.kind {
    case .list, .tuple, .set:
      var elements: [JSONValue] = []
      for element in node.elements { elements.append(try json(element, depth: depth + 1, &count)) }
      return .array(elements)
    case .object where node.entries.isEmpty: throw PickleError("a value is an object of a class of its own")
    case .dictionary, .object:
      var members: [String: JSONValue] = [:]
      for entry in node.entries {
        let name: String
        switch entry.key {
        case .text(let text): name = text
        case .int(let number): name = String(number)
        case .none, .bool, .largeInteger, .double, .bytes, .global, .node:
          throw PickleError("a dictionary has a key that is no text")
        }
        members[name] = try json(entry.value, depth: depth + 1, &count)
      }
      return .object(members)
    }
  }
}

/// Why bytes are no pickle that is understood. Its text holds none of them.
package struct PickleError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  package let description: String
  /// Bytes do not change: never.
  package var isRetriable: Bool { false }

  /// An error because of `description`.
  init(_ description: String) { self.description = description }
}
