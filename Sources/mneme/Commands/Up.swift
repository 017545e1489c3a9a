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
    let process: Roles
    let entrance: Entrance?
    do {
      entrance = roles.contains(.serve) ? try Entrance(system.settings, logger: system.logger) : nil
      process = try await Roles(system, roles)
    } catch {
      await system.log.close()
      throw error
    }
    Console.note(entrance?.note ?? "mneme runs")
    let services = process.services(entrance) { port in
      Console.note("mneme listens on http://\(entrance?.host ?? ""):\(port)")
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
}
