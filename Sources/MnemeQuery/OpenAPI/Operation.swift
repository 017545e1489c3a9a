import MnemeCore

/// What people and generators of clients are told of a route.
struct Operation: Sendable {
  /// A value that stands in the path, in the query or in a header.
  struct Parameter: Sendable {
    /// Where it stands.
    enum Place: String, Sendable {
      case path, query, header
    }

    let place: Place
    let name: String
    let schema: Schema
    let description: String
    let isRequired: Bool

    /// A parameter of the path, which is always there.
    static func path(_ name: String, _ schema: Schema, _ description: String) -> Parameter {
      Parameter(place: .path, name: name, schema: schema, description: description, isRequired: true)
    }

    /// A parameter of the query.
    static func query(
      _ name: String, _ schema: Schema, _ description: String, isRequired: Bool = false
    ) -> Parameter {
      Parameter(place: .query, name: name, schema: schema, description: description, isRequired: isRequired)
    }

    /// A header.
    static func header(_ name: String, _ schema: Schema, _ description: String) -> Parameter {
      Parameter(place: .header, name: name, schema: schema, description: description, isRequired: false)
    }

    private init(place: Place, name: String, schema: Schema, description: String, isRequired: Bool) {
      self.place = place
      self.name = name
      self.schema = schema
      self.description = description
      self.isRequired = isRequired
    }
  }

  /// A JSON body.
  struct Body: Sendable {
    let schema: Schema
    let example: JSONValue
    let isRequired: Bool

    /// A body, with one that the server takes.
    init(_ schema: Schema, example: JSONValue, isRequired: Bool = true) {
      self.schema = schema
      self.example = example
      self.isRequired = isRequired
    }
  }

  /// An answer.
  struct Reply: Sendable {
    let status: Int
    let description: String
    /// What the body holds; nil where it is empty.
    let schema: Schema?
    let contentType: String
    /// Names of headers among `OpenAPIDocument.headers`.
    let headers: [String]

    /// JSON, unless `contentType` says otherwise.
    init(
      _ description: String, _ schema: Schema?, status: Int = 200, contentType: String = "application/json",
      headers: [String] = []
    ) {
      self.status = status
      self.description = description
      self.schema = schema
      self.contentType = contentType
      self.headers = headers
    }

    /// An answer that tells where in the log something was written.
    static func written(_ description: String, _ schema: Schema) -> Reply {
      Reply(description, schema, headers: ["X-Mneme-Position"])
    }
  }

  /// What programs call it.
  let id: String
  /// What it does, in a line.
  let summary: String
  /// More about it; empty where the line says all.
  let details: String
  let parameters: [Parameter]
  let body: Body?
  /// Answers beside the failures that follow from the route.
  let replies: [Reply]

  /// An operation whose failures are those of its route.
  init(
    _ id: String, _ summary: String, details: String = "", _ parameters: [Parameter] = [], body: Body? = nil,
    replies: [Reply]
  ) {
    self.id = id
    self.summary = summary
    self.details = details
    self.parameters = parameters
    self.body = body
    self.replies = replies
  }
}

/// Operations that belong together, by the routes that they describe.
struct OperationArea: Sendable {
  /// What people call the area.
  let name: String
  let description: String
  /// By method and path of the route: `GET /v1/ping/`.
  let operations: [String: Operation]

  /// An area.
  init(_ name: String, _ description: String, _ operations: [String: Operation]) {
    self.name = name
    self.description = description
    self.operations = operations
  }

  /// All areas, as people read them. Each route stands in one of them.
  static let all: [OperationArea] = [
    memories, batches, entities, events, exports, profiles, projects, webhooks, agents, legacy, selfHosted, service,
  ]
}

extension Route {
  /// How operations name it.
  var name: String { "\(self.method) \(self.path)" }

  /// How a request may fail that this route takes, whatever it is about.
  var failures: [RequestFailure.Code] {
    var codes: [RequestFailure.Code] = [
      .invalidRequest, .requestTimeout, .tooLarge, .unsupportedMediaType, .failed, .unavailable, .timeout,
    ]
    if self.role > .anyone { codes += [.unauthorized, .forbidden, .notFound, .rateLimited] }
    if self.role > .reader, self.method != "GET" { codes += [.conflict, .diskFull] }
    return codes
  }
}

// MARK: What many operations share

extension Operation.Parameter {
  /// Whether a write is waited for.
  static func wait(_ otherwise: Bool) -> Operation.Parameter {
    .query(
      "wait", .flag(),
      "Whether the answer comes when the outcome is known (30 s at most) or when the write is on disk. "
        + "Otherwise \(otherwise).")
  }

  /// Reads your writes.
  static let minPosition = Operation.Parameter.query(
    "min_position", .position, "Answer only once this position is in the projection (10 s at most, then 503).")
  /// Makes a write one that can be sent again.
  static let idempotencyKey = Operation.Parameter.header(
    "Idempotency-Key", .string(length: 1...EventID.maxLength, pattern: Schema.plainText).example("chat-7/3"),
    "Id of the event. Sent again with the same one, a write is answered as before and changes nothing.")
  /// Which page.
  static let page = Operation.Parameter.query("page", .integer(in: 1...Page.maxNumber), "Number of the page, from 1.")

  /// How much a page holds.
  static func pageSize(_ otherwise: Int, max: Int) -> Operation.Parameter {
    .query("page_size", .integer(in: 1...max), "Elements of a page. Otherwise \(otherwise).")
  }

  /// A memory's id in the path.
  static let memoryID = Operation.Parameter.path("id", .uuid(), "Id of the memory.")
  /// An id that is asked for in the query.
  static let owners: [Operation.Parameter] = [
    .query("user_id", .string(length: 1...Scope.maxIDLength), "Id of the person; `*` for any."),
    .query("agent_id", .string(length: 1...Scope.maxIDLength), "Id of the agent; `*` for any."),
    .query("app_id", .string(length: 1...Scope.maxIDLength), "Id of the application; `*` for any."),
    .query("run_id", .string(length: 1...Scope.maxIDLength), "Id of the session; `*` for any."),
  ]
}

extension Schema {
  /// Text without control characters.
  static let plainText = #"^[^\u0000-\u001F\u007F]+$"#
  /// Where a write stands.
  static let position = Schema.string(
    "A position that a write returned.", pattern: #"^[0-9]+\.[0-9]+(-[0-9]+\.[0-9]+)*$"#
  ).example("0.5-3.7")
}
