import FoundationEssentials
import MnemeCore

/// The API as a page for people: all of it is in the page, which loads nothing and can be read without its script.
enum DocumentationPage {
  /// The page in UTF-8.
  static let bytes = Array(html(.api, OperationArea.all).utf8)

  /// What a browser may do with it: run this script, use these styles, and nothing else.
  static let contentSecurityPolicy =
    "default-src 'none'; script-src '\(source(DocumentationAssets.script))'; "
    + "style-src '\(source(DocumentationAssets.style))'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /// How a policy names an element of the page: by the hash of what it holds.
  private static func source(_ text: String) -> String {
    "sha256-\(TextDigest(of: text).data.base64EncodedString())"
  }

  /// A page of the routes of `table` that `areas` describe.
  static func html(_ table: RouteTable, _ areas: [OperationArea]) -> String {
    let document = OpenAPIDocument.make(table, areas)
    var html = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Mneme API</title>
      <style>\(DocumentationAssets.style)</style>
      </head>
      <body>
      <header>
      <h1>Mneme API</h1>
      \(paragraphs(document["info"]?["description"]?.stringValue ?? ""))
      <p><a href="openapi.json">openapi.json</a> is the same for programs.</p>
      <input id="filter" type="search" placeholder="Filter by path, name or word" aria-label="Filter" hidden>
      </header>
      <nav aria-label="Areas"><ul>

      """
    for area in areas { html += "<li><a href=\"#\(anchor(area.name))\">\(escaped(area.name))</a></li>\n" }
    html += "<li><a href=\"#schemas\">Schemas</a></li>\n</ul></nav>\n<main>\n"
    for area in areas { html += section(area, table, document) }
    html += "<section id=\"schemas\">\n<h2>Schemas</h2>\n"
    for component in Component.all.sorted(by: { $0.name < $1.name }) {
      html += """
        <details class="schema" id="schema-\(component.name)"><summary><code>\(component.name)</code></summary>
        \(SchemaPage.html(component.schema.json))
        </details>

        """
    }
    return html + "</section>\n</main>\n<script>\(DocumentationAssets.script)</script>\n</body>\n</html>\n"
  }

  private static func section(_ area: OperationArea, _ table: RouteTable, _ document: JSONValue) -> String {
    var html = """
      <section id="\(anchor(area.name))">
      <h2>\(escaped(area.name))</h2>
      <p>\(marked(area.description))</p>

      """
    for route in table.routes {
      guard let operation = area.operations[route.name],
        let object = document["paths"]?[route.path]?[route.method.lowercased()]
      else { continue }
      html += Self.operation(operation, route, object, document)
    }
    return html + "</section>\n"
  }

  private static func operation(
    _ operation: Operation, _ route: Route, _ object: JSONValue, _ document: JSONValue
  ) -> String {
    var html = """
      <details class="operation" id="\(operation.id)">
      <summary><b class="\(route.method.lowercased())">\(route.method)</b> <code>\(escaped(route.path))</code> \
      <span>\(marked(operation.summary))</span> <i>\(route.role)</i></summary>
      <p>\(operation.details.isEmpty ? "" : marked(operation.details) + " ")\(role(route.role)) \
      Programs call it <code>\(operation.id)</code>.</p>

      """
    if !operation.parameters.isEmpty {
      html += "<h3>Parameters</h3>\n<dl>\n"
      for parameter in operation.parameters {
        html += """
          <dt><code>\(escaped(parameter.name))</code> <em>\(parameter.place.rawValue)\
          \(parameter.isRequired ? ", required" : "")</em> \(SchemaPage.type(parameter.schema.json))</dt>
          <dd>\(marked(parameter.description))\(SchemaPage.bounds(parameter.schema.json))</dd>

          """
      }
      html += "</dl>\n"
    }
    if let body = operation.body {
      html += "<h3>Body\(body.isRequired ? "" : " (optional)")</h3>\n\(SchemaPage.html(body.schema.json))\n"
    }
    html += "<h3>Example</h3>\n<pre>\(escaped(command(operation, route)))</pre>\n<h3>Answers</h3>\n<dl>\n"
    for (status, answer) in (object["responses"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
      html += Self.answer(status, answer, document)
    }
    return html + "</dl>\n</details>\n"
  }

  private static func answer(_ status: String, _ answer: JSONValue, _ document: JSONValue) -> String {
    let name = answer["$ref"]?.stringValue?.split(separator: "/").last.map(String.init)
    let shared = name.flatMap { document["components"]?["responses"]?[$0] }
    let described = marked((shared ?? answer)["description"]?.stringValue ?? "")
    guard shared == nil else {
      return "<dt>\(status)</dt>\n<dd>\(described) <a href=\"#schema-Error\">Error</a></dd>\n"
    }
    var html = "<dt>\(status)</dt>\n<dd>\(described)"
    for (type, content) in answer["content"]?.objectValue ?? [:] {
      if let schema = content["schema"] { html += "\n<p><em>\(type)</em></p>\n\(SchemaPage.html(schema))" }
      if let example = content["example"] {
        html += "\n<pre>\(escaped(String(decoding: JSONWriter.write(example), as: UTF8.self)))</pre>"
      }
    }
    let headers = (answer["headers"]?.objectValue ?? [:]).keys.sorted().map { "<code>\($0)</code>" }
    if !headers.isEmpty { html += "\n<p>Headers: \(headers.joined(separator: ", ")).</p>" }
    return html + "</dd>\n"
  }

  private static func role(_ role: AccessRole) -> String {
    role == .anyone ? "Anyone may." : "Needs a key of role <b>\(role)</b>."
  }

  /// A request for a shell.
  private static func command(_ operation: Operation, _ route: Route) -> String {
    var path = route.path
    var query: [String] = []
    for parameter in operation.parameters where parameter.place != .header {
      let value = SchemaSample.make(parameter.schema.json)
      let text = value.stringValue ?? String(decoding: JSONWriter.write(value), as: UTF8.self)
      if parameter.place == .path {
        path = path.replacing("{\(parameter.name)}", with: text.replacing("/", with: "%2F"))
      } else if parameter.isRequired || (parameter.name == "user_id" && operation.body == nil) {
        query.append("\(parameter.name)=\(parameter.name == "user_id" ? "alex" : text)")
      }
    }
    if !query.isEmpty { path += "?" + query.joined(separator: "&") }
    var command = route.method == "GET" ? "curl -s" : "curl -s -X \(route.method)"
    command += " 'http://127.0.0.1:8765\(path)'"
    if route.role > .anyone { command += " -H \"Authorization: Token $KEY\"" }
    guard let body = operation.body else { return command }
    let text = String(decoding: JSONWriter.write(body.example), as: UTF8.self).replacing("'", with: "'\\''")
    return command + " \\\n  -H 'Content-Type: application/json' -d '\(text)'"
  }

  // MARK: Text

  private static func paragraphs(_ text: String) -> String {
    text.split(separator: "\n\n").map { "<p>\(marked(String($0)))</p>" }.joined(separator: "\n")
  }

  private static func anchor(_ name: String) -> String {
    "area-" + String(name.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "-" })
  }

  /// `text` with what stands between backticks as code.
  static func marked(_ text: String) -> String {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .map { index, part in index % 2 == 0 ? escaped(String(part)) : "<code>\(escaped(String(part)))</code>" }
      .joined()
  }

  /// `text` with nothing in it that means anything in HTML.
  static func escaped(_ text: String) -> String {
    text.reduce(into: "") { escaped, character in
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      default: escaped.append(character)
      }
    }
  }
}
