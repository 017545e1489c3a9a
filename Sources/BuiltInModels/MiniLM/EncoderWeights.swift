import CKernels
import LanguageModel

/// Sizes of all-MiniLM-L6-v2.
enum EncoderShape {
  static let layers = 6
  static let heads = 12
  static let headSize = 32
  static let width = 384
  static let innerWidth = 1536
  static let positions = 512
  static let epsilon: Float = 1e-12

  /// Outputs and inputs of a layer's linear maps: queries, keys and values; attention output; inner; output.
  static let linears = [(3 * width, width), (width, width), (innerWidth, width), (width, innerWidth)]
  /// Multiplications and additions of all linear maps for one token.
  static let linearOperationCount = layers * linears.reduce(0) { $0 + 2 * $1.0 * $1.1 }
}

/// One linear map, packed for the kernels as floats or as bytes.
struct Linear: Sendable {
  private enum Weights {
    case float32(AlignedBuffer<Float>)
    case int8(AlignedBuffer<Int8>, scales: AlignedBuffer<Float>, sums: AlignedBuffer<Int32>)
  }

  /// Width of a panel of packed weights: parts are joined at its boundaries.
  private static let panelWidth = 16

  let inputs: Int
  let outputs: Int
  private let weights: Weights
  private let bias: AlignedBuffer<Float>

  /// The maps named `names`, of `outputs` outputs each, side by side.
  init(
    _ file: Safetensors, _ names: [String], outputs: Int, inputs: Int, isQuantised: Bool, in arena: WeightArena
  ) throws {
    precondition(outputs % Self.panelWidth == 0, "a part of a linear map fills whole panels")
    self.inputs = inputs
    self.outputs = outputs * names.count
    self.bias = AlignedBuffer(count: self.outputs, in: arena)
    for (index, name) in names.enumerated() {
      let bias = try file.floats(name + ".bias", outputs)
      (self.bias.start + index * outputs).update(from: bias, count: outputs)
    }
    self.weights =
      isQuantised
      ? try Self.int8(file, names, outputs, inputs, arena) : try Self.float32(file, names, outputs, inputs, arena)
  }

  /// Buffers of one map.
  static let maxPartCount = 4

  /// Bytes of a map's buffers.
  static func byteCount(outputs: Int, inputs: Int, isQuantised: Bool) -> Int {
    isQuantised
      ? mneme_packed_i8_count(outputs, inputs) + 3 * MemoryLayout<Float>.size * outputs
      : (mneme_packed_f32_count(outputs, inputs) + outputs) * MemoryLayout<Float>.size
  }

  private static func float32(
    _ file: Safetensors, _ names: [String], _ outputs: Int, _ inputs: Int, _ arena: WeightArena
  ) throws -> Weights {
    let partCount = mneme_packed_f32_count(outputs, inputs)
    let packed = AlignedBuffer<Float>(count: partCount * names.count, in: arena)
    for (index, name) in names.enumerated() {
      let weights = try file.floats(name + ".weight", outputs, inputs)
      guard mneme_pack_f32(outputs, inputs, weights, packed.start + index * partCount) == 1 else {
        throw Safetensors.damaged("tensor \(name).weight holds values that are no numbers")
      }
    }
    return .float32(packed)
  }

  private static func int8(
    _ file: Safetensors, _ names: [String], _ outputs: Int, _ inputs: Int, _ arena: WeightArena
  ) throws -> Weights {
    let partCount = mneme_packed_i8_count(outputs, inputs)
    let packed = AlignedBuffer<Int8>(count: partCount * names.count, in: arena)
    let scales = AlignedBuffer<Float>(count: outputs * names.count, in: arena)
    let sums = AlignedBuffer<Int32>(count: outputs * names.count, in: arena)
    for (index, name) in names.enumerated() {
      let weights = try file.floats(name + ".weight", outputs, inputs)
      let first = index * outputs
      guard
        mneme_pack_i8(
          outputs, inputs, weights, packed.start + index * partCount, scales.start + first, sums.start + first) == 1
      else { throw Safetensors.damaged("tensor \(name).weight holds values that are no numbers") }
    }
    return .int8(packed, scales: scales, sums: sums)
  }

  /// `result` (`rows` x `outputs`) = the map of `input` (`rows` x `inputs`).
  func apply(
    rows: Int, input: UnsafePointer<Float>, gelu: Bool = false, result: UnsafeMutablePointer<Float>,
    codes: QuantisedRows, _ set: InstructionSet
  ) {
    switch self.weights {
    case .float32(let packed):
      mneme_gemm_f32(
        set.rawValue, rows, self.outputs, self.inputs, input, packed.start, self.bias.start, gelu ? 1 : 0, result)
    case .int8(let packed, let scales, let sums):
      mneme_quantise_rows(
        set.rawValue, rows, self.inputs, input, codes.bytes.start, codes.scales.start, codes.zeros.start)
      mneme_gemm_u8i8(
        set.rawValue, rows, self.outputs, self.inputs, codes.bytes.start, codes.scales.start, codes.zeros.start,
        packed.start, scales.start, sums.start, self.bias.start, gelu ? 1 : 0, result)
    }
  }
}

/// Room for the bytes of quantised activations.
struct QuantisedRows {
  let bytes: AlignedBuffer<UInt8>
  let scales: AlignedBuffer<Float>
  let zeros: AlignedBuffer<Int32>

  init(maxRows: Int, maxColumns: Int) {
    self.bytes = AlignedBuffer(count: maxRows * mneme_quantised_stride(maxColumns))
    self.scales = AlignedBuffer(count: maxRows)
    self.zeros = AlignedBuffer(count: maxRows)
  }
}

/// Gain and bias of a layer norm.
struct Norm: Sendable {
  private let values: AlignedBuffer<Float>

  init(_ file: Safetensors, _ name: String) throws {
    self.values = AlignedBuffer(count: 2 * EncoderShape.width)
    self.values.start.update(from: try file.floats(name + ".weight", EncoderShape.width), count: EncoderShape.width)
    (self.values.start + EncoderShape.width).update(
      from: try file.floats(name + ".bias", EncoderShape.width), count: EncoderShape.width)
  }

  /// `rows` = the norm of `rows` + `addend`.
  func apply(
    rows: Int, _ values: UnsafeMutablePointer<Float>, adding addend: UnsafePointer<Float>?, _ set: InstructionSet
  ) {
    mneme_layer_norm(
      set.rawValue, rows, EncoderShape.width, values, addend, self.values.start,
      self.values.start + EncoderShape.width, EncoderShape.epsilon)
  }
}

/// All weights of the encoder: embeddings in the mapped file, the rest packed.
///
/// `@unchecked Sendable`: the pointers go into `file`, which is held here and never written.
struct EncoderWeights: @unchecked Sendable {
  struct Layer: Sendable {
    let queriesKeysValues: Linear
    let attentionOutput: Linear
    let attentionNorm: Norm
    let inner: Linear
    let output: Linear
    let outputNorm: Norm
  }

  private let file: MappedFile
  let words: UnsafePointer<Float>
  let positions: UnsafePointer<Float>
  let type: UnsafePointer<Float>
  let norm: Norm
  let layers: [Layer]

  /// Packs the weights in `file`, as floats or quantised to bytes.
  init(file: MappedFile, isQuantised: Bool) throws {
    let tensors = try Safetensors(file: file)
    let width = EncoderShape.width
    self.file = file
    self.words = try tensors.floats("embeddings.word_embeddings.weight", WordPieceVocabulary.count, width)
    self.positions = try tensors.floats("embeddings.position_embeddings.weight", EncoderShape.positions, width)
    self.type = try tensors.floats("embeddings.token_type_embeddings.weight", 2, width)
    self.norm = try Norm(tensors, "embeddings.LayerNorm")
    let layerSize = EncoderShape.linears.reduce(0) { size, map in
      size + Linear.byteCount(outputs: map.0, inputs: map.1, isQuantised: isQuantised)
    }
    let arena = WeightArena(
      byteCount: EncoderShape.layers * layerSize,
      partCount: EncoderShape.layers * EncoderShape.linears.count * Linear.maxPartCount)
    self.layers = try (0..<EncoderShape.layers).map { index in
      try Self.layer(tensors, "encoder.layer.\(index).", isQuantised, arena)
    }
    file.releasePages()
  }

  private static func layer(
    _ file: Safetensors, _ prefix: String, _ isQuantised: Bool, _ arena: WeightArena
  ) throws -> Layer {
    func linear(_ names: [String], _ outputs: Int, _ inputs: Int) throws -> Linear {
      try Linear(
        file, names.map { prefix + $0 }, outputs: outputs, inputs: inputs, isQuantised: isQuantised, in: arena)
    }
    let (width, inner) = (EncoderShape.width, EncoderShape.innerWidth)
    return Layer(
      queriesKeysValues: try linear(
        ["attention.self.query", "attention.self.key", "attention.self.value"], width, width),
      attentionOutput: try linear(["attention.output.dense"], width, width),
      attentionNorm: try Norm(file, prefix + "attention.output.LayerNorm"),
      inner: try linear(["intermediate.dense"], inner, width),
      output: try linear(["output.dense"], width, inner),
      outputNorm: try Norm(file, prefix + "output.LayerNorm"))
  }
}
