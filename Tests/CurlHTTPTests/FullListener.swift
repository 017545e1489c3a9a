import Glibc

/// A loopback port whose queue of connections is full and never served: a further connection is not refused but waits.
final class FullListener {
  let port: Int
  private let sockets: [Int32]

  init() {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    var sockets = [listener]
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        precondition(bind(listener, generic, size) == 0 && listen(listener, 0) == 0, "no port to listen on")
        precondition(getsockname(listener, generic, &size) == 0, "a bound socket has a name")
        // A queue of length zero holds one connection on Linux; the others only make sure.
        for _ in 0..<4 {
          let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
          _ = connect(filler, generic, size)
          sockets.append(filler)
        }
      }
    }
    self.port = Int(UInt16(bigEndian: address.sin_port))
    self.sockets = sockets
  }

  deinit {
    for socket in self.sockets { close(socket) }
  }
}
