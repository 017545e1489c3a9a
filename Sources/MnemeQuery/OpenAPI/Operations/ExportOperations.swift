import MnemeCore

extension OperationArea {
  private typealias Reply = Operation.Reply

  /// Memories in a form of the caller's own.
  static let exports = OperationArea(
    "Exports",
    "Memories in a form of the caller's own. No model is asked: each property takes what memories say by its name.",
    [
      "POST /v1/exports/": Operation(
        "createExport", "Notes what is to be exported, and in which form",
        details: "The export is made when it is fetched, of what is remembered then.",
        body: Operation.Body(
          .form(
            nil, ["schema": .documentSchema],
            optional: Schema.choosing + [
              "export_instructions": .string(
                "Kept, and shown in lists. Nobody reads it: no model is asked.",
                length: 0...ExportForm.maxInstructionLength)
            ]),
          example: [
            "schema": ["type": "object", "properties": ["home": ["type": "string"]]], "filters": ["user_id": "alex"],
          ]),
        replies: [Reply("It is noted.", .reference(.createdExport), status: 201)]),
      "POST /v1/exports/get/": Operation(
        "getExport", "Makes an export",
        details: "That of the id, or the newest one with these filters; the newest of all where the body names "
          + "neither.", [.minPosition],
        body: Operation.Body(
          .form(
            nil,
            optional: Schema.choosing + [
              "memory_export_id": .string("Id of the export.").example(Schema.sampleID), "min_position": .position,
            ]), example: ["filters": ["user_id": "alex"]], isRequired: false),
        replies: [Reply("The export.", .reference(.export))]),
      "GET /v1/exports/": Operation(
        "listExports", "Lists what was asked for, or makes an export, for older clients",
        details: "With `page` or `page_size`, a page of what was asked for, the newest first; else the export, as "
          + "`POST /v1/exports/get/` makes it.",
        Operation.Parameter.owners + [
          .query("session_id", .string(length: 1...Scope.maxIDLength), "The same as `run_id`."),
          .query("filters", .string(), "The filters that were asked for, as JSON or as Python prints a dict."),
          .query("memory_export_id", .string(), "Id of the export."), .page,
          .pageSize(Page.defaultSize, max: Page.maxSize), .minPosition,
        ],
        replies: [Reply("The page, or the export.", .any(of: [.reference(.exportPage), .reference(.export)]))]),
    ])

  /// What is remembered of a user, as one document.
  static let profiles = OperationArea(
    "Profiles", "What is remembered of a user, as one document. It is made of what is read, so none is ever pending.",
    [
      "GET /v2/entities/user/{id}/profile/": Operation(
        "getProfile", "Makes the profile of a user",
        [.path("id", .string(length: 1...Scope.maxIDLength).example("alex"), "Id of the user."), .minPosition],
        replies: [Reply("The profile, or why there is none.", .reference(.profile))]),
      "POST /v2/profiles/jobs/": Operation(
        "makeProfiles", "Makes the profile of one user, or those of some",
        details: "It is done when it is answered. 409 where the key was another job's.", [.jobKey],
        body: Operation.Body(
          .form(
            nil,
            [
              "operation": .word(
                ProfileJob.Operation.allCases.map(\.rawValue),
                "`trigger` for the user `entity_id`, `sample` for those whose memories changed last.")
            ],
            optional: [
              "entity_type": .word([ProfileSettings.entityType]), "entity_id": .reference(.identifier),
              "limit": .integer("Users of a sample, at most. Otherwise 5.", in: 1...QueryAPI.maxSampleCount),
            ]), example: ["operation": "trigger", "entity_type": "user", "entity_id": "alex"]),
        replies: [Reply("What was made.", .reference(.profileJob))]),
      "GET /v2/profiles/jobs/{id}/": Operation(
        "getProfileJob", "Tells of a job", [.path("id", .string().example(Schema.sampleID), "Id of the job.")],
        replies: [Reply("The job.", .reference(.profileProgress))]),
      "GET /v2/profiles/settings/": Operation(
        "getProfileSettings", "Tells what is set for profiles",
        replies: [Reply("The settings.", .reference(.profileSettings))]),
      "POST /v2/profiles/settings/": Operation(
        "updateProfileSettings", "Changes what is set for profiles",
        details: "What is null is put back to nothing, what is absent stays. At least one of them is there.",
        body: Operation.Body(
          .profileSettings,
          example: [
            "enabled": true,
            "entities": ["user": ["schema": ["type": "object", "properties": ["home": ["type": "string"]]]]],
          ]),
        replies: [Reply("The settings.", .reference(.profileSettings))]),
    ])
}

extension Operation.Parameter {
  /// Makes a job one that can be asked for again.
  fileprivate static let jobKey = Operation.Parameter.header(
    "Idempotency-Key", .string(length: 1...EventID.maxLength, pattern: Schema.plainText).example("alex/7"),
    "Sent again with the same one, the request is answered with the job that it made before.")
}

extension Schema {
  /// Which memories are meant, or were.
  fileprivate static let choosing: Properties = [
    "filters": .olderFilters, "user_id": .reference(.identifier), "agent_id": .reference(.identifier),
    "app_id": .reference(.identifier), "run_id": .reference(.identifier), "session_id": .reference(.identifier),
  ]

  /// The form of a document; a text is one that holds it as JSON.
  fileprivate static let documentSchema = Schema.any(
    of: [
      .object(nil, optional: ["properties": .map(of: .map())]), .string(length: 2...ExportForm.maxPartByteCount),
    ], "A JSON Schema, or the text of one, of 16 KiB at most. Without properties, memories are shown as they are.")

  /// What may be set for profiles.
  fileprivate static let profileSettings = Schema.form(
    nil,
    optional: [
      "enabled": .flag("Whether profiles are made."),
      "entities": .form(
        nil,
        optional: [
          ProfileSettings.entityType: .form(
            "Of users.",
            optional: [
              "schema": .any(
                of: [
                  .object(nil, ["properties": Schema.map(of: .map()).atLeast(1)]),
                  .string(length: 2...ExportForm.maxPartByteCount), .null(),
                ],
                "The form of profiles: a JSON Schema with properties, or the text of one, of 16 KiB at most; null for "
                  + "the usual form."),
              "custom_instructions": .string(
                "Kept and shown. Nobody reads it: no model is asked.", length: 0...ProfileSettings.maxInstructionLength),
            ])
        ]
      ).closed,
    ])
}
