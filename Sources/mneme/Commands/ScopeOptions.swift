import ArgumentParser
import MnemeCore

/// Whose memories a command is about.
struct ScopeOptions: ParsableArguments {
  @Option(help: "The person.") var user: String?
  @Option(help: "The agent.") var agent: String?
  @Option(help: "The application.") var app: String?
  @Option(help: "The session.") var run: String?

  var scope: Scope { Scope(userID: user, agentID: agent, appID: app, runID: run) }

  func validate() throws {
    if user == nil, agent == nil, app == nil, run == nil {
      throw ValidationError("one of --user, --agent, --app and --run is required")
    }
  }

  /// The condition that a memory's ids equal those given.
  var filter: Filter { scope.filter }
}

extension Scope {
  /// The condition that a memory's ids equal those that are set.
  var filter: Filter {
    let ids: [(Filter.Field, String?)] = [(.userID, userID), (.agentID, agentID), (.appID, appID), (.runID, runID)]
    return .and(ids.compactMap { field, id in id.map { .compare(field, .eq, .string($0)) } })
  }
}
