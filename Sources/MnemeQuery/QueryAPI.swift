import EventLog
import LanguageModel
import Logging
import MnemeCore
import MnemeProjection

/// What handlers work with. It reads through the reader and writes to the log, and has no other way to either.
struct QueryAPI: Sendable {
  /// Reports what is under way.
  typealias Lag = @Sendable () async throws -> any Encodable & Sendable
  /// Tells the time.
  typealias Clock = @Sendable () -> Timestamp

  let configuration: QueryConfiguration
  let log: any EventLog
  let codec: EventRecordCodec
  let reader: any MemoryReader
  let embedder: any Embedder
  let lag: Lag
  let clock: Clock
  let logger: Logger
  let metrics: MetricRegistry
  let accepted: AcceptedEvents
  let turns: TurnsTopic
}
