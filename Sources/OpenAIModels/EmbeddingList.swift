import FoundationEssentials
import LanguageModel

/// The answer to an embeddings request.
struct EmbeddingList: Decodable {
  /// Little-endian 32-bit floats in base64, as asked for, or numbers from servers that do not know that format.
  enum Vector: Decodable {
    case base64(String)
    case numbers([Float])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .base64(text)
      } else {
        self = .numbers(try container.decode([Float].self))
      }
    }
  }

  struct Item: Decodable {
    let index: Int?
    let embedding: Vector
  }

  let data: [Item]

  /// One vector of norm 1 for each of `count` inputs, in the order of the inputs, which need not be that of the answer.
  func vectors(count: Int) throws(ModelError) -> [[Float]] {
    guard data.count == count else {
      throw Self.malformed("\(data.count) vectors answer \(count) texts; ask for fewer at once")
    }
    var vectors = [[Float]?](repeating: nil, count: count)
    for (position, item) in data.enumerated() {
      let index = item.index ?? position
      guard vectors.indices.contains(index), vectors[index] == nil else {
        throw Self.malformed("the answer's indexes are not those of the texts; try again")
      }
      vectors[index] = try Self.normalized(Self.components(item.embedding))
    }
    return vectors.compactMap { $0 }
  }

  private static func components(_ vector: Vector) throws(ModelError) -> [Float] {
    switch vector {
    case .numbers(let numbers): return numbers
    case .base64(let text):
      guard let data = Data(base64Encoded: text), data.count.isMultiple(of: 4) else {
        throw malformed("a vector is not base64 of 32-bit floats; try again")
      }
      let bytes = [UInt8](data)
      return stride(from: 0, to: bytes.count, by: 4).map { start in
        let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
        return Float(bitPattern: bits)
      }
    }
  }

  private static func normalized(_ vector: [Float]) throws(ModelError) -> [Float] {
    // In double precision the squares of any finite components neither overflow nor vanish.
    let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard norm.isFinite, norm > 0 else {
      throw malformed("a vector is empty, zero or not finite and has no direction; try again or check the model")
    }
    return vector.map { Float(Double($0) / norm) }
  }

  private static func malformed(_ description: String) -> ModelError { ModelError(.malformedReply, description) }
}
