import MnemeCore
import Testing

@Suite struct ProjectCatalogTests {
  private static let key = ProjectKey(tenant: "acme", project: "shop")
  private static let time = Timestamp("2026-11-20T18:30:00Z")!
  private static let ann = Project.Member(email: "ann@example.com", role: "OWNER")

  private func catalog(_ changes: ProjectEvent.Change...) -> ProjectCatalog {
    var catalog = ProjectCatalog()
    for change in changes { catalog.apply(ProjectEvent(Self.key, change), at: Self.time) }
    return catalog
  }

  @Test(
    arguments: [
      .created, .settingsChanged([.name: "Shop", .decay: false, .description: .null]), .cleared, .memberSet(ann),
      .memberRemoved(email: "ann@example.com"),
      .settingsChanged([.customCategories: [["food": "what is eaten"], "x"]]),
    ] as [ProjectEvent.Change])
  func `an event reads what it writes`(change: ProjectEvent.Change) throws {
    let event = ProjectEvent(Self.key, change)
    #expect(try ProjectEvent(body: event.body) == event)
  }

  @Test(arguments: [
    #"{"tenant":"a","project":"b","change":"exploded"}"#, #"{"tenant":"a","project":"b","change":"member_set"}"#,
    #"{"tenant":"a","project":"b","change":"settings_changed","settings":{"colour":"red"}}"#, "{}", "",
  ])
  func `what is none is refused`(body: String) {
    #expect(throws: EventDecodingError.self) { try ProjectEvent(body: Array(body.utf8)) }
  }

  @Test func `settings stand until they are set again, and null takes them away`() {
    let catalog = catalog(
      .created, .settingsChanged([.name: "Shop", .decay: false]), .settingsChanged([.decay: .null, .version: "v2"]))
    #expect(catalog[Self.key].settings == [.name: "Shop", .version: "v2"])
    #expect(catalog[Self.key].createdAt == Self.time && catalog[Self.key].updatedAt == Self.time)
    #expect(catalog.projects(of: "acme").map(\.key) == [Self.key] && catalog.projects(of: "other").isEmpty)
    // Of one that was never made, too: its key opens it.
    #expect(self.catalog(.settingsChanged([.name: "Shop"]))[Self.key].settings == [.name: "Shop"])
  }

  @Test func `members come, change and go`() throws {
    let reader = Project.Member(email: "ann@example.com", role: "READER")
    #expect(catalog(.memberSet(Self.ann), .memberSet(reader))[Self.key].members == [reader])
    #expect(catalog(.memberSet(Self.ann), .memberRemoved(email: Self.ann.email))[Self.key].members.isEmpty)
    #expect(throws: ProjectError.self) {
      try catalog().check(ProjectEvent(Self.key, .memberRemoved(email: Self.ann.email)))
    }
  }

  @Test func `clearing leaves nothing but that it was done`() {
    let cleared = catalog(.created, .settingsChanged([.name: "Shop"]), .memberSet(Self.ann), .cleared)[Self.key]
    #expect(cleared.settings.isEmpty && cleared.members.isEmpty && cleared.createdAt == nil)
  }

  @Test func `what is not possible where it stands changes nothing`() {
    var catalog = catalog(.created)
    let before = catalog
    for change: ProjectEvent.Change in [.created, .memberRemoved(email: "nobody@example.com")] {
      let isApplied = catalog.apply(ProjectEvent(Self.key, change), at: Self.time)
      #expect(!isApplied && catalog == before)
    }
    for number in 0..<ProjectCatalog.maxMemberCount {
      catalog.apply(
        ProjectEvent(Self.key, .memberSet(Project.Member(email: "m\(number)@example.com", role: "READER"))),
        at: Self.time)
    }
    let isApplied = catalog.apply(ProjectEvent(Self.key, .memberSet(Self.ann)), at: Self.time)
    #expect(!isApplied && catalog[Self.key].members.count == ProjectCatalog.maxMemberCount)
  }
}
