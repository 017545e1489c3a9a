public import MnemeCore

extension GenerationCatalog: LogCatalog {
  /// `mneme.generations`.
  public static var topic: String { Topics.generations }
  /// Who appends there.
  public static var source: String { "/mneme/generations" }
  /// Of two processes that decide at one time, the second one is told so.
  public static var overtaken: any Error {
    GenerationError(
      .impossible, "another process changed the generations at the same moment; see 'mneme generations list'")
  }

  /// Its key is the generation's id.
  public static func parts(of event: GenerationEvent) -> (type: EventType, key: String, body: [UInt8]) {
    (event.type, event.id, event.body)
  }

  /// Derived from the generation, what happens to it, and when.
  public static func id(of event: GenerationEvent, at time: Timestamp) -> String {
    Derivation.uuid("generation-event", event.id, event.type.rawValue, time.description).text
  }

  /// - Throws: `EventDecodingError` where it is none of a generation.
  public static func event(_ type: EventType, body: [UInt8]) throws -> GenerationEvent {
    try GenerationEvent(type, body: body)
  }
}

/// The generations of a log.
public typealias GenerationLog = CatalogLog<GenerationCatalog>

extension ProjectCatalog: LogCatalog {
  /// `mneme.projects`.
  public static var topic: String { Topics.projects }
  /// Who appends there.
  public static var source: String { "/mneme/projects" }
  /// Of two processes that decide at one time, the second one is told so.
  public static var overtaken: any Error {
    ProjectError(.exists, "another process changed the project at the same moment; read it again")
  }

  /// Its key is `tenant/project`.
  public static func parts(of event: ProjectEvent) -> (type: EventType, key: String, body: [UInt8]) {
    (.projectChanged, event.key.description, event.body)
  }

  /// Derived from the whole event, and when it happens.
  public static func id(of event: ProjectEvent, at time: Timestamp) -> String {
    Derivation.uuid("project-event", time.description, String(decoding: event.body, as: UTF8.self)).text
  }

  /// - Throws: `EventDecodingError` where it is none of a project.
  public static func event(_ type: EventType, body: [UInt8]) throws -> ProjectEvent {
    guard type == .projectChanged else {
      throw EventDecodingError(.unknownType, "type \"\(type.rawValue)\" does not belong on \(Topics.projects)")
    }
    return try ProjectEvent(body: body)
  }
}

/// The projects of a log.
public typealias ProjectLog = CatalogLog<ProjectCatalog>
