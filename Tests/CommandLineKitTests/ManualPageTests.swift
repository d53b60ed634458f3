import Testing

@testable import CommandLineKit

@Suite struct ManualPageTests {
  private static let spec = CommandSpec(
    "ship", summary: "move 'things'",
    subcommands: [
      CommandSpec(
        "load", summary: "put things on board", discussion: "A paragraph.\n\n.so /etc/passwd is text, and \\n too.\n\n  as it stands",
        arguments: [ArgumentSpec("THING", "what")],
        options: [.value("berth", short: "b", "N", .integer(1...9), "which \"one\"", repeatable: true, default: "1")],
        examples: [CommandExample("ship load 'a b' --berth 2", "the second")]),
    ])

  @Test("a page has every command, argument, option, example and exit code, and nothing in it is taken for a request")
  func page() {
    let page = ManualPage(Self.spec, version: "1", exits: [(0, "done")], variables: [("NO_COLOR", "none")]).roff
    for part in [
      #".TH "SHIP" "1" "" "ship 1" "User Commands""#, ".SH NAME\nship \\- move \\(aqthings\\(aq\n", #".SS "load THING [options]""#,
      ".TP\n.B \"\\-b, \\-\\-berth N\"\nwhich \"one\" [1] (repeatable)\n", ".nf\nship load \\(aqa b\\(aq \\-\\-berth 2\n.fi",
      "\n\\&.so /etc/passwd is text, and \\en too.\n", ".nf\n  as it stands\n.fi", ".SH EXIT STATUS\n.TP\n.B \"0\"\ndone\n", "NO_COLOR",
    ] { #expect(page.contains(part), "\(part) in \(page)") }
    let requests: Set = ["TH", "SH", "SS", "PP", "TP", "RS", "RE", "nf", "fi", "B", "I"]
    for line in page.split(separator: "\n") where line.hasPrefix(".") {
      #expect(requests.contains(String(line.dropFirst().prefix { $0 != " " })), "\(line)")
    }
  }
}
