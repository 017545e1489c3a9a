import CKernels

/// Vectors in two bytes for each component: a coarse one, by which many are compared, and a fine one, which makes the
/// difference up to 16 bits.
///
/// A row's component is `scale · (c + f / 254)`, where `scale` is a 127th of the row's largest component. The coarse
/// byte alone errs by at most the row's residual, for queries of norm 1 (Cauchy and Schwarz); both together by a 508th
/// of it. Blocks of rows are values that are shared until they change.
struct VectorCodes: Sendable {
  private struct Block: Sendable {
    var coarse: [UInt8] = []
    var fine: [UInt8] = []
  }

  /// Rows of a block: a small one is copied quickly, a large one is scanned without interruption.
  static let blockRowCount = 256

  /// Components of a vector.
  let dimension: Int
  /// Whether the fine bytes are kept; where not, `cosine` knows no more than `appendCosines`.
  let isFine: Bool
  /// Bytes of a row of either kind.
  private let stride: Int
  private var blocks: [Block] = []
  /// Of each row, what its codes are multiplied by.
  private(set) var scales: [Float] = []
  /// What the cosine of any row may differ from what `cosines` says, at most.
  private(set) var maxError: Float = 0

  /// How many rows.
  var count: Int { scales.count }
  /// Size in memory, in bytes.
  var byteCount: Int { Self.byteCount(count, dimension: dimension, isFine: isFine) }

  /// Size of `count` rows in memory, in bytes.
  static func byteCount(_ count: Int, dimension: Int, isFine: Bool = true) -> Int {
    count * ((isFine ? 2 : 1) * stride(dimension) + MemoryLayout<Float>.stride)
  }

  private static func stride(_ dimension: Int) -> Int { (dimension + 63) / 64 * 64 }

  /// No rows, of vectors of `dimension` components.
  init(dimension: Int, isFine: Bool = true) {
    self.dimension = dimension
    self.isFine = isFine
    self.stride = Self.stride(dimension)
  }

  mutating func reserveCapacity(_ count: Int) {
    scales.reserveCapacity(count)
    blocks.reserveCapacity((count + Self.blockRowCount - 1) / Self.blockRowCount)
  }

  /// Adds a row, of zeros for nil.
  mutating func append(_ vector: [Float]?) {
    if count % Self.blockRowCount == 0 { blocks.append(Block()) }
    let row = Row(vector, dimension: dimension, stride: stride)
    blocks[blocks.count - 1].coarse += row.coarse
    if isFine { blocks[blocks.count - 1].fine += row.fine }
    scales.append(row.scale)
    maxError = max(maxError, row.residual)
  }

  /// Puts another vector in a row's place.
  mutating func replace(_ index: Int, _ vector: [Float]?) {
    let row = Row(vector, dimension: dimension, stride: stride)
    let place = index % Self.blockRowCount * stride
    blocks[index / Self.blockRowCount].coarse.replaceSubrange(place..<place + stride, with: row.coarse)
    if isFine { blocks[index / Self.blockRowCount].fine.replaceSubrange(place..<place + stride, with: row.fine) }
    scales[index] = row.scale
    maxError = max(maxError, row.residual)
  }

  /// Coarse rows whose scales are `scales` and of whose blocks `nextBlock` gives the bytes, in order, told how many
  /// there are.
  init(
    dimension: Int, scales: [Float], maxError: Float, nextBlock: (_ byteCount: Int) throws -> [UInt8]
  ) rethrows {
    self.init(dimension: dimension, isFine: false)
    self.scales = scales
    self.maxError = maxError
    blocks.reserveCapacity((scales.count + Self.blockRowCount - 1) / Self.blockRowCount)
    for first in Swift.stride(from: 0, to: scales.count, by: Self.blockRowCount) {
      let byteCount = min(Self.blockRowCount, scales.count - first) * stride
      let bytes = try nextBlock(byteCount)
      precondition(bytes.count == byteCount, "a block has \(byteCount) bytes")
      blocks.append(Block(coarse: bytes))
    }
  }

  /// The coarse bytes of block `number`, row after row.
  func coarseBytes(block number: Int) -> [UInt8] { blocks[number].coarse }

  /// The rows of these numbers, in this order, by their coarse bytes alone.
  func rearranged(_ rows: [Int32]) -> VectorCodes {
    var first = 0
    return VectorCodes(dimension: dimension, scales: rows.map { scales[Int($0)] }, maxError: maxError) { byteCount in
      let (start, end) = (first, first + byteCount / stride)
      first = end
      let block = start / Self.blockRowCount
      if block < blocks.count, blocks[block].coarse.count == byteCount, (start..<end).allSatisfy({ rows[$0] == $0 }) {
        return blocks[block].coarse
      }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(byteCount)
      for row in rows[start..<end] {
        let place = Int(row) % Self.blockRowCount * stride
        bytes += blocks[Int(row) / Self.blockRowCount].coarse[place..<place + stride]
      }
      return bytes
    }
  }

  private struct Row {
    var coarse: [UInt8]
    var fine: [UInt8]
    var scale: Float = 1
    var residual: Float = 0

    init(_ vector: [Float]?, dimension: Int, stride: Int) {
      coarse = [UInt8](repeating: 128, count: stride)
      fine = [UInt8](repeating: 128, count: stride)
      guard let vector else { return }
      precondition(vector.count == dimension, "a vector has \(dimension) components")
      // Both arrays have room for the components, rounded up to the stride.
      scale = unsafe mneme_code_vector(dimension, vector, &coarse, &fine, &residual)
    }
  }

  /// A vector to compare rows with.
  struct Query: Sendable {
    fileprivate let high: [Int8]
    fileprivate let low: [Int8]
    fileprivate let scale: Float

    /// Codes `vector`, of norm 1.
    init(_ vector: [Float]) {
      let row = Row(vector, dimension: vector.count, stride: VectorCodes.stride(vector.count))
      high = row.coarse.map { Int8(truncatingIfNeeded: Int($0) - 128) }
      low = row.fine.map { Int8(truncatingIfNeeded: Int($0) - 128) }
      scale = row.scale
    }
  }

  /// Cosines of the rows of one block, and what they are made of: room that is used again for the next one.
  struct BlockCosines: Sendable {
    /// Of each row of the block, and of rows behind them that say nothing.
    fileprivate(set) var cosines = [Float](repeating: 0, count: blockRowCount)
    /// How many rows the block has.
    fileprivate(set) var count = 0
    /// The largest cosine of them.
    fileprivate(set) var largest = -Float.infinity
    fileprivate var high = [Int32](repeating: 0, count: blockRowCount)
    fileprivate var low = [Int32](repeating: 0, count: blockRowCount)
  }

  /// Puts the cosine of each row of `block` with `query` into `found`, by the coarse bytes.
  func compare(_ query: Query, block: Int, into found: inout BlockCosines) {
    let first = block * Self.blockRowCount
    let rowCount = min(Self.blockRowCount, count - first)
    let codes = blocks[block].coarse
    precondition(
      codes.count >= rowCount * stride && query.high.count == stride && scales.count >= first + rowCount,
      "rows and query are of one length")
    found.count = rowCount
    unsafe mneme_scan_codes(
      Self.instructionSet, rowCount, stride, codes, query.high, query.low, &found.high, &found.low)
    found.largest = unsafe scales.withUnsafeBufferPointer { scales in
      // There are `rowCount` of them behind `first`: checked above.
      unsafe mneme_cosines(
        rowCount, found.high, found.low, scales.baseAddress! + first, query.scale, &found.cosines)
    }
  }

  /// Puts the cosine of each row of `block` with `query` behind `cosines`, by the coarse bytes, through room that is
  /// used again.
  func appendCosines(_ query: Query, block: Int, to cosines: inout [Float], through found: inout BlockCosines) {
    compare(query, block: block, into: &found)
    cosines += found.cosines[..<found.count]
  }

  /// How many blocks.
  var blockCount: Int { blocks.count }

  /// The cosine of row `index` with `query`, by both bytes where there are both.
  func cosine(_ query: Query, _ index: Int) -> Float {
    let block = index / Self.blockRowCount
    let coarse = sums(query, blocks[block].coarse, row: index % Self.blockRowCount)
    guard isFine else { return scales[index] * query.scale * (Float(coarse.high) + Float(coarse.low) / 254) }
    let fine = sums(query, blocks[block].fine, row: index % Self.blockRowCount)
    let sum = Float(coarse.high) + (Float(coarse.low) + Float(fine.high) + Float(fine.low) / 254) / 254
    return scales[index] * query.scale * sum
  }

  private static let instructionSet = mneme_isa_best()

  private func sums(_ query: Query, _ codes: [UInt8], row: Int) -> (high: Int32, low: Int32) {
    precondition(
      codes.count >= (row + 1) * stride && query.high.count == stride, "rows and query are of one length")
    var (high, low): (Int32, Int32) = (0, 0)
    unsafe codes.withUnsafeBufferPointer { codes in
      // The row has `stride` bytes: checked above.
      unsafe mneme_scan_codes(
        Self.instructionSet, 1, stride, codes.baseAddress! + row * stride, query.high, query.low, &high, &low)
    }
    return (high, low)
  }
}
