import MnemeCore

/// What a request to export memories asks for, understood.
struct ExportForm: Sendable {
  /// Most bytes of a schema, and of filters, as JSON.
  static let maxPartByteCount = 16 << 10
  /// Longest instructions, in characters.
  static let maxInstructionLength = 10_000

  /// The form: a JSON Schema.
  let schema: JSONValue
  /// Which memories; nil for all that the caller reaches.
  let filters: JSONValue?
  let instructions: String?

  /// Reads a body.
  /// - Throws: `RequestFailure`, `FilterError`, `JSONSyntaxError`.
  init(_ members: Members) throws {
    self.schema = try Self.schema(members)
    self.filters = try Self.filters(try LegacyForm.current(members))
    self.instructions = try members.string("export_instructions", maxLength: Self.maxInstructionLength)
  }

  /// A schema, as an object or as the text of one.
  static func schema(_ members: Members) throws -> JSONValue {
    let failure = RequestFailure.invalid(
      "\(members.path("schema")) must be a JSON Schema: an object, or the text of one, with properties as an object")
    var schema: JSONValue
    switch members.any("schema") {
    case .object(let object): schema = .object(object)
    case .string(let text):
      guard text.utf8.count <= Self.maxPartByteCount else { throw Self.tooLarge(members.path("schema")) }
      let (value, holdsNUL) = try JSONParser.read(Array(text.utf8))
      guard let object = value.objectValue else { throw failure }
      if holdsNUL, let violation = StorableText.violation(in: object) { throw RequestFailure.invalid(violation) }
      schema = value
    case nil: throw RequestFailure.invalid("\(members.path("schema")) is required")
    case .null?, .bool?, .int?, .double?, .array?: throw failure
    }
    guard EventBodyCoding.encode(schema).count <= Self.maxPartByteCount else {
      throw Self.tooLarge(members.path("schema"))
    }
    guard (schema["properties"] ?? [:]).objectValue?.values.allSatisfy({ $0.objectValue != nil }) == true else {
      throw failure
    }
    return schema
  }

  /// The filters of `members`; nil where there are none. They are read, so that none is stored that cannot be.
  static func filters(_ members: Members) throws -> JSONValue? {
    guard let filters = try members.object("filters"), !filters.isEmpty else { return nil }
    guard EventBodyCoding.encode(JSONValue.object(filters)).count <= Self.maxPartByteCount else {
      throw Self.tooLarge("filters")
    }
    _ = try Self.filter(.object(filters))
    return .object(filters)
  }

  /// What `filters` mean.
  static func filter(_ filters: JSONValue) throws -> Filter {
    let filter = try ReadForm.parse(filters)
    try ReadForm.refuseImpossibleIDs(filter)
    return filter
  }

  private static func tooLarge(_ part: String) -> RequestFailure {
    .invalid("\(part) has more than \(maxPartByteCount) bytes")
  }
}
