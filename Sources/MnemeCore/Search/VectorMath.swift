/// Arithmetic on vectors stored as `[Float]`.
public enum VectorMath {
  /// The dot product of `vector` with row `row` of a row-major matrix of `vector.count` columns.
  /// For vectors of norm 1 it is their cosine.
  public static func dot(_ vector: [Float], row: Int = 0, of matrix: [Float]) -> Float {
    let count = vector.count
    precondition(row >= 0 && (row + 1) * count <= matrix.count, "row \(row) is not in the matrix")
    return unsafe vector.withUnsafeBufferPointer { left in
      unsafe matrix.withUnsafeBufferPointer { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return 0 }
        // Both hold `count` floats from these addresses on: checked above.
        return unsafe dot(left, right + row * count, count: count)
      }
    }
  }

  /// The dot products of `vector` with every row of a row-major matrix of `vector.count` columns.
  public static func dots(_ vector: [Float], rowsOf matrix: [Float]) -> [Float] {
    let count = vector.count
    precondition(count > 0 && matrix.count % count == 0, "the matrix has whole rows of \(count) columns")
    let rowCount = matrix.count / count
    return unsafe [Float](unsafeUninitializedCapacity: rowCount) { result, initialized in
      unsafe vector.withUnsafeBufferPointer { left in
        unsafe matrix.withUnsafeBufferPointer { right in
          guard let left = left.baseAddress, let right = right.baseAddress else { return }
          for row in 0..<rowCount {
            // `right` holds `rowCount * count` floats, `result` has room for `rowCount`.
            unsafe result.initializeElement(at: row, to: dot(left, right + row * count, count: count))
          }
        }
      }
      initialized = rowCount
    }
  }

  /// The vector scaled to norm 1; nil where its norm is zero or not finite.
  public static func normalized(_ vector: [Float]) -> [Float]? {
    let norm = dot(vector, of: vector).squareRoot()
    guard norm.isFinite, norm > 0 else { return nil }
    return vector.map { $0 / norm }
  }

  // Four accumulators of eight lanes keep the multiply units busy; more would spill registers.
  private static func dot(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, count: Int) -> Float {
    let leftBytes = unsafe UnsafeRawPointer(left)
    let rightBytes = unsafe UnsafeRawPointer(right)
    func lane(_ index: Int) -> SIMD8<Float> {
      unsafe leftBytes.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
        * rightBytes.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
    }
    var sums = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
    var index = 0
    while index + 32 <= count {
      sums.0 += lane(index)
      sums.1 += lane(index + 8)
      sums.2 += lane(index + 16)
      sums.3 += lane(index + 24)
      index += 32
    }
    while index + 8 <= count {
      sums.0 += lane(index)
      index += 8
    }
    var sum = ((sums.0 + sums.1) + (sums.2 + sums.3)).sum()
    while index < count {
      unsafe sum += left[index] * right[index]
      index += 1
    }
    return sum
  }
}
