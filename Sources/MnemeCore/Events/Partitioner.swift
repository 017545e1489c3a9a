/// Chooses partitions as Kafka's Java producer does, so that every publisher agrees where an owner's events go.
public enum Partitioner {
  /// The partition of `key` among `count`: `(murmur2(key) & 0x7fffffff) % count`
  /// (Apache Kafka, `BuiltInPartitioner.partitionForKey`).
  public static func partition(key: some Sequence<UInt8>, count: Int) -> Int {
    precondition(count > 0, "a topic has at least one partition")
    return Int(murmur2(Array(key)) & 0x7fff_ffff) % count
  }

  /// Austin Appleby's MurmurHash2, 32 bits, with the seed that Kafka uses (Apache Kafka, `Utils.murmur2`).
  public static func murmur2(_ bytes: [UInt8]) -> UInt32 {
    let multiplier: UInt32 = 0x5bd1_e995
    var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
    let wholeCount = bytes.count / 4 * 4
    for start in stride(from: 0, to: wholeCount, by: 4) {
      var word =
        UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8
        | UInt32(bytes[start + 2]) << 16 | UInt32(bytes[start + 3]) << 24
      word = word &* multiplier
      word ^= word >> 24
      hash = (hash &* multiplier) ^ (word &* multiplier)
    }
    let rest = bytes.count - wholeCount
    if rest > 2 { hash ^= UInt32(bytes[wholeCount + 2]) << 16 }
    if rest > 1 { hash ^= UInt32(bytes[wholeCount + 1]) << 8 }
    if rest > 0 { hash = (hash ^ UInt32(bytes[wholeCount])) &* multiplier }
    hash ^= hash >> 13
    hash = hash &* multiplier
    return hash ^ (hash >> 15)
  }
}
