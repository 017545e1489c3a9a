public import FoundationEssentials

/// JSON of event bodies: members in order of name, so that equal bodies have equal bytes.
public enum EventBodyCoding {
  /// The body as JSON in UTF-8.
  public static func encode(_ body: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(body))
    } catch {
      // Bodies hold no value that JSON lacks: confidences are finite, dates have four-digit years.
      preconditionFailure("an event body cannot be encoded: \(type(of: body))")
    }
  }

  /// Reads a body.
  /// - Throws: `EventDecodingError` (`.malformedBody`), which names the member but not its value.
  public static func decode<Body: Decodable>(_ type: Body.Type, from data: [UInt8]) throws -> Body {
    do {
      return try JSONDecoder().decode(type, from: Data(data))
    } catch let error as DecodingError {
      throw EventDecodingError(.malformedBody, "the body is no \(type): \(explanation(of: error))")
    }
  }

  /// Which member is wrong, and how; never its value.
  public static func explanation(of error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the document" : path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    }
    switch error {
    case .typeMismatch(let type, let context): return "\(place(context.codingPath)) is no \(type)"
    case .valueNotFound(_, let context): return "\(place(context.codingPath)) is null"
    case .keyNotFound(let key, let context):
      return "\(key.stringValue) is missing from \(place(context.codingPath))"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "it is no valid JSON in UTF-8" : "\(place(context.codingPath)) is malformed"
    @unknown default: return "it is malformed"
    }
  }
}

/// Vectors as bytes: little-endian 32-bit floats.
public enum VectorCoding {
  /// Four bytes for each component.
  public static func encode(_ vector: [Float]) -> Data {
    #if _endian(little)
      return unsafe vector.withUnsafeBytes { unsafe Data($0) }
    #else
      #error("vectors are stored little-endian; this machine needs a byte swap here")
    #endif
  }

  /// The components; nil where the length is no multiple of four.
  public static func decode(_ data: Data) -> [Float]? {
    guard data.count % 4 == 0 else { return nil }
    #if _endian(little)
      let count = data.count / 4
      return unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        // The buffer has room for `count` floats, which is all that the data holds.
        unsafe data.copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
        initialized = count
      }
    #else
      #error("vectors are stored little-endian; this machine needs a byte swap here")
    #endif
  }
}
