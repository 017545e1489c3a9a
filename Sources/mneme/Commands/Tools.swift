import ArgumentParser
import FoundationEssentials
import MnemeQuery

/// `mneme tools`: the same tools, for programs that call models themselves.
struct Tools: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the tools of 'mneme mcp' as function-calling schemas, as one JSON document.",
    discussion: """
      The program that calls the model carries the tools out, and adds whose memories they are about; with \
      --mcp-any-owner on, the model names them.
      """)

  @Option(help: "Whose form: \(FunctionSchemas.Format.allCases.map(\.rawValue).joined(separator: " or ")).")
  var format: String
  @Flag(help: "Only the tools that change nothing.") var readOnly = false
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    guard FunctionSchemas.Format(rawValue: format) != nil else {
      throw ValidationError(
        "--format must be \(FunctionSchemas.Format.allCases.map(\.rawValue).joined(separator: " or "))")
    }
  }

  func run() async throws {
    guard let format = FunctionSchemas.Format(rawValue: format) else { preconditionFailure("validated") }
    let agents = try Settings.load(settings).agents()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    let list = FunctionSchemas.list(format, agents, role: readOnly ? .reader : .admin)
    Console.line(String(decoding: try encoder.encode(list), as: UTF8.self))
  }
}
