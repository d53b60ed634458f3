/// A way into a JSON value: `owner.name`, `items[*].email`, `*.phone`.
struct JSONRoute: Hashable, Sendable {
  enum Hop: Hashable, Sendable {
    case key(String)
    /// Every key of an object.
    case anyKey
    /// Every element of an array.
    case elements
  }

  var hops: [Hop]

  /// `nil`: not a path. A key with a dot, a bracket or an asterisk stands in double quotes.
  init?(parsing text: String) {
    hops = []
    var rest = Substring(text)
    while !rest.isEmpty {
      if rest.hasPrefix("[*]") {
        rest = rest.dropFirst(3)
        hops.append(.elements)
      } else {
        guard let hop = JSONRoute.hop(&rest) else { return nil }
        hops.append(hop)
      }
      guard !rest.isEmpty, !rest.hasPrefix("[*]") else { continue }
      guard rest.first == ".", rest.count > 1 else { return nil }
      rest = rest.dropFirst()
    }
    if hops.isEmpty { return nil }
  }

  private static func hop(_ rest: inout Substring) -> Hop? {
    if rest.first == "\"" {
      rest = rest.dropFirst()
      guard let end = rest.firstIndex(of: "\""), end > rest.startIndex else { return nil }
      defer { rest = rest[rest.index(after: end)...] }
      return .key(String(rest[..<end]))
    }
    let word = rest.prefix { $0 != "." && $0 != "[" && $0 != "\"" && $0 != "]" }
    guard !word.isEmpty, word == "*" || !word.contains("*") else { return nil }
    rest = rest.dropFirst(word.count)
    return word == "*" ? .anyKey : .key(String(word))
  }
}
