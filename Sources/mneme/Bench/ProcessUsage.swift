import FoundationEssentials
import Glibc

/// What this process uses of the machine.
enum ProcessUsage {
  /// Processor time of all its threads since it began.
  static var processorTime: Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// Forgets the most memory that it has had, where the kernel lets a process do so.
  static func resetPeakMemory() {
    try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
  }

  /// The most memory that it has had: resident pages, in millions of bytes.
  static var peakMegabytes: Double { megabytes("VmHWM:", of: "self") }

  /// The memory that process `id` has now: resident pages, in millions of bytes.
  static func residentMegabytes(of id: Int32) -> Double { megabytes("VmRSS:", of: String(id)) }

  /// Processor time that the hypervisor gave to others while this machine wanted it, since the machine began, of all
  /// processors together (proc_stat(5), "steal"); zero where there is no hypervisor.
  static var stolenTime: Duration {
    let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
    let fields = text.split(separator: "\n").first?.split(separator: " ") ?? []
    let ticks = fields.count > 8 ? Int64(fields[8]) ?? 0 : 0
    return .seconds(ticks) / max(1, sysconf(Int32(_SC_CLK_TCK)))
  }

  private static func megabytes(_ name: String, of process: String) -> Double {
    let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
    let kibibytes = line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Double($0) }
    return (kibibytes ?? 0) * 1024 / 1e6
  }
}
