import MnemeCore

/// Which part of a list is wanted, by the numbers that clients page with.
struct Page: Hashable, Sendable {
  /// Elements of one page, if the request does not say.
  static let defaultSize = 100
  /// Most elements of one page.
  static let maxSize = 200
  /// Largest page number.
  static let maxNumber = 1_000_000

  /// From 1.
  let number: Int
  /// Elements of each page.
  let size: Int

  /// How many elements are before it.
  var offset: Int { (self.number - 1) * self.size }

  /// Page `number` of pages of `size` elements.
  init(number: Int, size: Int) {
    self.number = number
    self.size = size
  }

  /// The page that `page` and `page_size` of the query name; nil where neither is there.
  /// - Throws: `RequestFailure` where one is no integer, or out of range.
  init?(_ target: RequestTarget, defaultSize: Int = Self.defaultSize, maxSize: Int = Self.maxSize) throws {
    let number = try target.integer("page", in: 1...Self.maxNumber)
    let size = try target.integer("page_size", in: 1...maxSize)
    guard number != nil || size != nil else { return nil }
    self.init(number: number ?? 1, size: size ?? defaultSize)
  }

  /// The page among all `elements`.
  func of<Element>(_ elements: [Element]) -> ArraySlice<Element> { elements.dropFirst(self.offset).prefix(self.size) }

  /// A page as clients read it: `count` of all, links to the pages around it, and its `results`.
  func answer(to request: APIRequest, totalCount: Int, _ results: [JSONOutput]) -> JSONMembers {
    func link(_ number: Int) -> JSONOutput { .string(request.link(["page": number, "page_size": self.size])) }
    return [
      "count": .int(Int64(totalCount)),
      "next": self.number * self.size < totalCount ? link(self.number + 1) : .null,
      "previous": self.number > 1 ? link(self.number - 1) : .null, "results": .array(results),
    ]
  }
}

extension APIRequest {
  /// The address of this request with other `numbers` in its query, under the path that it came by.
  fileprivate func link(_ numbers: KeyValuePairs<String, Int>) -> String {
    let names = numbers.map(\.key)
    var query = self.target.parameters.filter { !names.contains($0.name) }
      .map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }
    query += numbers.map { "\($0.key)=\($0.value)" }
    let path = self.target.segments.map(Self.escaped).joined(separator: "/")
    return "\(self.base)\(self.target.prefix)/\(path)/?\(query.joined(separator: "&"))"
  }

  /// Scheme and host as the client knows them; empty, for a relative link, where its header holds anything unusual.
  private var base: String {
    guard let host = self.authority, !host.isEmpty,
      host.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isLetter || "0123456789.-:[]".utf8.contains($0) })
    else { return "" }
    return (self.header("x-forwarded-proto") == "https" ? "https://" : "http://") + host
  }

  /// `text` as it may stand in a path or a query: every byte but `A–Z a–z 0–9 - . _ ~` percent-encoded.
  private static func escaped(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { escaped, byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      default: escaped += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
  }
}
