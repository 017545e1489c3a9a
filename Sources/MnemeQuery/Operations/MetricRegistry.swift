import Synchronization

/// A metric's name, kind and meaning.
enum Metric: String, Sendable, CaseIterable {
  case lag = "mneme_lag_records"
  case requests = "mneme_http_requests_total"
  case requestDuration = "mneme_http_request_duration_seconds"
  case requestsInFlight = "mneme_http_requests_in_flight"
  case bufferedBytes = "mneme_http_buffered_body_bytes"
  case eventsAppended = "mneme_http_events_appended_total"
  case degradedSearches = "mneme_search_degraded_total"
  case embeddingCacheHits = "mneme_search_embedding_cache_hits_total"
  case embeddingCacheMisses = "mneme_search_embedding_cache_misses_total"
  case rerankFailures = "mneme_search_rerank_failed_total"
  case rerankDuration = "mneme_search_rerank_duration_seconds"
  case embeddingDuration = "mneme_search_embedding_duration_seconds"
  case webhookAttempts = "mneme_webhook_attempts_total"
  case webhooksPending = "mneme_webhook_messages_pending"

  /// What Prometheus calls the kind of a metric.
  enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  /// The kind.
  var kind: Kind {
    switch self {
    case .requests, .eventsAppended, .degradedSearches, .embeddingCacheHits, .embeddingCacheMisses, .rerankFailures,
      .webhookAttempts:
      .counter
    case .lag, .requestsInFlight, .bufferedBytes, .webhooksPending: .gauge
    case .requestDuration, .embeddingDuration, .rerankDuration: .histogram
    }
  }

  /// The meaning, as `/metrics` prints it.
  var help: String {
    switch self {
    case .lag: "Records that wait, by group, topic and partition, as of this scrape."
    case .requests: "Requests answered, by route, method and status."
    case .requestDuration: "Time from the head of a request to its answer, by route."
    case .requestsInFlight: "Requests that are being read or answered."
    case .bufferedBytes: "Bytes of request bodies held in memory."
    case .eventsAppended: "Events appended to the log, by type."
    case .degradedSearches: "Searches answered by keywords alone, as the embedder failed."
    case .embeddingCacheHits: "Queries whose vector was still known."
    case .embeddingCacheMisses: "Queries that the embedder was asked for."
    case .rerankFailures: "Searches answered in their own order, as the reranker failed."
    case .rerankDuration: "Time to rerank the hits of a search."
    case .embeddingDuration: "Time to embed a query whose vector was not known."
    case .webhookAttempts: "What became of messages to webhooks, attempt by attempt, as this process has read it."
    case .webhooksPending: "Messages to webhooks that are neither taken nor given up, as of this scrape."
    }
  }
}

/// Counts what the service does, and prints it in Prometheus' text format, version 0.0.4.
///
/// Labels come from closed sets (routes, types, statuses), so that the number of series is bounded.
final class MetricRegistry: Sendable {
  /// Upper bounds of the histograms' buckets, in seconds.
  static let bucketBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

  private struct Series: Hashable {
    let metric: Metric
    let labels: [String: String]
  }

  private struct Histogram {
    var counts = [Int](repeating: 0, count: MetricRegistry.bucketBounds.count + 1)
    var sum = 0.0
  }

  private struct State {
    var values: [Series: Int] = [:]
    var histograms: [Series: Histogram] = [:]
  }

  private let state = Mutex(State())

  /// A registry of nothing.
  init() {}

  /// Adds to a counter, or moves a gauge.
  func count(_ metric: Metric, by amount: Int = 1, _ labels: [String: String] = [:]) {
    self.state.withLock { $0.values[Series(metric: metric, labels: labels), default: 0] += amount }
  }

  /// Gives a gauge the value that was measured now.
  func set(_ metric: Metric, to value: Int, _ labels: [String: String]) {
    self.state.withLock { $0.values[Series(metric: metric, labels: labels)] = value }
  }

  /// Records a duration in a histogram.
  func observe(_ metric: Metric, _ duration: Duration, _ labels: [String: String] = [:]) {
    let seconds = duration / .seconds(1)
    let bucket = Self.bucketBounds.firstIndex { seconds <= $0 } ?? Self.bucketBounds.count
    self.state.withLock { state in
      state.histograms[Series(metric: metric, labels: labels), default: Histogram()].counts[bucket] += 1
      state.histograms[Series(metric: metric, labels: labels), default: Histogram()].sum += seconds
    }
  }

  /// Everything in Prometheus' text format.
  func text() -> String {
    let (values, histograms) = self.state.withLock { ($0.values, $0.histograms) }
    var lines: [String] = []
    for metric in Metric.allCases {
      lines.append("# HELP \(metric.rawValue) \(metric.help)")
      lines.append("# TYPE \(metric.rawValue) \(metric.kind.rawValue)")
      lines += values.filter { $0.key.metric == metric }
        .map { "\(metric.rawValue)\(Self.text($0.key.labels)) \($0.value)" }.sorted()
      for (series, histogram) in histograms.filter({ $0.key.metric == metric })
        .sorted(by: { Self.text($0.key.labels) < Self.text($1.key.labels) })
      {
        lines += Self.lines(series, histogram)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(_ series: Series, _ histogram: Histogram) -> [String] {
    let name = series.metric.rawValue
    var lines: [String] = []
    var total = 0
    for (bound, count) in zip(bucketBounds.map(\.description) + ["+Inf"], histogram.counts) {
      total += count
      lines.append("\(name)_bucket\(text(series.labels.merging(["le": bound]) { $1 })) \(total)")
    }
    lines.append("\(name)_sum\(text(series.labels)) \(histogram.sum)")
    lines.append("\(name)_count\(text(series.labels)) \(total)")
    return lines
  }

  private static func text(_ labels: [String: String]) -> String {
    guard !labels.isEmpty else { return "" }
    return "{" + labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",") + "}"
  }
}
