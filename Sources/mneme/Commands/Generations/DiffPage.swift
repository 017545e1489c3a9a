import MnemeCore

/// A diff as a page of its own: no script, nothing loaded from elsewhere.
enum DiffPage {
  /// The whole document.
  static func html(_ report: DiffReport) -> String {
    var body = """
      <h1>\(escaped(report.from)) <span class="arrow">→</span> \(escaped(report.to))</h1>
      <p class="counts">\(counts(report))</p>
      <p>\(report.changedOwners) of \(report.owners) owners would see a change; \(report.unchanged) memories are as \
      before.</p>

      """
    var owner: String?
    for change in report.changes {
      if change.owner != owner {
        if owner != nil { body += "</table>\n" }
        owner = change.owner
        body += "<h2>\(escaped(change.owner))</h2>\n<table>\n"
      }
      body += row(change)
    }
    if owner != nil { body += "</table>\n" }
    if report.changeCount > report.changes.count {
      body += "<p>\(report.changeCount - report.changes.count) further changes are counted above and not listed.</p>\n"
    }
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Mneme: \(escaped(report.from)) to \(escaped(report.to))</title>
      <style>\(style)</style>
      </head>
      <body>
      \(body)</body>
      </html>

      """
  }

  private static func counts(_ report: DiffReport) -> String {
    [
      ("added", report.added), ("gone", report.gone), ("reworded", report.reworded),
      ("recategorised", report.recategorised),
    ].map { "<span class=\"\($0)\">\($1) \(word($0))</span>" }.joined(separator: " ")
  }

  private static func word(_ kind: String) -> String { kind == "recategorised" ? "re-categorised" : kind }

  private static func row(_ change: DiffReport.Item) -> String {
    let sources = (change.new ?? change.old)?.sources ?? []
    var cell = ""
    if let old = change.old {
      let text = change.kind == "recategorised" ? "" : "<div class=\"old\">\(escaped(old.text))</div>"
      cell += text
    }
    if let new = change.new { cell += "<div class=\"new\">\(escaped(new.text))</div>" }
    if change.kind == "recategorised" {
      cell += "<div>\(escaped(change.old?.category ?? "")) → \(escaped(change.new?.category ?? ""))</div>"
    }
    let quotes = sources.map { source in
      "<blockquote>\(escaped(source.quote))<cite>\(escaped(source.time.description)), "
        + "\(escaped(source.eventID)) message \(source.messageIndex)</cite></blockquote>"
    }.joined()
    return
      "<tr><th class=\"\(change.kind)\" scope=\"row\">\(word(change.kind))</th><td>\(cell)</td><td>\(quotes)</td></tr>\n"
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
    return result
  }

  private static let style = """
    :root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
    body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
    h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
    table { border-collapse: collapse; width: 100%; }
    th, td { border-top: 1px solid #8885; padding: .5rem; text-align: left; vertical-align: top; width: 45%; }
    th { width: 8rem; font-weight: 600; }
    .counts span { display: inline-block; margin-right: 1rem; font-weight: 600; }
    .added { color: #1a7f37; } .gone { color: #cf222e; } .reworded { color: #9a6700; } .recategorised { color: #0969da; }
    .old { text-decoration: line-through; opacity: .7; }
    blockquote { margin: 0 0 .4rem; padding-left: .7rem; border-left: 3px solid #8885; }
    cite { display: block; font-size: .8rem; opacity: .7; font-style: normal; }
    """
}
