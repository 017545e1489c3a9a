import Foundation
import MnemeCore
import MnemeTesting
import Testing

@testable import mneme

@Suite struct SettingsTests {
  @Test func flagBeforeEnvironmentBeforeFileBeforeDefault() throws {
    let file = ["port": "1"]
    let environment = ["MNEME_PORT": "2"]
    func port(_ flags: [Setting: String], _ environment: [String: String], _ file: [String: String]) throws -> String {
      let settings = try Settings(flags: flags, environment: environment, file: file)
      return "\(settings.text(.port)) \(settings.origin(of: .port)?.rawValue ?? "")"
    }
    #expect(try port([.port: "3"], environment, file) == "3 flag")
    #expect(try port([:], environment, file) == "2 environment")
    #expect(try port([:], [:], file) == "1 file")
    #expect(try port([:], ["MNEME_PORT": ""], [:]) == "8765 default")
  }

  @Test func theKeyOfAnotherToolCountsLast() throws {
    let both = ["OPENAI_API_KEY": "theirs", "MNEME_LLM_API_KEY": "ours"]
    #expect(try Settings(flags: [:], environment: both, file: [:])[.llmAPIKey] == "ours")
    #expect(try Settings(flags: [:], environment: ["OPENAI_API_KEY": "theirs"], file: [:])[.llmAPIKey] == "theirs")
  }

  @Test func aKeyThatIsNoSettingIsRefused() {
    #expect(throws: SettingsError.self) { try Settings(flags: [:], environment: [:], file: ["prot": "1"]) }
  }

  @Test(arguments: [
    (Setting.port, "70000"), (.port, "x"), (.llmTimeout, "-1"), (.llmTimeout, "soon"), (.partitions, "0"),
  ])
  func valuesOutOfRangeAreRefused(setting: Setting, value: String) throws {
    let settings = try Settings(flags: [setting: value], environment: [:], file: [:])
    #expect(throws: SettingsError.self) {
      switch setting {
      case .llmTimeout: _ = try settings.duration(setting, in: 0.01...3600)
      case .partitions: _ = try settings.integer(setting, in: 1...256)
      default: _ = try settings.integer(setting, in: 0...65_535)
      }
    }
  }

  @Test func doctorShowsSettingsAndHidesSecrets() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let result = try await MnemeProcess.run(
      ["doctor", "--json", "--data-dir", folder.path + "/data"], environment: ["MNEME_LLM_API_KEY": "sk-very-secret"])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(!result.output.contains("very-secret"))
    let report = try result.json()
    #expect(report["checks"]?.arrayValue?.allSatisfy { $0["ok"] == true } == true, "\(report)")
  }
}
