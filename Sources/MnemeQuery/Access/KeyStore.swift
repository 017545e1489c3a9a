/// Where API keys are kept, for those who may make and revoke them over HTTP.
public protocol KeyStore: Sendable {
  /// What is known of all keys.
  /// - Throws: `KeyFileError`.
  func records() throws -> [APIKeyRecord]
  /// Changes them as a whole; nothing is changed where `body` throws. It may wait for a disk.
  /// - Throws: `KeyFileError`, or what `body` throws.
  func change(_ body: (inout [APIKeyRecord]) throws -> Void) throws
}

extension KeyAuthenticator: KeyStore {
  /// As `KeyStore` has it.
  public func records() throws -> [APIKeyRecord] { try self.file.read().records }

  /// As `KeyStore` has it.
  public func change(_ body: (inout [APIKeyRecord]) throws -> Void) throws { try self.file.change(body) }
}
