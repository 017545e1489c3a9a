import Foundation
import MnemeCore
import Testing

@Suite struct TextDigestTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("Straße", Derivation.sha256("Straße")),
  ])
  func aDigestIsSHA256InEveryForm(text: String, hexadecimal: String) throws {
    let digest = TextDigest(of: text)
    #expect(Derivation.hexadecimal(digest.data) == hexadecimal)
    #expect(TextDigest(hexadecimal: hexadecimal.utf8) == digest)
    #expect(TextDigest(hexadecimal: hexadecimal.uppercased().utf8) == digest)
    #expect(TextDigest(bytes: digest.data) == digest)
    #expect(TextDigest(of: text + " ") != digest)
  }

  @Test(arguments: ["", "0", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
  func anythingElseIsNoDigest(text: String) {
    #expect(TextDigest(hexadecimal: text.utf8) == nil)
    #expect(TextDigest(bytes: Data(text.utf8.dropLast())) == nil)
  }
}
