import FoundationEssentials
import GRDB
import MnemeCore

/// A condition on rows `m` of `memories`, with the values of its parameters. It is 0 or 1 for every row, never NULL.
struct FilterSQL {
  private(set) var sql = ""
  private(set) var arguments = StatementArguments()

  /// What `Filter.matches` says, in SQL.
  init(_ filter: Filter) {
    append(filter)
  }

  private mutating func append(_ filter: Filter) {
    switch filter {
    case .and(let parts): append(parts, joinedBy: " AND ", empty: true)
    case .or(let parts): append(parts, joinedBy: " OR ", empty: false)
    case .not(let part):
      sql += "NOT ("
      append(part)
      sql += ")"
    case .isPresent(let field): appendPresence(of: field)
    case .compare(let field, let op, let operand): append(field, op, field.normalized(operand))
    }
  }

  private mutating func append(_ parts: [Filter], joinedBy connective: String, empty: Bool) {
    guard !parts.isEmpty else {
      appendConstant(empty)
      return
    }
    sql += "("
    for (index, part) in parts.enumerated() {
      if index > 0 { sql += connective }
      append(part)
    }
    sql += ")"
  }

  private mutating func append(_ field: Filter.Field, _ op: Filter.Operator, _ operand: JSONValue) {
    switch op {
    case .ne:
      sql += "NOT "
      append(field, .eq, operand)
    case .isNotIn:
      sql += "NOT "
      append(field, .isIn, operand)
    case .isIn: appendMembership(field, operand.arrayValue ?? [])
    case .eq, .gt, .gte, .lt, .lte, .contains, .icontains:
      switch field {
      case .metadata(let path): appendMetadata(path, op, operand)
      case .runID: appendRun(op, operand)
      case .createdAt: appendColumn("m.recorded_at", isNumber: true, op, operand)
      case .updatedAt: appendColumn("m.updated_at", isNumber: true, op, operand)
      case .timestamp: appendColumn("m.valid_from", isNumber: true, op, operand)
      case .expirationDate: appendColumn("m.expires_at", isNumber: true, op, operand)
      case .memoryID where op == .eq: appendIdentity(operand)
      default: appendColumn(Self.textColumn(field), isNumber: false, op, operand)
      }
    }
  }

  private static func textColumn(_ field: Filter.Field) -> String {
    switch field {
    case .userID: "m.user_id"
    case .agentID: "m.agent_id"
    case .appID: "m.app_id"
    case .actor: "m.actor"
    case .text: "m.text"
    case .category: "m.category"
    case .memoryID: "\(FilterFunctions.idText)(m.id)"
    case .runID, .createdAt, .updatedAt, .timestamp, .expirationDate, .metadata:
      preconditionFailure("\(self) is no text column")
    }
  }

  private mutating func appendPresence(of field: Filter.Field) {
    switch field {
    case .runID:
      sql += "(m.run_id IS NOT NULL OR "
      sql += "EXISTS (SELECT 1 FROM sources s WHERE s.memory = m.memory AND s.run_id IS NOT NULL))"
    case .metadata(let path):
      sql += "(ifnull("
      appendMetadataType(path)
      sql += ", 'null') <> 'null')"
    case .createdAt, .updatedAt, .timestamp: appendConstant(true)
    case .expirationDate: sql += "(m.expires_at IS NOT NULL)"
    default: sql += "(\(Self.textColumn(field)) IS NOT NULL)"
    }
  }

  private mutating func appendMembership(_ field: Filter.Field, _ elements: [JSONValue]) {
    let texts = elements.compactMap(\.stringValue)
    // One parameter for any number of texts, where the field's text is a column.
    let column: String? =
      switch field {
      case .userID, .agentID, .appID, .actor, .text, .category: Self.textColumn(field)
      default: nil
      }
    if let column, texts.count == elements.count, !texts.isEmpty {
      sql += "ifnull(\(column) IN (SELECT value FROM json_each(?)), 0)"
      bind(StoredJSON.encode(texts))
    } else if field == .memoryID, texts.count == elements.count, !texts.isEmpty {
      sql += "ifnull(m.id IN (SELECT \(FilterFunctions.idBytes)(value) FROM json_each(?)), 0)"
      bind(StoredJSON.encode(texts))
    } else if field == .runID, texts.count == elements.count, !texts.isEmpty {
      sql += "m.memory IN (SELECT r.memory FROM runs r WHERE r.run_id IN (SELECT value FROM json_each(?)))"
      bind(StoredJSON.encode(texts))
    } else {
      // SQLite nests a chain of OR one level deeper with each part: halves keep it shallow.
      appendAny(elements[...], of: field)
    }
  }

  private mutating func appendAny(_ elements: ArraySlice<JSONValue>, of field: Filter.Field) {
    switch elements.count {
    case 0: appendConstant(false)
    case 1: append(field, .eq, elements[elements.startIndex])
    default:
      let middle = elements.startIndex + elements.count / 2
      sql += "("
      appendAny(elements[..<middle], of: field)
      sql += " OR "
      appendAny(elements[middle...], of: field)
      sql += ")"
    }
  }

  private mutating func appendIdentity(_ operand: JSONValue) {
    switch operand {
    case .string(let text):
      guard let id = UUID(uuidString: text), id.text == text else {
        appendConstant(false)
        return
      }
      sql += "(m.id = ?)"
      bind(id)
    default: appendConstant(false)
    }
  }

  private mutating func appendColumn(
    _ column: String, isNumber: Bool, _ op: Filter.Operator, _ operand: JSONValue
  ) {
    switch operand {
    case .null where op == .eq: sql += "(\(column) IS NULL)"
    case .string(let text) where !isNumber: appendText(column, op, text)
    case .int(let number) where isNumber && op.symbol != nil: appendComparison(column, op, number)
    case .double(let number) where isNumber && op.symbol != nil: appendComparison(column, op, number)
    default: appendConstant(false)
    }
  }

  private mutating func appendText(_ expression: String, _ op: Filter.Operator, _ text: String) {
    switch op {
    case .contains:
      sql += "ifnull(instr(\(expression), ?) > 0, 0)"
      bind(StoredText.encode(text))
    case .icontains:
      sql += "ifnull(instr(\(FilterFunctions.folded)(\(expression)), ?) > 0, 0)"
      bind(StoredText.encode(FilterText.folded(text)))
    default: appendComparison(expression, op, StoredText.encode(text))
    }
  }

  private mutating func appendComparison(
    _ expression: String, _ op: Filter.Operator, _ value: some DatabaseValueConvertible
  ) {
    guard let symbol = op.symbol else { preconditionFailure("\(op) is no comparison") }
    sql += "ifnull(\(expression) \(symbol) ?, 0)"
    bind(value)
  }

  private mutating func appendRun(_ op: Filter.Operator, _ operand: JSONValue) {
    switch operand {
    case .null where op == .eq:
      sql += "NOT "
      appendPresence(of: .runID)
    case .string(let text) where op == .eq:
      sql += "m.memory IN (SELECT r.memory FROM runs r WHERE r.run_id = ?)"
      bind(StoredText.encode(text))
    case .string(let text):
      sql += "("
      appendText("m.run_id", op, text)
      sql += " OR EXISTS (SELECT 1 FROM sources s WHERE s.memory = m.memory AND "
      appendText("s.run_id", op, text)
      sql += "))"
    default: appendConstant(false)
    }
  }

  /// The same for every row. As a parameter: where SQLite sees that nothing can match, it plans no look-up in an index,
  /// and refuses a query that names one.
  mutating func appendConstant(_ value: Bool) {
    sql += "?"
    bind(value)
  }

  mutating func bind(_ value: some DatabaseValueConvertible) {
    arguments += [value]
  }

  mutating func add(_ text: String) {
    sql += text
  }
}

extension Filter.Operator {
  /// The operator in SQL, where it compares.
  var symbol: String? {
    switch self {
    case .eq: "="
    case .gt: ">"
    case .gte: ">="
    case .lt: "<"
    case .lte: "<="
    case .ne, .isIn, .isNotIn, .contains, .icontains: nil
    }
  }
}
