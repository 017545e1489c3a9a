import Foundation
import MnemeCore
import Testing

@testable import MnemePipeline

@Suite struct OwnerCacheTests {
  @Test(arguments: 1...50 as ClosedRange<UInt64>)
  func itHoldsTheOwnersUsedLastWithinItsBound(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let bound = 20_000
    var cache = OwnerCache(maxByteCount: bound)
    let owners = (0..<12).map { OwnerKey(tenant: "t", owner: Owner(kind: .user, id: "\($0)")) }
    var uses: [OwnerKey] = []
    for _ in 0..<300 {
      guard let owner = owners.randomElement(using: &random) else { continue }
      if cache[owner] == nil { cache[owner] = OwnerMemories() }
      for _ in 0..<Int.random(in: 1...20, using: &random) { cache[owner]?.tombstones.delete(UUID()) }
      uses.removeAll { $0 == owner }
      uses.append(owner)
      guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
      cache.trim()
      let held = uses.filter { cache[$0] != nil }
      #expect(held.reduce(0) { $0 + (cache[$1]?.byteCount ?? 0) } <= bound, "seed \(seed)")
      // Who was let go was used before everybody who was not.
      #expect(held == Array(uses.suffix(held.count)), "seed \(seed)")
      uses = held
    }
  }
}
