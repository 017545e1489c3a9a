// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: no warning lives here, and what is not imported explicitly is not visible.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Targets that never touch C: every use of an unsafe construct must be spelled `unsafe`.
let safe: [SwiftSetting] = strict + [.strictMemorySafety()]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let http = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "mneme",
  products: [.executable(name: "mneme", targets: ["mneme"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
  ],
  targets: [
    // C: module maps, typed shims, kernels.
    .target(name: "CAllocator"),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CRdkafka", linkerSettings: [.linkedLibrary("rdkafka")]),
    .target(name: "CStemmer", linkerSettings: [.linkedLibrary("stemmer")]),
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])]),

    // Core: pure.
    .target(name: "MnemeCore", dependencies: [crypto], swiftSettings: safe),

    // Ports.
    .target(name: "EventLog", dependencies: ["MnemeCore"], swiftSettings: safe),
    .target(name: "LanguageModel", dependencies: ["MnemeCore"], swiftSettings: safe),

    // Shells.
    .target(
      name: "KafkaEventLog", dependencies: ["MnemeCore", "EventLog", "CRdkafka", logging], swiftSettings: strict),
    .target(
      name: "SQLiteEventLog", dependencies: ["MnemeCore", "EventLog", grdb, logging, sqlite], swiftSettings: safe),
    .target(name: "CurlHTTP", dependencies: ["CCurl"], swiftSettings: strict),
    .target(name: "OpenAIModels", dependencies: ["MnemeCore", "LanguageModel", "CurlHTTP"], swiftSettings: safe),
    .target(
      name: "BuiltInModels", dependencies: ["MnemeCore", "LanguageModel", "CKernels", crypto], swiftSettings: strict),

    // Services.
    .target(
      name: "MnemePipeline", dependencies: ["MnemeCore", "EventLog", "LanguageModel", grdb, lifecycle, logging],
      resources: [.embedInCode("Prompts")], swiftSettings: safe),
    .target(
      name: "MnemeProjection",
      dependencies: [
        "CAllocator", "CKernels", "CStemmer", "MnemeCore", "EventLog", crypto, grdb, lifecycle, logging, sqlite,
      ],
      swiftSettings: safe),
    .target(
      name: "MnemeQuery",
      dependencies: [
        "MnemeCore", "EventLog", "LanguageModel", "MnemeProjection", http, hummingbird, hummingbirdCore, lifecycle,
        logging, nio, nioHTTP,
      ],
      swiftSettings: safe),

    // Executables.
    .executableTarget(
      name: "mneme",
      dependencies: [
        "MnemeCore", "EventLog", "LanguageModel", "KafkaEventLog", "SQLiteEventLog", "CurlHTTP", "OpenAIModels",
        "BuiltInModels", "MnemePipeline", "MnemeProjection", "MnemeQuery", argumentParser, lifecycle, signals, logging,
        nio, nioHTTP, nioPosix, yams,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "mneme-simulator",
      dependencies: [
        "MnemeCore", "EventLog", "LanguageModel", "BuiltInModels", "MnemePipeline", "MnemeProjection", "MnemeTesting",
        argumentParser, logging,
      ],
      swiftSettings: safe),

    // Twins.
    .target(
      name: "MnemeTesting",
      dependencies: ["MnemeCore", "EventLog", "LanguageModel"], swiftSettings: strict),

    // Tests.
    .testTarget(name: "MnemeCoreTests", dependencies: ["MnemeCore"], swiftSettings: strict),
    .testTarget(
      name: "EventLogTests", dependencies: ["MnemeCore", "EventLog", "MnemePipeline"], swiftSettings: strict),
    .testTarget(
      name: "SQLiteEventLogTests", dependencies: ["MnemeCore", "EventLog", "SQLiteEventLog", "MnemeTesting", grdb],
      swiftSettings: strict),
    .testTarget(
      name: "KafkaEventLogTests",
      dependencies: ["MnemeCore", "EventLog", "KafkaEventLog", "CRdkafka", "MnemeTesting", logging],
      swiftSettings: strict),
    .testTarget(
      name: "CurlHTTPTests", dependencies: ["CurlHTTP", "MnemeTesting"], swiftSettings: strict),
    .testTarget(
      name: "OpenAIModelsTests",
      dependencies: ["MnemeCore", "LanguageModel", "CurlHTTP", "OpenAIModels", "MnemeTesting"], swiftSettings: strict),
    .testTarget(
      name: "BuiltInModelsTests",
      dependencies: ["MnemeCore", "LanguageModel", "BuiltInModels", "CKernels", "MnemeTesting"],
      resources: [.copy("Resources")], swiftSettings: strict),
    .testTarget(
      name: "MnemePipelineTests",
      dependencies: ["MnemeCore", "EventLog", "LanguageModel", "MnemePipeline", "MnemeTesting", logging],
      resources: [.copy("Resources")], swiftSettings: strict),
    .testTarget(
      name: "MnemeProjectionTests",
      dependencies: [
        "CKernels", "MnemeCore", "EventLog", "MnemeProjection", "MnemeTesting", "SQLiteEventLog", grdb, logging,
      ],
      resources: [.copy("Resources")], swiftSettings: strict),
    .testTarget(
      name: "MnemeQueryTests",
      dependencies: [
        "MnemeCore", "EventLog", "LanguageModel", "MnemeProjection", "MnemeQuery", "MnemeTesting", hummingbird,
        lifecycle, logging,
      ], swiftSettings: strict),
    .testTarget(
      name: "MnemeTests",
      dependencies: [
        "mneme", "MnemeCore", "EventLog", "MnemeTesting", "CurlHTTP", "SQLiteEventLog", "KafkaEventLog",
        "MnemePipeline", "BuiltInModels",
        logging,
      ], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
