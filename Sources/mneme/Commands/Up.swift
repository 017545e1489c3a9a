import ArgumentParser
import EventLog
import Logging
import ServiceLifecycle
import UnixSignals

/// `mneme up`: everything in one process.
struct Up: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run all roles in one process: query service, workers, projector.")

  @OptionGroup var settings: SettingsOptions

  /// How long the parts may take to stop.
  static let maxShutdownDuration: Duration = .seconds(20)

  func run() async throws {
    try await Self.run(Set(Role.allCases), settings)
  }

  /// Runs `roles` until the process is told to end.
  static func run(_ roles: Set<Role>, _ options: SettingsOptions) async throws {
    let system = try await MnemeSystem.open(options)
    let host = system.settings.text(.host)
    guard !roles.contains(.serve) || isLoopback(host) else {
      throw SettingsError(
        "\(Setting.host.flag) \(host) is not a loopback address, and there are no API keys to protect it")
    }
    let port = try system.settings.integer(.port, in: 0...65_535)
    let process: Roles
    do {
      process = try await Roles(system, roles)
    } catch {
      await system.log.close()
      throw error
    }
    if roles.contains(.serve) {
      Console.note("no API keys: whoever reaches \(host) can read and write everything")
    } else {
      Console.note("mneme runs")
    }
    let services = process.services(host: host, port: port) { port in
      Console.note("mneme listens on http://\(host):\(port)")
    }
    do {
      try await run(services, logger: system.logger)
    } catch {
      await process.close()
      throw error
    }
    await process.close()
  }

  /// Runs services until SIGTERM or SIGINT, or until one of them fails.
  static func run(_ services: [any Service], logger: Logger) async throws {
    var configuration = ServiceGroupConfiguration(
      services: services.map {
        ServiceGroupConfiguration.ServiceConfiguration(
          service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
          failureTerminationBehavior: .gracefullyShutdownGroup)
      }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = maxShutdownDuration
    try await ServiceGroup(configuration: configuration).run()
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}
