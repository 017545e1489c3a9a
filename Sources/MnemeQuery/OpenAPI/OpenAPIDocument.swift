import MnemeCore

/// The API as an OpenAPI document, made from the routes and from what is said of each.
enum OpenAPIDocument {
  /// Which OpenAPI.
  static let version = "3.1.0"

  /// The document of all routes.
  static let json = make(.api, OperationArea.all)

  /// The same in UTF-8.
  static let bytes = JSONWriter.write(json)

  /// A document of the routes of `table` that `areas` describe.
  static func make(_ table: RouteTable, _ areas: [OperationArea]) -> JSONValue {
    var paths: [String: [String: JSONValue]] = [:]
    for area in areas {
      for route in table.routes {
        guard let operation = area.operations[route.name] else { continue }
        paths[route.path, default: [:]][route.method.lowercased()] = object(operation, route, area)
      }
    }
    return [
      "openapi": .string(version), "info": info, "servers": [["url": ".", "description": "This server."]],
      "tags": .array(areas.map { ["name": .string($0.name), "description": .string($0.description)] }),
      "paths": .object(paths.mapValues { .object($0) }),
      "components": [
        "schemas": .object(Dictionary(uniqueKeysWithValues: Component.all.map { ($0.name, $0.schema.json) })),
        "responses": .object(responses), "headers": .object(headers.mapValues(\.object)),
        "securitySchemes": securitySchemes,
      ],
    ]
  }

  private static let info: JSONValue = [
    "title": "Mneme", "version": .string(AgentConfiguration.version), "summary": "Long-term memory for AI agents.",
    "description": .string(
      """
      The last slash of a path is optional. `HEAD` is answered as `GET` is. Bodies are JSON whatever their Content-Type \
      says, at most 4 MiB, without U+0000; members that are not known are passed over, and null counts as missing \
      where nothing else is said. Older clients may send `org_id` and `project_id` as a ping told them, in the query \
      or in the body; others are a 404.

      Every failure has the body `Error`. What may succeed later says after how many seconds in `Retry-After`. With a \
      key, each answer tells in `X-RateLimit-…` how many requests are left.

      Lists have pages: `page` from 1, `page_size`, and in the answer `count`, `next` and `previous`.

      A write answers with `X-Mneme-Position`; a read with `min_position` waits until that write can be read.
      """),
  ]

  // MARK: Operations

  private static func object(_ operation: Operation, _ route: Route, _ area: OperationArea) -> JSONValue {
    var object: [String: JSONValue] = [
      "operationId": .string(operation.id), "summary": .string(operation.summary),
      "tags": [.string(area.name)], "responses": .object(answers(operation, route)),
      "x-mneme-role": .string(route.role.description),
      "security": route.role == .anyone
        ? [] : .array(["token", "bearer", "apiKey"].map { [$0: [.string(route.role.description)]] }),
    ]
    if !operation.details.isEmpty { object["description"] = .string(operation.details) }
    if !operation.parameters.isEmpty { object["parameters"] = .array(operation.parameters.map(\.object)) }
    if let body = operation.body {
      object["requestBody"] = [
        "required": .bool(body.isRequired),
        "content": ["application/json": ["schema": body.schema.json, "example": body.example]],
      ]
    }
    return .object(object)
  }

  private static func answers(_ operation: Operation, _ route: Route) -> [String: JSONValue] {
    var answers: [String: JSONValue] = [:]
    for code in route.failures {
      answers[String(code.status)] = ["$ref": .string("#/components/responses/\(name(ofStatus: code.status))")]
    }
    for reply in operation.replies {
      let own = reply.status < 300 ? self.names(ofHeadersOf: route) + reply.headers : reply.headers
      var answer: [String: JSONValue] = ["description": .string(reply.description)]
      if let schema = reply.schema {
        var content: [String: JSONValue] = ["schema": schema.json]
        if reply.contentType == "application/json" { content["example"] = SchemaSample.make(schema.json) }
        answer["content"] = [reply.contentType: .object(content)]
      }
      if !own.isEmpty { answer["headers"] = references(own) }
      answers[String(reply.status)] = .object(answer)
    }
    return answers
  }

  private static func names(ofHeadersOf route: Route) -> [String] {
    route.role == .anyone ? ["X-Mneme-Generation"] : ["X-Mneme-Generation"] + limits
  }

  // MARK: Failures and headers

  private static let limits = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]

  /// A header of answers.
  struct Header: Sendable {
    let description: String
    let schema: Schema

    fileprivate var object: JSONValue {
      ["description": .string(self.description), "schema": self.schema.json]
    }
  }

  /// Headers that operations name.
  static let headers: [String: Header] = [
    "X-Mneme-Position": Header(
      description: "Where the write stands. A read with this `min_position` waits until it can be read.",
      schema: .position),
    "X-Mneme-Generation": Header(description: "The generation that the answer was read from.", schema: .string()),
    "X-Mneme-Degraded": Header(
      description: "What the search went without: `keywords-only`, `not-reranked`.", schema: .string()),
    "X-RateLimit-Limit": Header(description: "Requests per second that the key has.", schema: .count()),
    "X-RateLimit-Remaining": Header(description: "Requests that may follow at once.", schema: .count()),
    "X-RateLimit-Reset": Header(description: "Seconds until all of them may again.", schema: .count()),
    "Retry-After": Header(
      description: "Seconds after which the same request may succeed.", schema: .count()),
    "WWW-Authenticate": Header(description: "How to show a key.", schema: .string()),
    "Location": Header(description: "Where to go on.", schema: .string()),
    "Mcp-Session-Id": Header(description: "A session, of an answer to `initialize`.", schema: .string()),
  ]

  private static func references(_ names: [String]) -> JSONValue {
    .object(
      Dictionary(names.map { ($0, ["$ref": .string("#/components/headers/\($0)")]) }, uniquingKeysWith: { $1 }))
  }

  private static func name(ofStatus status: Int) -> String { "Error\(status)" }

  private static let responses: [String: JSONValue] = Dictionary(
    RequestFailure.Code.allCases.map { code in
      var answer: [String: JSONValue] = [
        "description": .string(meaning(code)),
        "content": [
          "application/json": [
            "schema": Schema.reference(.error).json,
            "example": [
              "detail": .string(meaning(code)), "error": .string(meaning(code)), "code": .string(code.rawValue),
            ],
          ]
        ],
      ]
      switch code {
      case .unauthorized: answer["headers"] = references(["WWW-Authenticate"])
      case .rateLimited: answer["headers"] = references(limits + ["Retry-After"])
      case .backpressure, .unavailable, .positionNotReached, .diskFull: answer["headers"] = references(["Retry-After"])
      case .invalidRequest, .forbidden, .notFound, .methodNotAllowed, .requestTimeout, .conflict, .tooLarge,
        .unsupportedMediaType, .failed, .timeout:
        break
      }
      return (name(ofStatus: code.status), .object(answer))
    }, uniquingKeysWith: { first, _ in first })

  private static func meaning(_ code: RequestFailure.Code) -> String {
    switch code {
    case .invalidRequest: "The request is not understood; `detail` names the part."
    case .unauthorized: "No key, or none that lets anybody in."
    case .forbidden: "The key has too low a role, or the request comes from another site's page."
    case .notFound: "What the path names is not there for this caller."
    case .methodNotAllowed: "The path has no such method; `Allow` has those that it has."
    case .requestTimeout: "Head or body did not arrive in time."
    case .conflict: "The event id was used for another event, or what is to be made is there."
    case .tooLarge: "The body, or a message in it, is too large."
    case .unsupportedMediaType: "The body has a content encoding."
    case .rateLimited: "The key has sent too many requests in a second."
    case .failed: "It failed; what was written is kept, and the server's log says why."
    case .backpressure, .unavailable, .positionNotReached:
      "It cannot be answered now: too much waits, the log or the projection does not answer, or is not that far."
    case .timeout: "It took too long and was given up."
    case .diskFull: "There is no space left; nothing was stored."
    }
  }

  // MARK: Keys

  private static let securitySchemes: JSONValue = [
    "token": [
      "type": "apiKey", "in": "header", "name": "Authorization",
      "description": "`Token KEY`, as mem0's clients send it. A server without keys lets its own machine in as admin.",
    ],
    "bearer": ["type": "http", "scheme": "bearer", "description": "`Authorization: Bearer KEY`."],
    "apiKey": ["type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The key by itself."],
  ]
}

extension Operation.Parameter {
  /// As it stands in a document.
  fileprivate var object: JSONValue {
    [
      "name": .string(self.name), "in": .string(self.place.rawValue), "description": .string(self.description),
      "required": .bool(self.isRequired), "schema": self.schema.json,
    ]
  }
}
