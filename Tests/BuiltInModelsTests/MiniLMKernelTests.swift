import CKernels
import Foundation
import Testing

@testable import BuiltInModels

/// The C kernels against plain loops in double precision, on every instruction set that this processor has.
@Suite struct MiniLMKernelTests {
  static let sets = InstructionSet.allCases.filter { $0 <= .best }
  /// Rows, columns and depth: one, odd, just under and over the vectors' and tiles' sizes, and the model's own.
  static let shapes: [(m: Int, n: Int, k: Int)] = [
    (1, 1, 1), (2, 3, 5), (3, 15, 4), (4, 16, 7), (5, 17, 16), (6, 31, 33), (7, 32, 3), (8, 33, 64), (11, 47, 19),
    (12, 48, 20), (13, 49, 21), (24, 16, 1), (25, 64, 127), (37, 5, 130), (9, 384, 384),
  ]

  private static func gelu(_ x: Double) -> Double { 0.5 * x * (1 + erf(x / 2.0.squareRoot())) }

  private static func product(
    _ m: Int, _ n: Int, _ k: Int, _ input: [Float], _ weights: [Float], _ bias: [Float], _ isGelu: Bool
  ) -> [Double] {
    (0..<m * n).map { place in
      let (row, column) = (place / n, place % n)
      let sum = (0..<k).reduce(Double(bias[column])) { sum, i in
        sum + Double(input[row * k + i]) * Double(weights[column * k + i])
      }
      return isGelu ? Self.gelu(sum) : sum
    }
  }

  private static func largestDifference(_ a: [Float], _ b: [Double]) -> Double {
    zip(a, b).map { abs(Double($0) - $1) / max(1, abs($1)) }.max() ?? 0
  }

  @Test(arguments: Self.sets)
  func `float products are those of plain loops`(_ set: InstructionSet) {
    for (m, n, k) in Self.shapes {
      var random = MiniLMRandom(seed: UInt64(m * 10_000 + n * 100 + k))
      let (input, weights, bias) = (random.floats(m * k), random.floats(n * k), random.floats(n))
      var packed = [Float](repeating: .nan, count: mneme_packed_f32_count(n, k))
      #expect(mneme_pack_f32(n, k, weights, &packed) == 1)
      for isGelu in [false, true] {
        var result = [Float](repeating: .nan, count: m * n + 1)
        mneme_gemm_f32(set.rawValue, m, n, k, input, packed, bias, isGelu ? 1 : 0, &result)
        #expect(result.removeLast().isNaN, "\(set) \(m) x \(n) x \(k) wrote past its end")
        let expected = Self.product(m, n, k, input, weights, bias, isGelu)
        #expect(Self.largestDifference(result, expected) < 1e-4, "\(set) \(m) x \(n) x \(k)")
      }
    }
  }

  /// Rounds to bytes as the kernels say they do.
  private struct Quantised {
    var codes: [Int]
    var scales: [Double]
    var zeros: [Int]
  }

  private static func quantiseRows(_ set: InstructionSet, _ m: Int, _ k: Int, _ input: [Float]) -> Quantised {
    let stride = mneme_quantised_stride(k)
    var bytes = [UInt8](repeating: 0xAA, count: m * stride)
    var scales = [Float](repeating: 0, count: m)
    var zeros = [Int32](repeating: 0, count: m)
    mneme_quantise_rows(set.rawValue, m, k, input, &bytes, &scales, &zeros)
    return Quantised(
      codes: (0..<m * k).map { Int(bytes[$0 / k * stride + $0 % k]) }, scales: scales.map(Double.init),
      zeros: zeros.map(Int.init))
  }

  @Test(arguments: Self.sets)
  func `quantised activations are within half a step`(_ set: InstructionSet) {
    for (m, _, k) in Self.shapes {
      var random = MiniLMRandom(seed: UInt64(m * 100 + k))
      for range in [-2...2, 0.5...3, -4...(-1), 0...0] as [ClosedRange<Float>] {
        let input = random.floats(m * k, in: range)
        let quantised = Self.quantiseRows(set, m, k, input)
        for place in 0..<m * k {
          let scale = quantised.scales[place / k]
          let value = scale * Double(quantised.codes[place] - quantised.zeros[place / k])
          #expect(abs(value - Double(input[place])) <= 1.01 * scale, "\(set) \(m) x \(k) in \(range)")
        }
      }
    }
  }

  private static func codes(_ n: Int, _ k: Int, _ weights: [Float]) -> [Int] {
    (0..<n).flatMap { row in
      let values = weights[row * k..<(row + 1) * k]
      let inverse = 127 / values.map(\.magnitude).max()!
      return values.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }
    }
  }

  @Test(arguments: Self.sets)
  func `integer products are exact`(_ set: InstructionSet) {
    for (m, n, k) in Self.shapes {
      var random = MiniLMRandom(seed: UInt64(m * 10_000 + n * 100 + k))
      let (input, weights, bias) = (random.floats(m * k), random.floats(n * k), random.floats(n))
      var packed = [Int8](repeating: 0x55, count: mneme_packed_i8_count(n, k))
      var weightScales = [Float](repeating: 0, count: n)
      var sums = [Int32](repeating: 0, count: n)
      #expect(mneme_pack_i8(n, k, weights, &packed, &weightScales, &sums) == 1)
      let stride = mneme_quantised_stride(k)
      var bytes = [UInt8](repeating: 0, count: m * stride)
      var scales = [Float](repeating: 0, count: m)
      var zeros = [Int32](repeating: 0, count: m)
      mneme_quantise_rows(set.rawValue, m, k, input, &bytes, &scales, &zeros)
      var result = [Float](repeating: .nan, count: m * n + 1)
      mneme_gemm_u8i8(
        set.rawValue, m, n, k, bytes, scales, zeros, packed, weightScales, sums, bias, 0, &result)
      #expect(result.removeLast().isNaN, "\(set) \(m) x \(n) x \(k) wrote past its end")
      let codes = Self.codes(n, k, weights)
      let expected = (0..<m * n).map { place in
        let (row, column) = (place / n, place % n)
        let sum = (0..<k).reduce(0) { sum, i in
          sum + (Int(bytes[row * stride + i]) - Int(zeros[row])) * codes[column * k + i]
        }
        return Double(sum) * Double(scales[row]) * Double(weightScales[column]) + Double(bias[column])
      }
      #expect(Self.largestDifference(result, expected) < 1e-5, "\(set) \(m) x \(n) x \(k)")
    }
  }

  @Test func `integer products do not overflow at the ends of their range`() {
    let (n, k) = (16, 1536)
    var packed = [Int8](repeating: 0, count: mneme_packed_i8_count(n, k))
    var weightScales = [Float](repeating: 0, count: n)
    var sums = [Int32](repeating: 0, count: n)
    #expect(mneme_pack_i8(n, k, [Float](repeating: -127, count: n * k), &packed, &weightScales, &sums) == 1)
    #expect(sums == [Int32](repeating: -127 * 1536, count: n))
    let bytes = [UInt8](repeating: 255, count: k)
    for set in Self.sets {
      var result = [Float](repeating: 0, count: n)
      mneme_gemm_u8i8(
        set.rawValue, 1, n, k, bytes, [1], [0], packed, weightScales, sums, [Float](repeating: 0, count: n), 0, &result)
      #expect(result == [Float](repeating: -127 * 255 * 1536, count: n), "\(set)")
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `weights that are no numbers are refused`(_ value: Float) {
    var weights = [Float](repeating: 1, count: 34)
    weights[19] = value
    var floats = [Float](repeating: 0, count: mneme_packed_f32_count(2, 17))
    var bytes = [Int8](repeating: 0, count: mneme_packed_i8_count(2, 17))
    var (scales, sums) = ([Float](repeating: 0, count: 2), [Int32](repeating: 0, count: 2))
    #expect(mneme_pack_f32(2, 17, weights, &floats) == 0)
    #expect(mneme_pack_i8(2, 17, weights, &bytes, &scales, &sums) == 0)
  }

  @Test(arguments: Self.sets)
  func `a row's result does not depend on the rows beside it`(_ set: InstructionSet) {
    let (m, n, k) = (29, 80, 96)
    var random = MiniLMRandom(seed: 7)
    let (input, weights, bias) = (random.floats(m * k), random.floats(n * k), random.floats(n))
    var packed = [Float](repeating: 0, count: mneme_packed_f32_count(n, k))
    #expect(mneme_pack_f32(n, k, weights, &packed) == 1)
    var all = [Float](repeating: 0, count: m * n)
    mneme_gemm_f32(set.rawValue, m, n, k, input, packed, bias, 1, &all)
    for first in 0..<m {
      for count in 1...(m - first) {
        var some = [Float](repeating: 0, count: count * n)
        mneme_gemm_f32(set.rawValue, count, n, k, Array(input[(first * k)...]), packed, bias, 1, &some)
        #expect(some == Array(all[first * n..<(first + count) * n]), "\(set) rows \(first), \(count)")
      }
    }
  }

  @Test(arguments: Self.sets)
  func `layer norm and mean pooling are those of plain loops`(_ set: InstructionSet) {
    for (m, n) in [(1, 16), (3, 32), (5, 384)] {
      var random = MiniLMRandom(seed: UInt64(m))
      let (rows, addend, gain, bias) = (random.floats(m * n), random.floats(m * n), random.floats(n), random.floats(n))
      var result = rows
      mneme_layer_norm(set.rawValue, m, n, &result, addend, gain, bias, 1e-12)
      var expected: [Double] = []
      for row in 0..<m {
        let sums = (0..<n).map { Double(rows[row * n + $0]) + Double(addend[row * n + $0]) }
        let mean = sums.reduce(0, +) / Double(n)
        let variance = sums.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
        expected += (0..<n).map { (sums[$0] - mean) / variance.squareRoot() * Double(gain[$0]) + Double(bias[$0]) }
      }
      #expect(Self.largestDifference(result, expected) < 1e-4, "\(set) \(m) x \(n)")

      var pooled = [Float](repeating: 0, count: n)
      mneme_mean_pool(set.rawValue, m, n, rows, &pooled)
      let means = (0..<n).map { column in (0..<m).reduce(0.0) { $0 + Double(rows[$1 * n + column]) } / Double(m) }
      let norm = means.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(Self.largestDifference(pooled, means.map { $0 / norm }) < 1e-5, "\(set) \(m) x \(n)")
    }
  }

  @Test(arguments: Self.sets)
  func `attention is that of plain loops`(_ set: InstructionSet) {
    let (heads, size) = (2, 32)
    let width = heads * size
    for length in [1, 2, 15, 16, 17, 25, 32, 33, 48, 61, 97] {
      var random = MiniLMRandom(seed: UInt64(length))
      // Large scores too: their softmax must not overflow.
      let qkv = random.floats(length * 3 * width, in: length % 2 == 0 ? -2...2 : -9...9)
      var scratch = [Float](repeating: .nan, count: mneme_attention_scratch_count(length, size))
      var result = [Float](repeating: .nan, count: length * width)
      mneme_attention(set.rawValue, length, heads, size, qkv, &scratch, &result)
      func at(_ token: Int, _ part: Int, _ column: Int) -> Double { Double(qkv[(3 * token + part) * width + column]) }
      var expected = [Double](repeating: 0, count: length * width)
      for head in 0..<heads {
        let columns = head * size..<(head + 1) * size
        for token in 0..<length {
          let scores = (0..<length).map { other in
            columns.reduce(0.0) { $0 + at(token, 0, $1) * at(other, 1, $1) } / Double(size).squareRoot()
          }
          let weights = scores.map { exp($0 - scores.max()!) }
          let total = weights.reduce(0, +)
          for column in columns {
            expected[token * width + column] = (0..<length).reduce(0.0) { $0 + weights[$1] / total * at($1, 2, column) }
          }
        }
      }
      #expect(Self.largestDifference(result, expected) < 1e-4, "\(set) length \(length)")
    }
  }
}
