import Glibc
import Synchronization

/// One connection of a scripted server; lives on its own thread.
struct ScriptedConnection: ~Copyable {
  private enum Next {
    case keep
    case close
    case reset
  }

  private let server: ScriptedHTTPServer
  private let number: Int
  private let socket: Int32
  private let bell: Bell
  /// Received and not yet used.
  private var buffer: [UInt8] = []

  init(server: ScriptedHTTPServer, number: Int, socket: Int32, bell: Bell) {
    self.server = server
    self.number = number
    self.socket = socket
    self.bell = bell
    var isOn: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Serves until either side closes.
  consuming func run() {
    var next = Next.keep
    while case .keep = next, let request = self.readRequest() {
      self.server.record(request)
      next = self.perform(self.server.handler(request))
    }
    if case .reset = next {
      // Closing with a linger time of zero sends RST instead of FIN.
      var option = linger(l_onoff: 1, l_linger: 0)
      setsockopt(self.socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
    // The server's lock keeps `stop` and `release` off descriptors whose numbers may be somebody else's by then.
    self.server.state.withLock { state in
      state.connections[self.number] = nil
      close(self.socket)
      self.bell.close()
    }
    self.server.threadEnded()
  }

  private func perform(_ reply: ScriptedReply) -> Next {
    switch reply {
    case .response(let status, let headers, let body):
      let head = Self.head(status, headers.merging(["Content-Length": "\(body.count)"]) { $1 })
      return self.send(head + body) ? .keep : .close
    case .chunked(let status, let headers, let chunks):
      var bytes = Self.head(status, headers.merging(["Transfer-Encoding": "chunked"]) { $1 })
      for chunk in chunks where !chunk.isEmpty {
        bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
      }
      return self.send(bytes + Array("0\r\n\r\n".utf8)) ? .keep : .close
    case .cutOff(let status, let body, let missingBytes):
      _ = self.send(Self.head(status, ["Content-Length": "\(body.count + missingBytes)"]) + body)
      return .close
    case .raw(let bytes):
      _ = self.send(bytes)
      return .close
    case .close: return .close
    case .reset: return .reset
    case .held(let name, let reply): return self.wait(until: name) ? self.perform(reply) : .close
    }
  }

  /// False where the server stops first.
  private func wait(until name: String) -> Bool {
    while true {
      let (isReleased, isStopping) = self.server.state.withLock { ($0.released.contains(name), $0.isStopping) }
      if isStopping { return false }
      if isReleased { return true }
      self.bell.wait()
    }
  }

  /// Nil where the connection has ended or what came is not a request; the latter is answered 400.
  private mutating func readRequest() -> RecordedRequest? {
    let end = Array("\r\n\r\n".utf8)
    while true {
      if let headEnd = self.buffer.firstRange(of: end) {
        let head = String(decoding: self.buffer[..<headEnd.lowerBound], as: UTF8.self)
        self.buffer.removeFirst(headEnd.upperBound)
        return self.readBody(head)
      }
      // A TLS handshake, for example.
      if let first = self.buffer.first, !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) {
        return self.refuse()
      }
      guard self.receive() else { return nil }
    }
  }

  private mutating func readBody(_ head: String) -> RecordedRequest? {
    let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
    let start = lines[0].split(separator: " ")
    guard start.count == 3 else { return self.refuse() }
    var headers: [(name: String, value: String)] = []
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { return self.refuse() }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      headers.append((line[..<colon].lowercased(), String(value)))
    }
    let length = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
    guard length >= 0, length <= ScriptedHTTPServer.maxRequestBytes else { return self.refuse() }
    while self.buffer.count < length {
      guard self.receive() else { return nil }
    }
    let body = Array(self.buffer.prefix(length))
    self.buffer.removeFirst(length)
    return RecordedRequest(
      method: String(start[0]), target: String(start[1]), headers: headers, body: body, connection: self.number)
  }

  private func refuse() -> RecordedRequest? {
    _ = self.send(Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
    return nil
  }

  /// False where no more will come or the request is too large.
  private mutating func receive() -> Bool {
    guard self.buffer.count <= ScriptedHTTPServer.maxRequestBytes else { return false }
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = recv(self.socket, &chunk, chunk.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      self.buffer += chunk.prefix(count)
      return true
    }
  }

  /// False where the peer has gone.
  private func send(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var sent = 0
      while sent < buffer.count {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[sent...])
        let count = Glibc.send(self.socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }

  private static func head(_ status: Int, _ headers: [String: String]) -> [UInt8] {
    let fields = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
    return Array("HTTP/1.1 \(status) Scripted\r\n\(fields)\r\n".utf8)
  }
}
