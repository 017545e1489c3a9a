import MnemeCore

extension OperationArea {
  private static let organization = Operation.Parameter.path(
    "org", .string(length: 1...256).example("default"), "The caller's organisation, as a ping tells it.")
  private static let ofProject: [Operation.Parameter] = [
    organization,
    .path("project", .string(length: 1...256).example("default"), "The caller's project, as a ping tells it."),
  ]
  private static let path = "/api/v1/orgs/organizations/{org}/projects/"

  private static let email = Schema.string(
    "Who.", length: 3...320, pattern: #"^[^\u0000-\u001F\u007F]*@[^\u0000-\u001F\u007F]*$"#
  ).example("ann@example.com")
  private static let memberBody = Operation.Body(
    .form(nil, ["email": email, "role": .word(["READER", "OWNER"])]),
    example: ["email": "ann@example.com", "role": "READER"])
  private static let done = Operation.Reply("It is done.", .reference(.message))

  /// Projects, and who belongs to them.
  static let projects = OperationArea(
    "Projects", "What is set for a project, and who belongs to it. Others than the caller's own are not found.",
    [
      "GET \(path)": Operation(
        "listProjects", "Lists projects", details: "All to an admin of the default one; to others, their own.",
        [organization], replies: [Operation.Reply("The projects.", .reference(.projectList))]),
      "POST \(path)": Operation(
        "createProject", "Makes a project", details: "Its keys are made by `mneme keys`.", [organization],
        body: Operation.Body(
          .form(
            nil,
            [
              "name": .string(length: 1...ProjectForm.maxNameLength, pattern: Schema.plainText).example("Shop")
            ], optional: ["description": .string(length: 0...ProjectForm.maxTextLength)]), example: ["name": "Shop"]),
        replies: [Operation.Reply("It is made.", .reference(.createdProject))]),
      "GET \(path){project}/": Operation(
        "getProject", "Tells what is set for a project",
        ofProject + [
          .query("fields", .list(of: .string()), "Members that are wanted; given several times for several.")
        ],
        replies: [Operation.Reply("The project.", .reference(.requestedProject))]),
      "PATCH \(path){project}/": Operation(
        "updateProject", "Changes what is set for a project", ofProject,
        body: Operation.Body(
          .reference(.projectSettings), example: ["custom_instructions": "Keep what somebody may not eat"]),
        replies: [done]),
      "DELETE \(path){project}/": Operation(
        "deleteProject", "Deletes a project's memories, settings, members and webhooks",
        details: "Its keys go on until they are revoked.", ofProject, replies: [done]),
      "GET \(path){project}/members/": Operation(
        "listMembers", "Lists who belongs to a project", ofProject,
        replies: [Operation.Reply("The members.", .reference(.memberList))]),
      "POST \(path){project}/members/": Operation(
        "addMember", "Adds a member", ofProject, body: memberBody, replies: [done]),
      "PUT \(path){project}/members/": Operation(
        "updateMember", "Gives a member another role", ofProject, body: memberBody, replies: [done]),
      "DELETE \(path){project}/members/": Operation(
        "removeMember", "Removes a member", ofProject + [.query("email", email, "Who.", isRequired: true)],
        replies: [done]),
    ])
}
