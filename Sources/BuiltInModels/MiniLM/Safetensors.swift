import FoundationEssentials
import LanguageModel

/// The float tensors of a safetensors file: 8 bytes of header length, a JSON header, then the data.
/// Format: https://github.com/huggingface/safetensors#format
struct Safetensors {
  private struct Entry: Decodable {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(intValue: Int) { nil }
    init(stringValue: String) { self.stringValue = stringValue }
  }

  private struct Header: Decodable {
    var entries: [String: Entry] = [:]

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      for key in container.allKeys where key.stringValue != "__metadata__" {
        self.entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
      }
    }
  }

  private static let maxHeaderSize = 1 << 20

  private let file: MappedFile
  private let entries: [String: Entry]
  private let dataStart: Int

  /// Reads the header. The tensors' pointers are good as long as `file` lives.
  init(file: MappedFile) throws {
    guard file.bytes.count > 8 else { throw Self.damaged("the file is too short") }
    let headerSize = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
    guard headerSize <= Self.maxHeaderSize, Int(headerSize) <= file.bytes.count - 8 else {
      throw Self.damaged("the header's length is wrong")
    }
    self.file = file
    self.dataStart = 8 + Int(headerSize)
    do {
      self.entries = try JSONDecoder().decode(Header.self, from: Data(file.bytes[8..<self.dataStart])).entries
    } catch {
      throw Self.damaged("the header is not readable")
    }
  }

  /// The values of the tensor `name`, which has to be of 32-bit floats and of this shape.
  func floats(_ name: String, _ shape: Int...) throws -> UnsafePointer<Float> {
    guard let entry = self.entries[name] else { throw Self.damaged("tensor \(name) is missing") }
    guard entry.dtype == "F32", entry.shape == shape else {
      throw Self.damaged("tensor \(name) is \(entry.dtype) \(entry.shape) instead of F32 \(shape)")
    }
    let size = shape.reduce(MemoryLayout<Float>.size, *)
    guard entry.offsets.count == 2, entry.offsets[0] >= 0, entry.offsets[0] <= self.file.bytes.count,
      entry.offsets[1] == entry.offsets[0] + size, entry.offsets[1] <= self.file.bytes.count - self.dataStart,
      (self.dataStart + entry.offsets[0]) % MemoryLayout<Float>.alignment == 0
    else { throw Self.damaged("tensor \(name) lies outside the file") }
    let start = self.file.bytes.baseAddress! + self.dataStart + entry.offsets[0]
    return start.assumingMemoryBound(to: Float.self)
  }

  static func damaged(_ what: String) -> ModelError {
    ModelError(
      .unavailable, "embedding model: model.safetensors is damaged: \(what); delete it and run ops/fetch-model")
  }
}
