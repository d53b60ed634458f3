import Testing
import YAMLTree

@Suite struct ResolutionTests {
  @Test("plain scalars mean what YAML 1.2's core schema says", arguments: [
    ("true", .boolean(true)), ("False", .boolean(false)), ("null", .null), ("~", .null), ("NULL", .null),
    ("0", .integer(0)), ("-12", .integer(-12)), ("+7", .integer(7)), ("007", .integer(7)), ("0x1F", .integer(31)),
    ("0o17", .integer(15)), ("0x-1", .text("0x-1")), ("1.5", .float(1.5)), (".5", .float(0.5)), ("1.", .float(1)),
    ("1e3", .float(1000)), ("-.inf", .float(-.infinity)), ("9223372036854775808", .float(9223372036854775808)),
    ("yes", .text("yes")), ("Off", .text("Off")), ("1_000", .text("1_000")), ("12:30", .text("12:30")),
    ("1 month", .text("1 month")), ("tRue", .text("tRue")), ("+", .text("+")), (".", .text(".")), ("1e", .text("1e")),
    ("2024-01-01", .text("2024-01-01")), ("١", .text("١")),
  ] as [(String, Resolved)])
  func resolves(_ text: String, _ expected: Resolved) throws {
    let root = try #require(YAMLText("v: \(text)", file: "t").root)
    #expect(root["v"]?.resolved == expected)
  }

  @Test("quoted and block scalars are text, whatever they look like", arguments: [
    "'true'", "\"1\"", "|\n  1", ">\n  null", "!!str 5", "! 5",
  ])
  func text(_ source: String) throws {
    let root = try #require(YAMLText("v: \(source)", file: "t").root)
    guard case .text = root["v"]?.resolved else {
      Issue.record("\(source) is \(String(describing: root["v"]?.resolved))")
      return
    }
  }

  @Test("a missing value is null, an empty quoted one is text")
  func missing() throws {
    let root = try #require(YAMLText("a:\nb: ''", file: "t").root)
    #expect(root["a"]?.isNull == true)
    #expect(root["b"]?.resolved == .text(""))
  }

  @Test("a tag of the core schema is checked against its value", arguments: [
    ("!!int '5'", true), ("!!int x", false), ("!!float 1", true), ("!!bool maybe", false), ("!!null ''", true),
    ("!!seq []", true), ("!!map []", false), ("!!str []", false),
  ])
  func tags(_ source: String, _ fits: Bool) {
    let text = YAMLText("v: \(source)", file: "t")
    #expect(text.problems.map(\.code) == (fits ? [] : ["yaml.tag"]))
  }

  @Test("bare yes, no, on and off are recognised as misunderstandings; quoted ones are not", arguments: [
    ("yes", true), ("No", true), ("ON", true), ("off", true), ("'yes'", false), ("y", false), ("true", false),
  ])
  func oldBooleans(_ source: String, _ expected: Bool) throws {
    let root = try #require(YAMLText("v: \(source)", file: "t").root)
    #expect(root["v"]?.looksLikeOldBoolean == expected)
  }
}
