import ArgumentParser
import EventLog
import Foundation
import MnemeCore
import Testing

@testable import mneme

/// Everything that can be set, published or measured is in the README; files are short; nothing is left undone.
@Suite struct DocumentationTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static func files(_ folder: String, _ suffix: String) -> [String] {
    let base = root.appending(path: folder).path
    let all = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(suffix) }.map { "\(folder)/\($0)" }.sorted()
  }

  @Test func everySettingIsInTheREADMEWithFlagVariableAndDefault() throws {
    let readme = try Self.text("README.md")
    for setting in Setting.allCases {
      let row = readme.split(separator: "\n").first { $0.hasPrefix("| `\(setting.flag)` |") }
      let text = try #require(row, "\(setting.flag) is not in the README")
      #expect(text.contains("`\(setting.environmentVariable)`"), "\(setting.flag)")
      if let value = setting.defaultValue { #expect(text.contains("`\(value)`"), "\(setting.flag)") }
    }
  }

  @Test func everySettingHasItsFlag() throws {
    let help = SettingsOptions.helpMessage(columns: 400)
    for setting in Setting.allCases {
      #expect(help.contains("\(setting.flag) "), "\(setting.flag)")
      #expect(help.contains("[\(setting.environmentVariable)]"), "\(setting.flag)")
    }
  }

  @Test func everyTopicAndEventTypeIsInTheREADME() throws {
    let readme = try Self.text("README.md")
    for file in Self.files("topics", ".json") where !file.dropFirst("topics/".count).contains("/") {
      let topic = try EventBodyCoding.decode(JSONValue.self, from: Array(try Self.text(file).utf8))
      #expect(readme.contains("`\(topic["name"]?.stringValue ?? "")`"), "\(file)")
    }
    for type in EventType.allCases { #expect(readme.contains("`\(type.rawValue)`"), "\(type.rawValue)") }
  }

  @Test func everyMetricIsInTheREADME() throws {
    let readme = try Self.text("README.md")
    let sources = try Self.files("Sources/MnemeQuery", ".swift").map(Self.text).joined()
    let names = sources.matches(of: /"(mneme_[a-z_]+)"/).map { String($0.output.1) }
    #expect(names.count > 2)
    for name in names { #expect(readme.contains("`\(name)`"), "\(name)") }
  }

  @Test func filesAreShortAndLinesToo() throws {
    for file in Self.files("Sources", ".swift") + Self.files("Tests", ".swift") + Self.files("Sources", ".c") {
      let lines = try Self.text(file).split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count <= 401, "\(file) has \(lines.count) lines")
      var isText = false
      for (number, line) in lines.enumerated() {
        if line.contains("\"\"\"") { isText.toggle() }
        // A text is not broken where its lines count.
        guard !isText, !line.contains("\"") else { continue }
        #expect(line.count <= 120, "\(file):\(number + 1) has \(line.count) characters")
      }
    }
  }

  @Test func nothingIsLeftUndoneAndNoTestIsSkipped() throws {
    let marks = ["TO" + "DO", "FIX" + "ME", ".disabled" + "(", "XCT" + "Skip"]
    for file in Self.files("Sources", ".swift") + Self.files("Tests", ".swift") + Self.files("ops", "") {
      guard let text = try? Self.text(file) else { continue }
      for mark in marks { #expect(text.range(of: mark) == nil, "\(file) holds \(mark)") }
    }
  }

  @Test func everyPublicDeclarationIsDocumented() throws {
    for file in Self.files("Sources", ".swift") {
      let lines = try Self.text(file).split(separator: "\n", omittingEmptySubsequences: false).map {
        $0.drop { $0 == " " }
      }
      for (number, line) in lines.enumerated() where line.hasPrefix("public ") && !line.hasPrefix("public import") {
        var above = number - 1
        while above >= 0, lines[above].hasPrefix("@") { above -= 1 }
        let isDocumented = above >= 0 && lines[above].hasPrefix("///")
        // An extension's members are documented one by one.
        #expect(isDocumented || line.hasPrefix("public extension"), "\(file):\(number + 1): \(line)")
      }
    }
  }

  @Test func theTopLevelHoldsWhatItShould() throws {
    let wanted: Set<String> = ["Package.swift", "Sources", "Tests", "topics", "ops", "README.md"]
    let found = try FileManager.default.contentsOfDirectory(atPath: Self.root.path).filter {
      !$0.hasPrefix(".") && $0 != "Package.resolved"
    }
    #expect(Set(found) == wanted)
  }
}
