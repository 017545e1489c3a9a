import MnemeCore
import Testing

@testable import mneme

/// What runs for which generations.
@Suite struct GenerationTaskTests {
  static func generation(_ id: String, space: String = "s", facts: String = "g1") -> Generation {
    Generation(
      id: id, origin: id.contains("@") ? .reembed : .reextract, parent: nil, extraction: ExtractionSpecification(),
      policy: PolicySpecification(), embedding: EmbeddingSpecification(embedder: "e", space: space, dimension: 2),
      facts: facts)
  }

  static let first = generation("g1")
  static let space = generation("g1@t", space: "t")
  static let second = generation("g2", facts: "g2")

  static func catalog(_ events: [GenerationEvent]) -> GenerationCatalog {
    var catalog = GenerationCatalog()
    for event in events { catalog.apply(event, at: Timestamp(milliseconds: 0)) }
    return catalog
  }

  static func extract(_ facts: String) -> GenerationTask { .extract(facts: facts, ExtractionSpecification()) }

  static let cases: [(events: [GenerationEvent], work: Set<GenerationTask>)] = [
    ([], [.ingest]),
    ([.created(first)], [.ingest, extract("g1"), .resolve(first)]),
    // What is being filled is the replay's.
    ([.created(first), .created(space)], [.ingest, extract("g1"), .resolve(first)]),
    (
      [.created(first), .created(space), .filled(id: space.id)],
      [.ingest, extract("g1"), .resolve(first), .embed(space)]
    ),
    // What was decided in the old space before it was dropped may still be without vectors in the new one.
    (
      [.created(first), .created(space), .filled(id: space.id), .promoted(id: space.id), .dropped(id: "g1")],
      [.ingest, extract("g1"), .resolve(space), .embed(space)]
    ),
    (
      [.created(first), .created(second), .filled(id: "g2"), .promoted(id: "g2")],
      [.ingest, extract("g1"), .resolve(first), extract("g2"), .resolve(second)]
    ),
    (
      [.created(first), .created(second), .filled(id: "g2"), .promoted(id: "g2"), .dropped(id: "g1")],
      [.ingest, extract("g2"), .resolve(second)]
    ),
  ]

  @Test(arguments: cases.indices)
  func workersKeepCurrentWhatIsFilled(index: Int) {
    let (events, work) = Self.cases[index]
    #expect(GenerationTask.work(Self.catalog(events)) == work)
  }

  @Test func webhooksAreToldByWhatIsOrWasActive() {
    let catalog = Self.catalog([
      .created(Self.first), .created(Self.second), .filled(id: "g2"), .created(Self.generation("g3", facts: "g3")),
      .filled(id: "g3"), .promoted(id: "g3"),
    ])
    let told = GenerationTask.work(catalog, hasWebhooks: true).subtracting(GenerationTask.work(catalog))
    #expect(told == [.deliver, .notify(name: "g1"), .notify(name: "g3")])
    #expect(told.allSatisfy { !$0.serves(catalog.active, catalog) })
  }

  @Test func aProjectorFoldsAlsoWhatIsBeingFilled() {
    let catalog = Self.catalog([.created(Self.first), .created(Self.second)])
    #expect(GenerationTask.projection(catalog) == [.project(Self.first), .project(Self.second)])
  }

  @Test func whatReadersDependOnEndsTheProcessWhereItFails() {
    let catalog = Self.catalog([.created(Self.first), .created(Self.second), .filled(id: "g2")])
    let essential = GenerationTask.work(catalog).filter { $0.serves(catalog.active, catalog) }
    #expect(essential == [.ingest, Self.extract("g1"), .resolve(Self.first)])
  }

  /// A change of how facts come about restarts who extracts, and nobody else.
  @Test func anotherRecipeConcernsExtractionOnly() {
    let before = Self.catalog([.created(Self.first)])
    var after = before
    after.apply(.extractionChanged(id: "g1", ExtractionSpecification(model: "m")), at: Timestamp(milliseconds: 1))
    let changed = GenerationTask.work(before).symmetricDifference(GenerationTask.work(after))
    #expect(changed == [Self.extract("g1"), .extract(facts: "g1", ExtractionSpecification(model: "m"))])
    #expect(GenerationTask.projection(before) == GenerationTask.projection(after))
  }
}
