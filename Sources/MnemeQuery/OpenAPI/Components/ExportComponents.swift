import MnemeCore

extension Component {
  /// Exports and profiles.
  static let exports = [
    createdExport, export, exportRequest, exportPage, profile, profileJob, profileProgress, profileSettings,
  ]

  /// What asking for an export answers.
  static let createdExport = Component(
    "CreatedExport",
    .object(
      nil,
      [
        "message": .string().example("Memory export request received. The export will be ready in a few seconds."),
        "id": .uuid("Id of the export."),
      ]))

  /// An export.
  static let export = Component(
    "Export",
    Schema.map("The members that the schema names; `memories`, as they are, where it names none.")
      .example(["home": "Berlin"]))

  /// What was asked for.
  static let exportRequest = Component(
    "ExportRequest",
    .object(
      "An export that was asked for.",
      [
        "id": .string("Id of the export.").example(Schema.sampleID),
        "schema": Schema.map("Its form.").example(["properties": ["home": ["type": "string"]]]),
        "filters": Schema.map("Which memories; empty for all.").example(["user_id": "alex"]),
        "export_instructions": .string().orNull.example(.null), "created_at": .time(),
      ]))

  /// A page of what was asked for.
  static let exportPage = Component("ExportPage", page("Exports that were asked for.", of: .reference(exportRequest)))

  private static let user = Schema.word([ProfileSettings.entityType])

  /// A profile.
  static let profile = Component(
    "Profile",
    .object(
      "What is remembered of a user.",
      [
        "profile": Schema.map("The document, in the project's form or the usual one; null where there is none.").orNull
          .example(["home": "Berlin"]),
        "status": .word(ProfileStatus.allCases.map(\.rawValue)), "entity_type": user,
        "entity_id": .string().example("alex"), "updated_at": .time("When a memory of it changed last.").orNull,
        "generation_count": .count("How often it was asked for by a job."),
      ]))

  /// What a job answers.
  static let profileJob = Component(
    "ProfileJob",
    .object(
      "What was made.",
      [
        "job_id": .string().example(Schema.sampleID), "status": .word([ProfileStatus.succeeded.rawValue]),
        "status_url": .string("Path of the job.").example("/v2/profiles/jobs/279986d6-129b-53d5-9629-6c4a70c95880/"),
        "operation": .word(ProfileJob.Operation.allCases.map(\.rawValue)), "entity_type": user,
        "event_id": .string("The same as `job_id`.").example(Schema.sampleID),
        "replayed": .flag("Whether an earlier request with the same key made it."),
      ],
      optional: [
        "entity_count_reserved": .count("Of `trigger`: users."), "sampled": .count("Of `sample`: users."),
        "entity_ids": .list("Of `sample`: their ids.", of: .string()),
      ]))

  /// How far a job is.
  static let profileProgress = Component(
    "ProfileProgress",
    .object(
      nil,
      [
        "job": .object(
          "A job. It was done when it was answered.",
          [
            "job_id": .string().example(Schema.sampleID),
            "operation": .word(ProfileJob.Operation.allCases.map(\.rawValue)),
            "status": .word([ProfileStatus.succeeded.rawValue]), "total": .count("Users."),
            "completed": .count("The same."), "succeeded": .count("Users of whom something is remembered."),
            "failed": .count("None."), "skipped": .count("Users of whom nothing is."),
            "enumeration_complete": .flag("True."), "created_at": .time(), "completed_at": .time(),
          ])
      ]))

  /// What is set for profiles.
  static let profileSettings = Component(
    "ProfileSettings",
    .object(
      "What is set for profiles.",
      [
        "enabled": .flag("Whether they are made.").example(true),
        "capabilities": .object(
          "What can be set here.",
          [
            "entity_types": .list(of: .string()).example(["user"]),
            "operations": .list(of: .string()).example(["trigger", "sample"]),
            "schema": .flag("Whether a schema is heeded."),
            "custom_instructions": .flag("Whether instructions are heeded. They are not: no model is asked."),
          ]),
        "entities": .object(
          nil,
          [
            ProfileSettings.entityType: .object(
              nil,
              [
                "schema": Schema.map("The form of profiles; null for the usual one.").orNull.example(.null),
                "custom_instructions": .string().orNull.example(.null),
              ])
          ]),
      ]))
}
