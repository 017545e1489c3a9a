import FoundationEssentials
public import MnemeCore

extension Filter {
  /// Whether `view` meets the condition: what a filter means, one memory at a time.
  ///
  /// - A comparison is true where any value of the field meets it; of the fields, only the session has several: the
  ///   memory's own
  ///   and its sources'. `ne` and `nin` are the opposites of `eq` and `in`, and so true for a field that is not set.
  /// - Texts are compared as their bytes in UTF-8, numbers by value; values of two kinds are neither equal nor ordered.
  ///   Memory ids are compared as such, in either case.
  /// - `contains` looks for a part of a text, and for an equal text among the elements of a list; `icontains` does so
  ///   in lower case.
  /// - `eq` null is true for what is not set.
  public func matches(_ view: MemoryView) -> Bool {
    switch self {
    case .and(let parts): parts.allSatisfy { $0.matches(view) }
    case .or(let parts): parts.contains { $0.matches(view) }
    case .not(let part): !part.matches(view)
    case .isPresent(let field): field.values(of: view.memory).contains { $0 != .null }
    case .compare(let field, let op, let operand):
      op.holds(field.values(of: view.memory), field.normalized(operand))
    }
  }
}

extension Filter.Field {
  /// The field's values; none where it is not set.
  fileprivate func values(of memory: Memory) -> [JSONValue] {
    func text(_ value: String?) -> [JSONValue] { value.map { [.string($0)] } ?? [] }
    func time(_ value: Timestamp?) -> [JSONValue] { value.map { [.int($0.milliseconds)] } ?? [] }
    switch self {
    case .userID: return text(memory.scope.userID)
    case .agentID: return text(memory.scope.agentID)
    case .appID: return text(memory.scope.appID)
    case .runID: return text(memory.scope.runID) + memory.sources.flatMap { text($0.runID) }
    case .actor: return text(memory.actor)
    case .createdAt: return time(memory.recordedAt)
    case .updatedAt: return time(memory.updatedAt)
    case .timestamp: return time(memory.validFrom.at)
    case .expirationDate: return time(memory.expiresAt)
    case .text: return text(memory.text)
    case .category: return text(memory.category)
    case .memoryID: return text(memory.id.text)
    case .metadata(let path):
      guard let metadata = memory.metadata else { return [] }
      var value = JSONValue.object(metadata)
      for name in path {
        guard let member = value[name] else { return [] }
        value = member
      }
      return [value]
    }
  }

  /// Ids of memories in the one form in which they are compared.
  func normalized(_ operand: JSONValue) -> JSONValue {
    guard self == .memoryID else { return operand }
    switch operand {
    case .string(let text): return .string(text.lowercased())
    case .array(let elements): return .array(elements.map(normalized))
    case .null, .bool, .int, .double, .object: return operand
    }
  }
}

extension Filter.Operator {
  fileprivate func holds(_ values: [JSONValue], _ operand: JSONValue) -> Bool {
    switch self {
    case .eq: Self.equals(values, operand)
    case .ne: !Self.equals(values, operand)
    case .isIn: (operand.arrayValue ?? []).contains { Self.equals(values, $0) }
    case .isNotIn: !(operand.arrayValue ?? []).contains { Self.equals(values, $0) }
    case .gt: values.contains { Self.order($0, operand).map { $0 > 0 } ?? false }
    case .gte: values.contains { Self.order($0, operand).map { $0 >= 0 } ?? false }
    case .lt: values.contains { Self.order($0, operand).map { $0 < 0 } ?? false }
    case .lte: values.contains { Self.order($0, operand).map { $0 <= 0 } ?? false }
    case .contains: values.contains { Self.contains($0, operand) { $0 } }
    case .icontains: values.contains { Self.contains($0, operand, FilterText.folded) }
    }
  }

  private static func equals(_ values: [JSONValue], _ operand: JSONValue) -> Bool {
    switch operand {
    case .null: values.allSatisfy { $0 == .null }
    case .bool: values.contains { $0 == operand }
    case .int, .double, .string: values.contains { order($0, operand) == 0 }
    case .array, .object: false
    }
  }

  /// Below 0, 0 or above 0, as `left` is less, equal or greater; nil where the two have no order.
  private static func order(_ left: JSONValue, _ right: JSONValue) -> Int? {
    switch (left, right) {
    case (.string(let left), .string(let right)): order(left.utf8, right.utf8)
    case (.int(let left), .int(let right)): left < right ? -1 : left == right ? 0 : 1
    case (.double(let left), .double(let right)): left < right ? -1 : left == right ? 0 : 1
    case (.int(let left), .double(let right)): order(left, right)
    case (.double(let left), .int(let right)): order(right, left).map { -$0 }
    default: nil
    }
  }

  private static func order(_ left: String.UTF8View, _ right: String.UTF8View) -> Int {
    if left.lexicographicallyPrecedes(right) { return -1 }
    return left.elementsEqual(right) ? 0 : 1
  }

  /// Exact, where turning the integer into a double would round.
  private static func order(_ left: Int64, _ right: Double) -> Int? {
    guard !right.isNaN else { return nil }
    if right >= 0x1p63 { return -1 }
    if right < -0x1p63 { return 1 }
    let whole = Int64(right.rounded(.down))
    if left != whole { return left < whole ? -1 : 1 }
    return right > Double(whole) ? -1 : 0
  }

  private static func contains(_ value: JSONValue, _ operand: JSONValue, _ form: (String) -> String) -> Bool {
    guard let part = operand.stringValue.map(form) else { return false }
    switch value {
    case .string(let text): return FilterText.contains(form(text), part)
    case .array(let elements):
      return elements.contains { $0.stringValue.map { form($0).utf8.elementsEqual(part.utf8) } ?? false }
    case .null, .bool, .int, .double, .object: return false
    }
  }
}

/// Texts as filters compare them.
enum FilterText {
  /// The form in which case does not count: Unicode's full lower-case mapping.
  static func folded(_ text: String) -> String { text.lowercased() }

  /// Whether the bytes of `part` occur in those of `text`; the empty text occurs everywhere.
  static func contains(_ text: String, _ part: String) -> Bool {
    let (text, part) = (Array(text.utf8), Array(part.utf8))
    guard text.count >= part.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }
}
