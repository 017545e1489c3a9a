import MnemeCore
import Testing

@Suite struct ProjectCatalogTests {
  private static let key = ProjectKey(tenant: "acme", project: "shop")
  private static let time = Timestamp("2026-11-20T18:30:00Z")!
  private static let ann = Project.Member(email: "ann@example.com", role: "OWNER")

  private static func webhook(_ id: String, name: String = "kitchen") -> Webhook {
    Webhook(
      id: id, name: name, url: "https://example.org", events: [.memoryAdd, .memoryDelete], secret: "c2VjcmV0",
      turns: [7, 0], createdAt: time, updatedAt: time)
  }

  private static func export(_ id: String, owners: [String]? = nil) -> ExportRequest {
    ExportRequest(
      id: id, schema: ["properties": ["home": [:]]], filters: ["user_id": "ann"], instructions: "all", owners: owners,
      at: time)
  }

  private static func job(_ id: String, _ key: String?, _ users: [String], skipped: [String] = []) -> ProfileJob {
    ProfileJob(id: id, operation: .trigger, users: users, skipped: skipped, idempotencyKey: key, at: time)
  }

  private static func description(_ id: String, _ metadata: [String: JSONValue] = [:]) -> EntityDescription {
    EntityDescription(kind: .user, id: id, name: nil, metadata: metadata, createdAt: time, updatedAt: time)
  }

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
      .webhookSet(webhook("wh-1")), .webhookSwitchedOff(id: "wh-1"), .webhookRemoved(id: "wh-1"),
      .settingsChanged([.profileSchema: ["properties": ["home": ["type": "string"]]], .profileEnabled: false]),
      .exportRequested(export("e1", owners: ["user:ann"])), .profilesMade(job("j1", "k", ["ann"])),
      .entityDescribed(description("ann", ["a": 1])), .entityForgotten(Owner(kind: .user, id: "a:n/n")),
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

  @Test func `webhooks come, change, are switched off and go`() {
    let all = catalog(
      .webhookSet(Self.webhook("wh-1")), .webhookSet(Self.webhook("wh-2")),
      .webhookSet(Self.webhook("wh-1", name: "hall")),
      .webhookSwitchedOff(id: "wh-2"), .webhookRemoved(id: "wh-3"))
    #expect(all[Self.key].webhooks.map(\.name) == ["hall", "kitchen"] && all.webhookCount == 2)
    #expect(all[Self.key].webhooks.map(\.isActive) == [true, false])
    var rest = all
    rest.apply(ProjectEvent(Self.key, .webhookRemoved(id: "wh-1")), at: Self.time)
    #expect(rest[Self.key].webhooks.map(\.id) == ["wh-2"] && rest.webhookCount == 1)
    rest.apply(ProjectEvent(Self.key, .cleared), at: Self.time)
    #expect(rest[Self.key].webhooks.isEmpty && rest.webhookCount == 0)
    var full = ProjectCatalog()
    for number in 0...ProjectCatalog.maxWebhookCount {
      let isApplied = full.apply(ProjectEvent(Self.key, .webhookSet(Self.webhook("wh-\(number)"))), at: Self.time)
      #expect(isApplied == (number < ProjectCatalog.maxWebhookCount))
    }
  }

  @Test func `a webhook follows what came after it`() {
    let webhook = Self.webhook("wh-1")
    for (partition, offset, isTold): (Int, Int64, Bool) in [
      (0, 6, false), (0, 7, true), (1, 0, true), (2, 0, true),
    ] {
      #expect(webhook.follows(TurnsPosition(partition: partition, offset: offset)) == isTold)
    }
  }

  @Test(arguments: [("acme", "default", "acme"), ("acme", "shop", "acme~shop")])
  func `a realm names its project`(tenant: String, project: String, realm: String) {
    let key = ProjectKey(tenant: tenant, project: project)
    #expect(key.realm == realm && ProjectKey(realm: realm) == key)
  }

  @Test func `requests are kept in order, the newest of them`() {
    var catalog = ProjectCatalog()
    for number in 0...ExportRequest.maxCount {
      catalog.apply(ProjectEvent(Self.key, .exportRequested(Self.export("e\(number)"))), at: Self.time)
    }
    let exports = catalog[Self.key].exports.map(\.id)
    #expect(exports == (1...ExportRequest.maxCount).map { "e\($0)" })
    for number in 0...ProfileJob.maxCount {
      catalog.apply(ProjectEvent(Self.key, .profilesMade(Self.job("j\(number)", nil, ["ann"]))), at: Self.time)
    }
    #expect(catalog[Self.key].profileJobs.map(\.id) == (1...ProfileJob.maxCount).map { "j\($0)" })
    // What is counted does not depend on what is kept.
    #expect(catalog[Self.key].profileCounts == ["ann": ProfileJob.maxCount + 1])
  }

  @Test func `a key of a profile job is good for one, and only what was made is counted`() throws {
    var catalog = catalog(
      .profilesMade(Self.job("j1", "k", ["ann", "bob"], skipped: ["bob"])), .profilesMade(Self.job("j2", nil, ["ann"])))
    #expect(throws: ProjectError.self) {
      try catalog.check(ProjectEvent(Self.key, .profilesMade(Self.job("j3", "k", []))))
    }
    let isApplied = catalog.apply(ProjectEvent(Self.key, .profilesMade(Self.job("j3", "k", ["ann"]))), at: Self.time)
    #expect(!isApplied && catalog[Self.key].profileCounts == ["ann": 2])
  }

  @Test func `what is said of an entity stands until it is said otherwise, or the entity goes`() {
    var later = Self.description("ann", ["a": 2])
    later.createdAt = Self.time.adding(days: 1)
    later.updatedAt = later.createdAt
    var catalog = catalog(.entityDescribed(Self.description("ann", ["a": 1])), .entityDescribed(later))
    let ann = Owner(kind: .user, id: "ann")
    let known = catalog[Self.key].entities[ann]
    #expect(known?.metadata == ["a": 2] && known?.createdAt == Self.time && known?.updatedAt == later.updatedAt)
    catalog.apply(ProjectEvent(Self.key, .profilesMade(Self.job("j", nil, ["ann"]))), at: Self.time)
    catalog.apply(ProjectEvent(Self.key, .entityForgotten(ann)), at: Self.time)
    #expect(catalog[Self.key].entities.isEmpty && catalog[Self.key].profileCounts.isEmpty)
    for number in 0...EntityDescription.maxCount {
      let isApplied = catalog.apply(
        ProjectEvent(Self.key, .entityDescribed(Self.description("u\(number)"))), at: Self.time)
      #expect(isApplied == (number < EntityDescription.maxCount))
    }
    // One that is described already may be described again.
    let isApplied = catalog.apply(ProjectEvent(Self.key, .entityDescribed(Self.description("u0"))), at: Self.time)
    #expect(isApplied)
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
