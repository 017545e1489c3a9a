public import MnemeCore

/// The tools as chat APIs take them, for programs that call models themselves.
public enum FunctionSchemas {
  /// Whose form of a list of tools.
  public enum Format: String, Sendable, CaseIterable {
    /// `tools` of OpenAI's chat completions, and of what is compatible with them.
    case openai
    /// `tools` of Anthropic's messages.
    case anthropic
  }

  /// The list, as JSON.
  /// - Parameters:
  ///   - configuration: Whether tools name owners. Without, the program that carries out the calls adds whose memories
  ///     they are about.
  ///   - role: What they may do; a reader sees no tools that write.
  public static func list(_ format: Format, _ configuration: AgentConfiguration, role: AccessRole) -> JSONValue {
    let rule = OwnerRule(configuration, .everybody)
    return .array(
      AgentTool.visible(to: role, in: .api).map { tool in
        let schema = tool.inputSchema(rule)
        return switch format {
        case .openai:
          [
            "type": "function",
            "function": [
              "name": .string(tool.name), "description": .string(tool.description), "parameters": schema,
            ],
          ]
        case .anthropic:
          ["name": .string(tool.name), "description": .string(tool.description), "input_schema": schema]
        }
      })
  }
}
