import MnemeCore

extension Component {
  /// Projects, and who belongs to them.
  static let projects = [project, requestedProject, projectList, projectSettings, createdProject, member, memberList]

  private static let settings: Schema.Properties = [
    "name": .string("What people call it.", length: 0...ProjectForm.maxNameLength).orNull.example("Shop"),
    "description": text("What it is for."), "custom_instructions": text("What extraction is told beside its prompt."),
    "agent_custom_instructions": text("The same, for what an agent says."),
    "inclusion_prompt": text("What is to be kept."), "exclusion_prompt": text("What is to be left out."),
    "usecase": text("What memories are used for."), "memory_depth": text("How much is kept."),
    "version": text("Version of the API that clients ask for."),
    "multilingual": Schema.flag("Whether memories keep the language of what was said.").orNull,
    "decay": Schema.flag("Whether old memories count for less.").orNull,
    "enable_graph": Schema.flag("Whether clients ask for a graph.").orNull,
    "custom_categories": Schema.customCategories.orNull,
  ]

  private static func text(_ description: String) -> Schema {
    Schema.string(description, length: 0...ProjectForm.maxTextLength).orNull.example(.null)
  }

  /// Settings of a project in a request.
  static let projectSettings = Component(
    "ProjectSettings",
    .object("Settings: what is given is set, null puts one back to nothing, the rest stays.", optional: settings))

  /// A project.
  static let project = Component(
    "Project",
    .object(
      "A project, and what is set for it.",
      [
        "project_id": .string().example("default"), "org_id": .string().example("default"),
        "created_at": .time().orNull, "updated_at": .time().orNull, "members": .list(of: .reference(member)),
        "user_role": .word(["OWNER", "READER"], "What the caller is."),
        "is_default": .flag("Whether it is its organisation's first."),
      ]
    ).and(nil, settings))

  /// A project of which `fields` may have left out members.
  static let requestedProject = Component(
    "RequestedProject",
    Schema.map("The project: whole (`Project`), or the members that `fields` names; one that it lacks is null."))

  /// Projects.
  static let projectList = Component(
    "ProjectList", .object(nil, ["results": .list("Projects of the organisation.", of: .reference(project))]))

  /// What making a project answers.
  static let createdProject = Component(
    "CreatedProject",
    .object(
      nil,
      [
        "message": .string().example("Project created successfully."),
        "project_id": .string("Id of the project.").example("proj-0123456789abcdef"),
      ]))

  private static let role = Schema.word(["READER", "OWNER"])

  /// A member.
  static let member = Component(
    "Member",
    .object(
      "Somebody who belongs to a project. What they may do is said by their key.",
      [
        "username": .string().example("ann@example.com"), "email": .string().example("ann@example.com"), "role": role,
      ]))

  /// Members.
  static let memberList = Component("MemberList", .object(nil, ["members": .list(of: .reference(member))]))
}

extension Schema {
  /// Categories of a turn or a project.
  static let customCategories = Schema.list(
    "Categories in place of the built-in ones: names, or objects that give names their descriptions.",
    of: .any(
      of: [
        .string(length: 1...CustomCategory.maxNameLength),
        Schema.map(of: .string(length: 0...CustomCategory.maxDescriptionLength)).atLeast(1),
      ]), count: 0...CustomCategory.maxCount
  ).example([["food": "What somebody eats, or does not"]])
}
