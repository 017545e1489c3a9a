import MnemeCore
import MnemeProjection

/// What a list or a search is about: its filter, which memories count, and which members of them are wanted.
struct ReadForm: Sendable {
  /// The query, of the caller's tenant.
  let query: MemoryQuery
  /// The day from which questions are understood, and at which memories have expired or not.
  let reference: Timestamp
  /// Members wanted; nil for all.
  let fields: Set<String>?

  /// Reads the members that lists and searches share.
  /// - Throws: `RequestFailure`, `FilterError`: a condition that is not understood is never ignored.
  init(_ members: Members, tenant: String, now: Timestamp) throws {
    for name in TurnForm.idNames + ["session_id"] where members.isSet(name) {
      throw RequestFailure.invalid("\(name) must stand in filters: {\"filters\": {\"\(name)\": \"…\"}}")
    }
    guard let filters = try members.object("filters"), !filters.isEmpty else {
      throw RequestFailure.invalid("Filters are required and cannot be empty.")
    }
    let filter = try Self.parse(.object(filters))
    guard filter.namesScope else {
      throw RequestFailure.invalid("filters must name at least one of user_id, agent_id, app_id and run_id")
    }
    var parts = [filter]
    if let categories = try members.strings("categories"), !categories.isEmpty {
      parts.append(.compare(.category, .isIn, .array(categories.map(JSONValue.string))))
    }
    if let metadata = try members.object("metadata"), !metadata.isEmpty {
      parts.append(try Self.parse(["metadata": .object(metadata)]))
    }
    if let keywords = try members.string("keywords"), !keywords.isEmpty {
      parts.append(.compare(.text, .icontains, .string(keywords)))
    }
    if let start = try members.time("start_date") {
      parts.append(.compare(.createdAt, .gte, .int(start.milliseconds)))
    }
    if let end = try members.time("end_date") { parts.append(.compare(.createdAt, .lte, .int(end.milliseconds))) }
    let all = parts.count == 1 ? filter : .and(parts)
    try Self.refuseImpossibleIDs(all)
    let latestOnly = try members.bool("latest_only") ?? false
    let showsExpired = try members.bool("show_expired") ?? false
    let asOf = try members.time("as_of")
    self.reference = try members.time("reference_date") ?? asOf ?? now
    self.query = MemoryQuery(
      tenant: tenant, filter: all, includesEnded: try members.bool("include_ended") ?? false && !latestOnly,
      notExpiredAt: showsExpired ? nil : self.reference, asOf: asOf, validAt: try members.time("valid_at"))
    guard asOf == nil || self.query.owner != nil else {
      throw RequestFailure.invalid("as_of is answered for one user: put user_id into filters, outside of OR and NOT")
    }
    self.fields = try members.strings("fields").flatMap { $0.isEmpty ? nil : Set($0) }
  }

  /// The filter that `value` writes.
  /// - Throws: `RequestFailure`, `FilterError`.
  static func parse(_ value: JSONValue) throws -> Filter {
    // Its magnitude is no 64-bit integer, and a filter takes the magnitude of what it reads as seconds.
    guard !contains(.int(.min), in: value) else {
      throw RequestFailure.invalid("filters holds an integer that is out of range")
    }
    return try Filter.parse(value)
  }

  private static func contains(_ wanted: JSONValue, in value: JSONValue) -> Bool {
    switch value {
    case .array(let elements): elements.contains { contains(wanted, in: $0) }
    case .object(let members): members.values.contains { contains(wanted, in: $0) }
    case .null, .bool, .int, .double, .string: value == wanted
    }
  }

  /// No id holds a control character, and none of an owner is empty or longer than it may be, so a filter that asks for
  /// one is a mistake.
  static func refuseImpossibleIDs(_ filter: Filter) throws {
    switch filter {
    case .and(let parts), .or(let parts): for part in parts { try refuseImpossibleIDs(part) }
    case .not(let part): try refuseImpossibleIDs(part)
    case .isPresent: break
    case .compare(let field, let op, let operand):
      let isOwner = [.userID, .agentID, .appID, .runID].contains(field)
      guard isOwner || field == .actor || field == .memoryID else { return }
      for id in (operand.arrayValue ?? [operand]).compactMap(\.stringValue) {
        guard !id.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
          throw RequestFailure.invalid("filters holds an id with a control character")
        }
        guard isOwner, op != .contains, op != .icontains else { continue }
        guard !id.isEmpty else { throw RequestFailure.invalid("filters holds an id that is empty") }
        guard id.utf8.count <= Scope.maxIDLength || id.count <= Scope.maxIDLength else {
          throw RequestFailure.invalid("filters holds an id with more than \(Scope.maxIDLength) characters")
        }
      }
    }
  }

  /// The members of a memory that are wanted; its id always is.
  func project(_ object: JSONMembers) -> JSONOutput {
    guard let fields = self.fields else { return .object(object) }
    return .object(object.filter { $0 == "id" || fields.contains($0) })
  }
}
