import MnemeCore
import Testing

@testable import MnemeQuery

/// Compares what a server answered with what the API's document says that it answers.
enum DocumentedReply {
  /// The answer of the document to `method` and `status` at `path`; nil where it has none.
  private static func answer(_ route: Route, _ status: Int) -> JSONValue? {
    let document = OpenAPIDocument.json
    let operation = document["paths"]?[route.path]?[route.method.lowercased()]
    guard let answer = operation?["responses"]?[String(status)] else { return nil }
    guard let name = answer["$ref"]?.stringValue?.split(separator: "/").last else { return answer }
    return document["components"]?["responses"]?[String(name)]
  }

  /// What is wrong with `reply` to a request for `target`; empty where nothing is.
  static func problems(_ method: String, _ target: String, _ reply: HTTPReply) -> [String] {
    let place = "\(method) \(target): \(reply.status)"
    guard let parsed = try? RequestTarget(target, prefix: "/mem0"),
      let route = try? RouteTable.api.find(method, parsed.segments).route
    else {
      guard [400, 404, 405].contains(reply.status) else { return ["\(place) of no route"] }
      return method == "HEAD" ? [] : self.problems(reply, ["application/json": ["schema": error]], place)
    }
    guard let answer = self.answer(route, reply.status) else {
      return ["\(place) is not among the answers of \(route.name)"]
    }
    guard method != "HEAD" else { return [] }
    guard let content = answer["content"]?.objectValue else {
      return reply.body.isEmpty ? [] : ["\(place) has a body that is not documented"]
    }
    var problems = self.problems(reply, content, place)
    for name in (answer["headers"]?.objectValue ?? [:]).keys where reply.headers[name.lowercased()] == nil {
      // The other headers depend on keys, or on what happened.
      if name == "WWW-Authenticate" || name == "X-Mneme-Generation" { problems.append("\(place) lacks \(name)") }
    }
    return problems
  }

  private static let error = Schema.reference(.error).json

  private static func problems(_ reply: HTTPReply, _ content: [String: JSONValue], _ place: String) -> [String] {
    let type = (reply.headers["content-type"] ?? "").prefix { $0 != ";" }
    guard let schema = content[String(type)]?["schema"] else { return ["\(place) is of type \(type)"] }
    guard type == "application/json" else { return [] }
    guard let json = try? reply.json else { return ["\(place) is no JSON"] }
    return SchemaChecker(isStrict: true).problems(json, by: schema, at: place)
  }
}
