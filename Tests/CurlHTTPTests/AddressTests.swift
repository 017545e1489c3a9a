import CurlHTTP
import MnemeTesting
import Synchronization
import Testing

/// What may be connected to is asked of the address, whatever name or number leads to it.
@Suite struct AddressTests {
  @Test(arguments: ["127.0.0.1", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1"])
  func `an address that is refused is not connected to`(host: String) async throws {
    let asked = Mutex<Set<[UInt8]>>([])
    let configuration = HTTPClient.Configuration(mayConnect: { bytes in
      asked.withLock { _ = $0.insert(bytes) }
      return false
    })
    try await withServer(configuration, answering: .text("secret")) { server, client in
      let error = await failure(of: client, HTTPRequest(.post, "http://\(host):\(server.port)/", body: [1]))
      #expect(error?.code == .addressRefused && error?.isRetriable == false)
      #expect(server.connectionCount == 0 && server.requests.isEmpty)
    }
    #expect(asked.withLock { $0.contains([127, 0, 0, 1]) })
  }

  @Test func `one that is allowed is`() async throws {
    let configuration = HTTPClient.Configuration(mayConnect: { $0 == [127, 0, 0, 1] })
    try await withServer(configuration, answering: .text("ok")) { server, client in
      // Twice, as the second one finds the first one's connection.
      for _ in 0..<2 {
        let status = try await client.execute(HTTPRequest(.get, server.url)).status
        #expect(status == 200)
      }
    }
  }

  @Test func `a redirect to elsewhere is an answer and no more`() async throws {
    let configuration = HTTPClient.Configuration(mayConnect: { $0 == [127, 0, 0, 1] })
    try await withServer(
      configuration, answering: .text("", status: 302, headers: ["Location": "http://169.254.169.254/"])
    ) { server, client in
      let status = try await client.execute(HTTPRequest(.get, server.url)).status
      #expect(status == 302)
      #expect(server.requests.count == 1)
    }
  }
}
