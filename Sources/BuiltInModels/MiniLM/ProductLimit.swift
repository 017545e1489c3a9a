import CKernels

/// How fast this processor multiplies matrices at best: the kernels' own register tile over operands that stay in the
/// first cache, with nothing around it. No encoder on these kernels can be faster.
public enum ProductLimit {
  /// Rows of the measured product: a whole number of register tiles of every instruction set.
  private static let rowCount = 12
  private static let columnCount = 32
  /// Bytes of packed weights: half of a small first cache.
  private static let weightsSize = 24 << 10
  /// Products of one measurement: a few milliseconds.
  private static let productCount = 2000
  /// Measurements of a thread, of which the best counts.
  private static let measurementCount = 40

  /// Multiplications and additions per second, the best of many measurements on each of `threadCount` threads at once.
  /// Takes about a tenth of a second; `precision` as `MiniLM` has it on this processor.
  public static func operationsPerSecond(_ precision: MiniLM.Precision, threadCount: Int) async -> Double {
    precondition(threadCount > 0, "a thread at least multiplies")
    let isQuantised = precision.isQuantised(on: .best)
    return await withTaskGroup(of: Double.self) { group in
      for _ in 0..<threadCount {
        group.addTask { await isQuantised ? Self.measureInt8() : Self.measureFloat32() }
      }
      return await group.reduce(0, +)
    }
  }

  private static func measureFloat32() async -> Double {
    let depth = Self.weightsSize / (MemoryLayout<Float>.size * Self.columnCount)
    let weights = AlignedBuffer<Float>(count: mneme_packed_f32_count(Self.columnCount, depth))
    let input = AlignedBuffer<Float>(count: Self.rowCount * depth)
    let bias = AlignedBuffer<Float>(count: Self.columnCount)
    let result = AlignedBuffer<Float>(count: Self.rowCount * Self.columnCount)
    for index in 0..<Self.columnCount * depth { weights.start[index] = Float(index % 7) / 8 }
    for index in 0..<Self.rowCount * depth { input.start[index] = Float(index % 5) / 8 }
    bias.start.initialize(repeating: 0, count: Self.columnCount)
    let set = InstructionSet.best.rawValue
    return await Self.best(depth) {
      mneme_gemm_f32(
        set, Self.rowCount, Self.columnCount, depth, input.start, weights.start, bias.start, 0, result.start)
    }
  }

  private static func measureInt8() async -> Double {
    let depth = Self.weightsSize / Self.columnCount
    let weights = AlignedBuffer<Int8>(count: mneme_packed_i8_count(Self.columnCount, depth))
    let codes = QuantisedRows(maxRows: Self.rowCount, maxColumns: depth)
    let (scales, bias) = (AlignedBuffer<Float>(count: Self.columnCount), AlignedBuffer<Float>(count: Self.columnCount))
    let sums = AlignedBuffer<Int32>(count: Self.columnCount)
    let result = AlignedBuffer<Float>(count: Self.rowCount * Self.columnCount)
    for index in 0..<Self.columnCount * depth { weights.start[index] = Int8(index % 7) }
    for index in 0..<Self.rowCount * depth { codes.bytes.start[index] = UInt8(index % 5) }
    for row in 0..<Self.rowCount { (codes.scales.start[row], codes.zeros.start[row]) = (1, 0) }
    for column in 0..<Self.columnCount {
      (scales.start[column], bias.start[column], sums.start[column]) = (1, 0, 0)
    }
    let set = InstructionSet.best.rawValue
    return await Self.best(depth) {
      mneme_gemm_u8i8(
        set, Self.rowCount, Self.columnCount, depth, codes.bytes.start, codes.scales.start, codes.zeros.start,
        weights.start, scales.start, sums.start, bias.start, 0, result.start)
    }
  }

  private static func best(_ depth: Int, _ multiply: () -> Void) async -> Double {
    let operationCount = Double(2 * Self.productCount * Self.rowCount * Self.columnCount * depth)
    var best = 0.0
    for _ in 0..<Self.measurementCount {
      let start = ContinuousClock.now
      for _ in 0..<Self.productCount { multiply() }
      best = max(best, operationCount / (start.duration(to: .now) / .seconds(1)))
      await Task.yield()
    }
    return best
  }
}
