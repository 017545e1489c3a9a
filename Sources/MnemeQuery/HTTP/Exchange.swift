import Hummingbird
import MnemeCore

/// A request on its way to a handler: read, bounded, and let in.
struct APIRequest: Sendable {
  /// Path and query.
  let target: RequestTarget
  /// Values of the path's parameters, in order.
  let pathValues: [String]
  /// The headers.
  let headers: HTTPFields
  /// Header `Host`, or what HTTP/2 has in its place.
  let authority: String?
  /// The body, read whole.
  let body: [UInt8]
  /// Who was let in.
  let admission: Admission
  /// Whether the path itself names an organisation or a project, which its handler compares with the caller's.
  var namesProject = false

  /// Whose data is asked for: what log keys and the projection call a tenant.
  var tenant: String { self.admission.principal.realm }

  /// The body as a JSON object without U+0000.
  /// - Throws: `JSONSyntaxError`, or `RequestFailure` where it is empty or no object, or holds U+0000.
  func members() throws -> Members {
    guard !self.body.isEmpty else { throw RequestFailure.invalid("the body is empty; it must be a JSON object") }
    let (value, holdsNUL) = try JSONParser.read(self.body)
    guard let object = value.objectValue else { throw RequestFailure.invalid("the body must be a JSON object") }
    if holdsNUL, let violation = StorableText.violation(in: object) { throw RequestFailure.invalid(violation) }
    let members = Members(object, of: nil)
    if !self.namesProject { try self.requireOwnProject(members.any("org_id"), members.any("project_id")) }
    return members
  }

  /// The members of a body that may be missing.
  /// - Throws: As `members`.
  func optionalMembers() throws -> Members { self.body.isEmpty ? Members([:], of: nil) : try self.members() }

  /// Older clients send the organisation and the project that a ping told them. They never widen what a key opens.
  /// - Throws: `RequestFailure` (`.notFound`, as nobody is told which others there are) where the query names others
  ///   than the caller's.
  func requireOwnProject() throws {
    guard !self.namesProject, !self.target.parameters.isEmpty else { return }
    try self.requireOwnProject(
      self.target.value("org_id").map(JSONValue.string), self.target.value("project_id").map(JSONValue.string))
  }

  private func requireOwnProject(_ organization: JSONValue?, _ project: JSONValue?) throws {
    let caller = self.admission.principal
    guard organization.map({ $0 == .string(caller.tenant) }) ?? true,
      project.map({ $0 == .string(caller.project) }) ?? true
    else {
      throw RequestFailure(.notFound, "org_id and project_id are not those of the key; leave them out")
    }
  }

  /// The value of header `name`; nil where it is missing.
  func header(_ name: String) -> String? { self.headers.first { $0.name.canonicalName == name }?.value }
}

/// A header of a response.
struct ResponseHeader: Hashable, Sendable {
  let name: String
  let value: String

  init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A handler's answer.
struct APIResponse: Sendable {
  /// HTTP status.
  var status = 200
  /// Media type of the body.
  var contentType = "application/json"
  /// The body.
  var body: [UInt8]
  /// Further headers.
  var headers: [ResponseHeader] = []
  /// Whether the connection ends after it.
  var closesConnection = false

  /// JSON.
  init(_ value: JSONValue, status: Int = 200) { self.init(.value(value), status: status) }

  /// JSON.
  init(_ value: JSONOutput, status: Int = 200) {
    self.status = status
    self.body = JSONWriter.write(value)
  }

  /// Bytes of another type.
  init(body: [UInt8], contentType: String) {
    self.body = body
    self.contentType = contentType
  }

  /// The answer to a request that failed.
  init(_ failure: RequestFailure) {
    self.init(failure.body, status: failure.code.status)
    self.closesConnection = failure.closesConnection
    self.headers = failure.headers
    if let seconds = failure.retryAfterSeconds { self.headers.append(ResponseHeader("Retry-After", String(seconds))) }
    if !failure.allowedMethods.isEmpty {
      self.headers.append(ResponseHeader("Allow", failure.allowedMethods.joined(separator: ", ")))
    }
    if failure.code == .unauthorized { self.headers.append(ResponseHeader("WWW-Authenticate", "Token")) }
  }
}
