public import EventLog
import FoundationEssentials
import GRDB
import Glibc
import MnemeCore

/// Copies of a whole projection in one file, so that another machine on the same log folds only the rest.
public struct ProjectionSnapshot: Sendable {
  private let root: String
  private let configuration: ProjectionConfiguration

  /// Snapshots of the projection under `directory`.
  public init(directory: String, configuration: ProjectionConfiguration) {
    self.root = directory
    self.configuration = configuration
  }

  private var directory: String { ProjectionDirectory.path(root, configuration) }

  // MARK: Export

  /// Writes all shards to a new file at `path`, each as it stands at one moment. Projectors, rebuilds and readers go
  /// on. The file is there once it is whole.
  /// - Throws: `ProjectionError` (`.missing` where a shard is, `.mismatch` where the file exists).
  public func export(to path: String) async throws -> SnapshotManifest {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw ProjectionError(.mismatch, "\(path) exists; name another file")
    }
    let scratch = "\(directory)/.export-\(ShardFiles.randomDigits())"
    let partial = "\(path).\(ShardFiles.randomDigits()).partial"
    guard FileManager.default.fileExists(atPath: directory) else {
      throw ProjectionError(.missing, "\(directory) does not exist; run 'mneme up' or 'mneme replay rebuild'")
    }
    try ShardFiles.makeDirectory(scratch)
    defer {
      try? FileManager.default.removeItem(atPath: scratch)
      try? FileManager.default.removeItem(atPath: partial)
    }
    var shards: [SnapshotManifest.Shard] = []
    var digest = ContentDigest()
    for partition in 0..<configuration.partitionCount {
      let (shard, part) = try await copy(partition, to: "\(scratch)/\(partition).sqlite")
      shards.append(shard)
      digest.add(part)
    }
    let manifest = SnapshotManifest(
      generation: configuration.generation, space: configuration.space, dimension: configuration.dimension,
      partitionCount: configuration.partitionCount, schemaVersion: Schema.version, digest: digest.description,
      shards: shards)
    try await BlockingWork.run {
      let file = try SnapshotFile.create(partial)
      try file.writeHeader(manifest)
      for shard in manifest.shards {
        _ = try SnapshotFile.open(reading: "\(scratch)/\(shard.partition).sqlite").copy(to: file)
      }
      try file.sync()
      // Whoever made such a file meanwhile keeps it.
      guard unsafe link(partial, path) == 0 else { throw StorageFailure.system("link", path: path, errno: errno) }
    }
    return manifest
  }

  /// Copies a shard as it stands, and tells what the copy holds.
  private func copy(_ partition: Int, to path: String) async throws -> (SnapshotManifest.Shard, ContentDigest) {
    let files = ShardFiles(directory: directory, partition: partition)
    let configuration = self.configuration
    guard let name = try files.currentName() else {
      throw ProjectionError(.missing, "\(files.linkPath) does not exist; run 'mneme up' or 'mneme replay rebuild'")
    }
    let store = ShardStore(files: files, configuration: configuration)
    return try await store.failing(name) {
      var options = Configuration()
      options.readonly = true
      options.busyMode = .timeout(ShardStore.busyTimeoutSeconds)
      let source = try DatabaseQueue(path: files.path(name), configuration: options)
      try await source.writeWithoutTransaction { database in
        guard try Schema.check(database, for: configuration, path: files.linkPath) == .current else {
          throw ProjectionError(.mismatch, "\(files.linkPath) was made by another version; run 'mneme replay rebuild'")
        }
        try database.execute(sql: "VACUUM INTO ?", arguments: [path])
      }
      try source.close()
      let (summary, watermarks) = try await Self.content(of: path)
      let (byteCount, checksum) = try await BlockingWork.run { try SnapshotFile.open(reading: path).measure() }
      let shard = SnapshotManifest.Shard(
        partition: partition, byteCount: byteCount, checksum: checksum, digest: summary.digest.description,
        memoryCount: summary.memoryCount,
        watermarks: watermarks.map { SnapshotManifest.Watermark(topic: $0.topic, next: $0.next) })
      return (shard, summary.digest)
    }
  }

  private static func content(of path: String) async throws -> (ProjectionSummary, [TopicOffset]) {
    var options = Configuration()
    options.readonly = true
    let queue = try DatabaseQueue(path: path, configuration: options)
    let content = try await queue.read { (try ProjectionSummary.scan($0), try Watermarks.all($0)) }
    try queue.close()
    return content
  }

  // MARK: Import

  /// Puts the projection of the file at `path` in place of the one that is there, in one step: killed at any moment, it
  /// is the old one or the new one. Readers and projectors go on with the new one; of `log`, only what came after the
  /// snapshot is left to fold.
  /// - Throws: `ProjectionError`: `.mismatch` where it is of another shape or another log, `.corrupt` where it is
  ///   damaged.
  public func load(from path: String, log: any EventLog) async throws -> SnapshotManifest {
    try ShardFiles.makeDirectory(root)
    return try await FileLock.whileHeld(path: "\(root)/.import.lock") {
      removeLeftovers()
      let staging = "\(root)/\(Self.stagingPrefix)\(ShardFiles.randomDigits())"
      try ShardFiles.makeDirectory(staging)
      defer { try? FileManager.default.removeItem(atPath: staging) }
      let manifest = try await BlockingWork.run { try extract(path, to: staging) }
      for shard in manifest.shards {
        try await check(shard, in: staging, path: path)
        try await compare(shard, in: staging, with: log, path: path)
      }
      try await install(staging)
      return manifest
    }
  }

  /// Begins the names of directories that an import makes.
  private static let stagingPrefix = ".import-"

  private func removeLeftovers() {
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    where entry.hasPrefix(Self.stagingPrefix) {
      try? FileManager.default.removeItem(atPath: "\(root)/\(entry)")
    }
  }

  private func extract(_ path: String, to staging: String) throws -> SnapshotManifest {
    let file = try SnapshotFile.open(reading: path)
    let manifest = try file.readHeader()
    try check(manifest, path: path)
    for shard in manifest.shards {
      let files = ShardFiles(directory: staging, partition: shard.partition)
      let name = try files.create()
      let target = try SnapshotFile.open(writing: files.path(name))
      let (count, checksum) = try file.copy(shard.byteCount, to: target)
      guard count == shard.byteCount, checksum == shard.checksum else { throw file.damaged }
      try files.install(name)
    }
    guard try file.read(1).isEmpty else { throw file.damaged }
    return manifest
  }

  private func check(_ manifest: SnapshotManifest, path: String) throws {
    let expectations: [(name: String, found: String, wanted: String)] = [
      ("generation", manifest.generation, configuration.generation), ("space", manifest.space, configuration.space),
      ("dimension", String(manifest.dimension), String(configuration.dimension)),
      ("partition count", String(manifest.partitionCount), String(configuration.partitionCount)),
      ("schema version", String(manifest.schemaVersion), String(Schema.version)),
    ]
    for (name, found, wanted) in expectations where found != wanted {
      throw ProjectionError(.mismatch, "\(path) is of \(name) \(found), not \(wanted); nothing was changed")
    }
    guard manifest.shards.map(\.partition) == Array(0..<configuration.partitionCount) else {
      throw ProjectionError(.corrupt, "\(path) does not have every shard once; export the snapshot again")
    }
  }

  private func check(_ shard: SnapshotManifest.Shard, in staging: String, path: String) async throws {
    let files = ShardFiles(directory: staging, partition: shard.partition)
    let reader = ShardReader(files: files, configuration: configuration)
    let (pages, summary) = try await reader.read { database in
      (try String.fetchAll(database, sql: "PRAGMA quick_check"), try ProjectionSummary.scan(database))
    }
    guard pages == ["ok"], summary.digest.description == shard.digest else {
      throw ProjectionError(.corrupt, "shard \(shard.partition) of \(path) is damaged; export the snapshot again")
    }
  }

  /// Refuses a shard of another log: one that has folded more than this log has, or something else.
  private func compare(
    _ shard: SnapshotManifest.Shard, in staging: String, with log: any EventLog, path: String
  ) async throws {
    for watermark in shard.watermarks {
      let all = try await log.bounds(of: watermark.topic)
      guard all.indices.contains(shard.partition),
        (all[shard.partition].earliest...all[shard.partition].end).contains(watermark.next)
      else {
        throw ProjectionError(
          .mismatch,
          "\(path) has folded partition \(shard.partition) of \(watermark.topic) up to \(watermark.next), "
            + "from where this log cannot go on; it is of another log, or the log has lost records")
      }
    }
    let topic = configuration.memoriesTopic
    guard let next = shard.watermarks.first(where: { $0.topic == topic })?.next, next > 0 else { return }
    let records = try? await log.read(
      TopicPartition(topic, shard.partition), from: next - 1, limit: ReadLimit(maxRecordCount: 1))
    let reader = FoldRecordReader(configuration: configuration, codec: EventRecordCodec())
    guard let record = records?.first.map(reader.read), record.position.offset < next, let owner = record.owner,
      let input = record.inputID
    else { return }
    let files = ShardFiles(directory: staging, partition: shard.partition)
    let isFound = try await ShardReader(files: files, configuration: configuration).read { database in
      try OwnerRow.fetch(database, owner).map { row in
        try Bool.fetchOne(
          database, sql: "SELECT EXISTS (SELECT 1 FROM inputs WHERE id = ? AND owner = ?)",
          arguments: [StoredText.encode(input), row.number])
      } ?? false
    }
    guard isFound == true else {
      throw ProjectionError(
        .mismatch, "\(path) does not have what partition \(shard.partition) of \(topic) has; it is of another log")
    }
  }

  /// Gives each of two directories the other's name, in one step.
  private static func exchange(_ first: String, _ second: String) throws {
    typealias Rename = @convention(c) (CInt, UnsafePointer<CChar>, CInt, UnsafePointer<CChar>, CUnsignedInt) -> CInt
    // The headers that Swift sees leave out renameat2(2). A null handle asks for it wherever it is.
    guard let symbol = unsafe dlsym(nil, "renameat2") else {
      throw ProjectionError(.storage, "this system cannot exchange two directories in one step; remove \(second) first")
    }
    let rename = unsafe unsafeBitCast(symbol, to: Rename.self)
    // 2 is RENAME_EXCHANGE.
    guard unsafe rename(AT_FDCWD, first, AT_FDCWD, second, 2) == 0 else {
      throw StorageFailure.system("renameat2", path: second, errno: errno)
    }
  }

  /// Makes `staging` the projection's directory.
  private func install(_ staging: String) async throws {
    let target = directory
    try ShardFiles.sync(staging)
    guard FileManager.default.fileExists(atPath: target) else {
      guard unsafe rename(staging, target) == 0 else {
        throw StorageFailure.system("rename", path: target, errno: errno)
      }
      return try ShardFiles.sync(root)
    }
    // No transaction and no rebuild is under way then; the next ones look where they are.
    try await ProjectionDirectory.whileUnused(target) {
      try Self.exchange(staging, target)
      try ShardFiles.sync(root)
    }
  }
}
