import MnemeCore
import MnemeProjection

extension Component {
  /// Users, agents, applications and sessions.
  static let entities = [entity, entityPage, entityNames, statistics, bareEntity]

  private static let kinds = EntitySummary.Kind.allCases.map(\.rawValue)

  private static let totals: Schema.Properties = [
    "total_users": .count(), "total_agents": .count(), "total_apps": .count(), "total_runs": .count(),
  ]

  /// An entity.
  static let entity = Component(
    "Entity",
    .object(
      "Somebody or something whose id stands on memories, or that was described.",
      [
        "id": .string("The id.").example("alex"), "name": .string("The same.").example("alex"),
        "type": .word(kinds, "Which of the four ids."), "owner": .string("The organisation.").example("default"),
        "total_memories": .count("Memories that are current.").example(3),
        "display_name": .string("What people call it.").orNull.example("Alex"),
        "metadata": .map("What was said of it."),
        "created_at": .time("When the first of its memories was decided, or it was described."),
        "updated_at": .time("When that changed last."),
      ]))

  /// A page of entities.
  static let entityPage = Component(
    "EntityPage", page("Entities, and how many there are of each type.", of: .reference(entity)).and(nil, totals))

  /// Ids by type.
  static let entityNames = Component(
    "EntityNames",
    .object(
      "Ids by type.",
      [
        "users": .list(of: .string().example("alex")), "agents": .list(of: .string().example("cook")),
        "apps": .list(of: .string().example("shop")), "runs": .list(of: .string().example("chat-7")),
      ]))

  /// How much there is.
  static let statistics = Component(
    "Statistics",
    .object(
      "How much there is.",
      [
        "total_memories": .count("Memories that are current."),
        "total_add_events": .count("Turns that were processed."),
        "total_search_events": .null("Searches leave no event."),
      ]
    ).and(nil, totals))

  /// An entity as mem0's own server has it.
  static let bareEntity = Component(
    "BareEntity",
    .object(
      nil,
      [
        "id": .string().example("alex"), "type": .word(kinds), "total_memories": .count(), "created_at": .time(),
        "updated_at": .time(),
      ]))
}
