import MnemeCore
import Testing

@testable import MnemeQuery

@Suite struct DocumentationPageTests {
  private static let page = String(decoding: DocumentationPage.bytes, as: UTF8.self)

  @Test func `the page lists every operation with its role, and every schema`() throws {
    for area in OperationArea.all {
      #expect(Self.page.contains("<h2>\(DocumentationPage.escaped(area.name))</h2>"))
      for (name, operation) in area.operations {
        let route = try #require(RouteTable.api.routes.first { $0.name == name })
        let start = try #require(Self.page.firstRange(of: "id=\"\(operation.id)\""), "\(name)")
        let entry = Self.page[start.lowerBound...].prefix { _ in true }
        let text = entry[..<(try #require(entry.firstRange(of: "</details>")).lowerBound)]
        #expect(text.contains("<code>\(route.path)</code>") && text.contains("<i>\(route.role)</i>"), "\(name)")
        #expect(text.contains("<h3>Example</h3>") && text.contains("<h3>Answers</h3>"), "\(name)")
        #expect(text.contains("<h3>Body") == (operation.body != nil), "\(name)")
        for parameter in operation.parameters { #expect(text.contains("<code>\(parameter.name)</code>"), "\(name)") }
      }
    }
    for component in Component.all { #expect(Self.page.contains("id=\"schema-\(component.name)\"")) }
    for link in Self.page.matches(of: /href="#([^"]+)"/) {
      #expect(Self.page.contains("id=\"\(link.output.1)\""), "\(link.output.1)")
    }
  }

  @Test func `it loads nothing, and runs nothing but its own script`() async throws {
    let (script, style) = (DocumentationAssets.script, DocumentationAssets.style)
    for forbidden in ["src=", "@import", "url(", "http-equiv", "onclick", "style=\"", "<link", "<img", "<iframe"] {
      #expect(!Self.page.contains(forbidden), "\(forbidden)")
    }
    for forbidden in ["innerHTML", "eval", "fetch", "XMLHttpRequest", "import", "localStorage", "cookie"] {
      #expect(!script.contains(forbidden), "\(forbidden)")
    }
    #expect(Self.page.matches(of: /<script/).count == 1 && Self.page.contains("<script>\(script)</script>"))
    #expect(Self.page.matches(of: /<style/).count == 1 && Self.page.contains("<style>\(style)</style>"))
    try await Harness().run { client in
      let reply = try await client.send("GET", "/docs")
      #expect(reply.status == 200 && reply.headers["content-type"] == "text/html; charset=utf-8")
      #expect(reply.body == DocumentationPage.bytes)
      let policy = try #require(reply.headers["content-security-policy"])
      #expect(policy.hasPrefix("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"))
      #expect(reply.headers["x-content-type-options"] == "nosniff")
    }
  }

  @Test(arguments: [
    ("a < b & \"c\"", "a &lt; b &amp; &quot;c&quot;"), ("`<x>` and `y`", "<code>&lt;x&gt;</code> and <code>y</code>"),
    ("plain", "plain"), ("", ""),
  ])
  func `text is escaped, and code is marked`(text: String, html: String) {
    #expect(DocumentationPage.marked(text) == html)
  }
}
