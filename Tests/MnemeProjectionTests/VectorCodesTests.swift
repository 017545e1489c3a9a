import CKernels
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct VectorCodesTests {
  private static func unitVector(_ dimension: Int, _ random: inout SeededGenerator) -> [Float] {
    VectorMath.normalized((0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }) ?? []
  }

  @Test(arguments: [1, 3, 8, 63, 64, 65, 384, 1536], 1...3 as ClosedRange<UInt64>)
  func cosinesAreWithinTheirBounds(dimension: Int, seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var codes = VectorCodes(dimension: dimension)
    var vectors = (0..<600).map { _ in Self.unitVector(dimension, &random) }
    for vector in vectors { codes.append(vector) }
    for index in stride(from: 0, to: 600, by: 7) {
      vectors[index] = Self.unitVector(dimension, &random)
      codes.replace(index, vectors[index])
    }
    let query = Self.unitVector(dimension, &random)
    let coded = VectorCodes.Query(query)
    var coarse: [Float] = []
    var found = VectorCodes.BlockCosines()
    for block in 0..<codes.blockCount { codes.appendCosines(coded, block: block, to: &coarse, through: &found) }
    #expect(coarse.count == 600 && codes.count == 600)
    for (index, vector) in vectors.enumerated() {
      let exact = VectorMath.dot(query, of: vector)
      #expect(abs(coarse[index] - exact) <= codes.maxError + 4e-5)
      #expect(abs(codes.cosine(coded, index) - exact) <= 5e-5)
    }
    #expect(codes.maxError < 0.02)
  }

  @Test func aRowWithoutAVectorComparesAsNought() {
    var codes = VectorCodes(dimension: 8)
    codes.append(nil)
    codes.append([1, 0, 0, 0, 0, 0, 0, 0])
    codes.replace(1, nil)
    let query = VectorCodes.Query([1, 0, 0, 0, 0, 0, 0, 0])
    #expect(codes.cosine(query, 0) == 0 && codes.cosine(query, 1) == 0)
  }

  @Test func copiesStayAsTheyWere() {
    var codes = VectorCodes(dimension: 8)
    codes.append([1, 0, 0, 0, 0, 0, 0, 0])
    let copy = codes
    codes.replace(0, [0, 1, 0, 0, 0, 0, 0, 0])
    let query = VectorCodes.Query([1, 0, 0, 0, 0, 0, 0, 0])
    #expect(abs(copy.cosine(query, 0) - 1) < 1e-5 && codes.cosine(query, 0) == 0)
  }

  @Test(arguments: [64, 384])
  func everyInstructionSetGivesTheSameSums(stride: Int) {
    var random = SeededGenerator(seed: 5)
    let rowCount = 37
    // The extremes among them: 16-bit sums of products would overflow.
    let codes = (0..<rowCount * stride).map { index in
      index < stride ? 255 : index < 2 * stride ? 0 : UInt8.random(in: 0...255, using: &random)
    }
    let high = (0..<stride).map { _ in Int8.random(in: -127...127, using: &random) }
    let low = [Int8](repeating: -127, count: stride)
    let expected = (0..<rowCount).map { row in
      (0..<stride).reduce(into: (0, 0)) { sums, column in
        let code = Int(codes[row * stride + column]) - 128
        sums.0 += code * Int(high[column])
        sums.1 += code * Int(low[column])
      }
    }
    for instructionSet in Int32(MNEME_ISA_BASE)...mneme_isa_best() {
      var highs = [Int32](repeating: 0, count: rowCount)
      var lows = highs
      mneme_scan_codes(instructionSet, rowCount, stride, codes, high, low, &highs, &lows)
      #expect(highs.map(Int.init) == expected.map(\.0) && lows.map(Int.init) == expected.map(\.1))
    }
  }
}
