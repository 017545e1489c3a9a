/// Who gets which partition of one topic: every member's count differs by at most one, and who has a partition keeps it
/// where that allows. The result follows from the arguments alone, so that every process comes to the same.
enum PartitionAssignor {
  /// The member of each partition. `members` are in order of instance name; `current` may name members that are gone.
  static func assign(
    partitions: [Int64], members: [String], current: [Int64: String]
  ) -> [Int64: String] {
    guard !members.isEmpty else { return [:] }
    var held = [String: [Int64]](uniqueKeysWithValues: members.map { ($0, []) })
    for partition in partitions {
      if let member = current[partition] { held[member]?.append(partition) }
    }
    let quotas = self.quotas(partitionCount: partitions.count, members: members) { held[$0]?.count ?? 0 }
    var result: [Int64: String] = [:]
    for member in members {
      for partition in (held[member] ?? []).prefix(quotas[member] ?? 0) { result[partition] = member }
    }
    var free = partitions.filter { result[$0] == nil }[...]
    for member in members {
      let missing = (quotas[member] ?? 0) - min(held[member]?.count ?? 0, quotas[member] ?? 0)
      for partition in free.prefix(missing) { result[partition] = member }
      free = free.dropFirst(missing)
    }
    return result
  }

  /// How many each gets. Where they cannot all get the same, those get one more who have more already.
  private static func quotas(
    partitionCount: Int, members: [String], heldCount: (String) -> Int
  ) -> [String: Int] {
    let base = partitionCount / members.count
    let richest = members.enumerated().sorted { left, right in
      let (leftCount, rightCount) = (heldCount(left.element), heldCount(right.element))
      return leftCount == rightCount ? left.offset < right.offset : leftCount > rightCount
    }
    let favoured = Set(richest.prefix(partitionCount % members.count).map(\.element))
    return Dictionary(uniqueKeysWithValues: members.map { ($0, favoured.contains($0) ? base + 1 : base) })
  }
}
