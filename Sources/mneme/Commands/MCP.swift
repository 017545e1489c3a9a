import ArgumentParser
import CurlHTTP
import EventLog
import Logging
import MnemeQuery
import ServiceLifecycle

/// `mneme mcp`: tools for agents, over standard input and output.
struct MCP: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcp",
    abstract: "Give an agent tools: the Model Context Protocol over standard input and output.",
    discussion: """
      For programs that start their tools themselves, as desktop clients do; others speak to /mcp of a server. It \
      works on the data folder, or the brokers, that the settings name, beside a 'mneme up' or workers that process \
      what is added; with --url it takes messages to a server and its answers back, and needs no data folder. \
      Standard output holds messages and nothing else.
      """)

  @Option(help: "Base URL of a server; the key goes into \(Setting.mcpKey.environmentVariable).") var url: String?
  @Flag(help: "Offer the tools that change nothing, and no others.") var readOnly = false
  @OptionGroup var settings: SettingsOptions

  /// Longest wait for one answer of a server: longer than it takes to give a call up itself.
  static let relayTimeout: Duration = .seconds(90)

  func run() async throws {
    let settings = try Settings.load(settings)
    let agents = try settings.agents()
    guard let url else { return try await serve(settings, agents) }
    guard agents.owner == nil, !agents.allowsAnyOwner, !readOnly else {
      throw SettingsError(
        "with --url, the server and the key decide whose memories tools are about and what they may do; leave out "
          + "\(Setting.mcpOwner.flag), \(Setting.mcpAnyOwner.flag) and --read-only")
    }
    try await relay(to: url, settings, agents)
  }

  /// On a log and a projection in reach.
  private func serve(_ settings: Settings, _ agents: AgentConfiguration) async throws {
    guard agents.owner != nil || agents.allowsAnyOwner else {
      throw SettingsError(
        "nobody has said whose memories the tools are about: give \(Setting.mcpOwner.flag) user:ID, or let tools name "
          + "anybody with \(Setting.mcpAnyOwner.flag) on")
    }
    let pipe = try MessagePipe(maxMessageByteCount: agents.maxMessageByteCount)
    let system = try await MnemeSystem.open(settings)
    let process: Roles
    do {
      process = try await Roles(system, [.serve])
    } catch {
      await system.log.close()
      throw error
    }
    do {
      let stream = try await process.agentStream(agents, role: readOnly ? .reader : .admin)
      try await Up.run(
        process.services(nil) { _ in } + [PipeService(stream: stream, pipe: pipe)], logger: system.logger)
    } catch {
      await process.close()
      throw error
    }
    await process.close()
  }

  /// On a server.
  private func relay(to url: String, _ settings: Settings, _ agents: AgentConfiguration) async throws {
    let endpoint = Self.endpoint(url)
    guard HTTPRequest(.post, endpoint).origin != nil else {
      throw SettingsError("--url must be the URL of a server, such as http://127.0.0.1:8765")
    }
    let pipe = try MessagePipe(maxMessageByteCount: agents.maxMessageByteCount)
    let key = settings[.mcpKey]
    let client = HTTPClient()
    let relay = AgentRelay { post in
      var headers = HTTPHeaders()
      for header in post.headers { headers.add(header.name, header.value) }
      if let key, !key.isEmpty { headers.add("Authorization", "Bearer \(key)") }
      let response = try await client.execute(
        HTTPRequest(.post, endpoint, headers: headers, body: post.body, timeout: Self.relayTimeout))
      return AgentRelay.Reply(
        status: response.status, sessionID: response.headers["mcp-session-id"], body: response.body)
    }
    var logger = Logger(label: "mneme") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = try settings.level()
    do {
      try await Up.run([PipeService(stream: relay.stream(bounds: agents), pipe: pipe)], logger: logger)
    } catch {
      await client.close()
      throw error
    }
    await client.close()
  }

  /// Where a server takes messages.
  static func endpoint(_ url: String) -> String {
    let base = url.hasSuffix("/") ? String(url.dropLast()) : url
    return base.hasSuffix("/mcp") ? base : base + "/mcp"
  }
}

/// Serves one client until it closes its side, or the process is told to end.
private struct PipeService: Service {
  let stream: AgentStream
  let pipe: MessagePipe

  func run() async {
    await withGracefulShutdownHandler {
      await stream.run(next: { await pipe.next() }, send: { await pipe.send($0) })
    } onGracefulShutdown: {
      pipe.stop()
    }
  }
}
