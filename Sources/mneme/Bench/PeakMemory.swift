import FoundationEssentials

/// The most memory that this process has had.
enum PeakMemory {
  /// Forgets what was before, where the kernel lets a process do so.
  static func reset() {
    try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
  }

  /// Resident pages, in millions of bytes.
  static var megabytes: Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kibibytes = line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Double($0) }
    return (kibibytes ?? 0) * 1024 / 1e6
  }
}
