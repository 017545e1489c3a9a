import Foundation
import MnemeCore
import Testing

@testable import MnemeQuery

@Suite struct OpenAPIDocumentTests {
  private static let document = OpenAPIDocument.json
  private static let operations = OperationArea.all.flatMap { area in area.operations.map { (area, $0, $1) } }

  @Test func `every route is described once, and nothing else is`() {
    let routes = RouteTable.api.routes.map(\.name)
    let described = Self.operations.map(\.1)
    #expect(
      described.count == Set(described).count,
      "described twice: \(described.filter { name in described.count { $0 == name } > 1 })")
    for route in routes where !described.contains(route) { Issue.record("\(route) is described in no OperationArea") }
    for name in described where !routes.contains(name) { Issue.record("\(name) is described, and no route") }
    var written: [String] = []
    for (path, methods) in Self.document["paths"]?.objectValue ?? [:] {
      for method in methods.objectValue?.keys.sorted() ?? [] { written.append("\(method.uppercased()) \(path)") }
    }
    #expect(written.sorted() == routes.sorted())
  }

  @Test func `every operation is described whole`() throws {
    var ids: Set<String> = []
    for (_, name, operation) in Self.operations {
      let route = try #require(RouteTable.api.routes.first { $0.name == name })
      #expect(operation.id.wholeMatch(of: /[a-z][A-Za-z0-9]*/) != nil && ids.insert(operation.id).inserted, "\(name)")
      #expect(!operation.summary.isEmpty && !operation.summary.hasSuffix("."), "\(name)")
      let named = route.path.matches(of: /\{([a-z]+)\}/).map { String($0.output.1) }
      #expect(operation.parameters.filter { $0.place == .path }.map(\.name) == named, "\(name)")
      let places = operation.parameters.map { "\($0.place) \($0.name)" }
      #expect(Set(places).count == places.count, "\(name)")
      for parameter in operation.parameters { #expect(!parameter.description.isEmpty, "\(name) \(parameter.name)") }
      #expect(!operation.replies.isEmpty, "\(name)")
      #expect(Set(operation.replies.map(\.status)).count == operation.replies.count, "\(name)")
      for header in operation.replies.flatMap(\.headers) {
        #expect(OpenAPIDocument.headers[header] != nil, "\(header)")
      }
      // What changes nothing has no body on GET.
      #expect(operation.body == nil || route.method != "GET", "\(name)")
    }
  }

  @Test func `references lead somewhere, and every component is referred to`() {
    var references: Set<String> = []
    func collect(_ value: JSONValue) {
      switch value {
      case .array(let elements): for element in elements { collect(element) }
      case .object(let members):
        if let reference = members["$ref"]?.stringValue { references.insert(reference) }
        for member in members.values { collect(member) }
      case .null, .bool, .int, .double, .string: break
      }
    }
    collect(Self.document)
    var named: Set<String> = []
    for (kind, parts) in Self.document["components"]?.objectValue ?? [:] where kind != "securitySchemes" {
      for name in parts.objectValue?.keys.sorted() ?? [] { named.insert("#/components/\(kind)/\(name)") }
    }
    #expect(references.subtracting(named).isEmpty)
    // A 405 answers a method that is none of the operations; a page of the docs tells of it.
    #expect(named.subtracting(references).subtracting(["#/components/responses/Error405"]).isEmpty)
  }

  @Test func `examples are what their schemas describe`() {
    let checker = SchemaChecker()
    for (_, name, operation) in Self.operations {
      if let body = operation.body {
        let problems = checker.problems(body.example, by: body.schema.json, at: "\(name) body")
        #expect(problems.isEmpty, "\(problems)")
      }
      for reply in operation.replies where reply.schema != nil && reply.contentType == "application/json" {
        let schema = reply.schema!.json
        let problems = checker.problems(SchemaSample.make(schema), by: schema, at: "\(name) \(reply.status)")
        #expect(problems.isEmpty, "\(problems)")
      }
    }
  }

  /// Bodies that the server takes are such as the document describes.
  @Test func `bodies that routes take are documented`() async throws {
    for route in RouteTable.api.routes {
      let sample = try #require(try await RouteSample.make(route, in: Harness()))
      let operation = Self.operations.first { $0.1 == route.name }?.2
      guard let body = sample.body else { continue }
      let schema = try #require(operation?.body, "\(route.name) takes a body").schema
      let problems = SchemaChecker().problems(body, by: schema.json, at: route.name)
      #expect(problems.isEmpty, "\(problems)")
    }
  }

  @Test(arguments: ["", "/mem0"])
  func `the document is served under whatever path the API is`(prefix: String) async throws {
    try await Harness { $0.pathPrefix = "/mem0" }.run { client in
      let reply = try await client.send("GET", "\(prefix)/openapi.json")
      #expect(reply.status == 200 && reply.headers["content-type"] == "application/json")
      let document = try reply.json
      #expect(document == Self.document && document["openapi"] == "3.1.0")
      // It begins where the document stands.
      #expect(document["servers"]?.arrayValue?.map { $0["url"] } == ["."])
    }
  }

  @Test func `every operation states its role and how a key is shown`() throws {
    for route in RouteTable.api.routes {
      let operation = try #require(Self.document["paths"]?[route.path]?[route.method.lowercased()])
      #expect(operation["x-mneme-role"] == .string(route.role.description))
      #expect(operation["security"]?.arrayValue?.count == (route.role == .anyone ? 0 : 3))
      let answers = operation["responses"]?.objectValue ?? [:]
      #expect((answers["401"] != nil) == (route.role > .anyone), "\(route.name)")
      #expect(answers["400"] != nil && answers["500"] != nil && answers["503"] != nil, "\(route.name)")
    }
  }
}

@Suite struct DocumentedReplyTests {
  /// An answer of `status` with `json`.
  private static func reply(_ status: Int, _ json: JSONValue, type: String = "application/json") -> HTTPReply {
    let headers = ["content-type": type, "x-mneme-generation": "g1", "www-authenticate": "Token"]
    return HTTPReply(status: status, headers: headers, body: JSONWriter.write(json))
  }

  private static let error: JSONValue = ["detail": "x", "error": "x", "code": "not_found"]

  @Test(
    arguments: [
      ("/v1/ping/", 200, ["status": "ok", "org_id": "o", "project_id": "p", "user_email": nil], true),
      ("/v1/ping", 200, ["status": "ok", "org_id": "o", "project_id": "p"], false),
      ("/v1/ping", 200, ["status": "ok", "org_id": "o", "project_id": "p", "user_email": nil, "more": 1], false),
      ("/v1/ping/", 404, error, true), ("/v1/ping/", 418, error, false), ("/v1/ping/", 404, ["detail": "x"], false),
      ("/v1/nothing/", 404, error, true), ("/v1/nothing/", 200, error, false), ("/metrics", 200, "x", false),
    ] as [(String, Int, JSONValue, Bool)])
  func `an answer that is not documented is found`(path: String, status: Int, json: JSONValue, isDocumented: Bool) {
    let problems = DocumentedReply.problems("GET", path, Self.reply(status, json))
    #expect(problems.isEmpty == isDocumented, "\(problems)")
  }
}

@Suite struct SchemaCheckerTests {
  private static let schema = Schema.object(
    nil, ["a": .integer(in: 1...3), "b": .list(of: .word(["x", "y"]), count: 1...2)],
    optional: ["c": .uuid().orNull, "d": .any(of: [.string(length: 1...3, pattern: "^[a-z]+$"), .flag()])])

  @Test(
    arguments: [
      (["a": 1, "b": ["x"]], true), (["a": 0, "b": ["x"]], false), (["a": 4, "b": ["x"]], false),
      (["a": 1, "b": []], false), (["a": 1, "b": ["x", "y", "x"]], false), (["a": 1, "b": ["z"]], false),
      (["a": 1], false), (["a": "1", "b": ["x"]], false), (["a": 1, "b": ["x"], "c": nil], true),
      (["a": 1, "b": ["x"], "c": "no"], false), (["a": 1, "b": ["x"], "d": "abc"], true),
      (["a": 1, "b": ["x"], "d": "ABC"], false), (["a": 1, "b": ["x"], "d": "abcd"], false),
      (["a": 1, "b": ["x"], "d": true], true), (["a": 1, "b": ["x"], "d": 1], false),
      (["a": 1, "b": ["x"], "e": 1], false), (nil, false), ([], false),
    ] as [(JSONValue, Bool)])
  func `values fit or do not`(value: JSONValue, fits: Bool) {
    let problems = SchemaChecker(isStrict: true).problems(value, by: Self.schema.json, at: "value")
    #expect(problems.isEmpty == fits, "\(problems)")
  }

  @Test func `what is not in a schema is refused in answers alone`() {
    let value: JSONValue = ["a": 1, "b": ["x"], "e": 1]
    #expect(SchemaChecker().problems(value, by: Self.schema.json, at: "value").isEmpty)
    #expect(!SchemaChecker().problems(value, by: Self.schema.closed.json, at: "value").isEmpty)
    #expect(!SchemaChecker().problems([:], by: ["oneOf": []], at: "value").isEmpty)
  }
}
