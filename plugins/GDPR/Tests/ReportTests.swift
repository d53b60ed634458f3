import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import GDPR

@Suite("gdpr.report", .database(template: People.tables)) struct ReportTests {
  private static let parameters: JSON = [
    "map": People.map, "to": "article-30", "keep": "5 years",
    "controller": ["name": "Shop | SARL", "contact": "privacy@shop.example", "officer": "Q"], "purposes": ["Trips"],
    "subjects": ["Drivers"], "recipients": "none", "transfers": ["CH, adequacy decision"], "security": ["Locks"],
    "holds": ["table": "holds", "key": "user_id"], "hold_reason": "until",
  ]

  private func written(_ parameters: JSON) async throws -> [String] {
    let values = try GDPRReport.Parameters.read(json: parameters)
    let step = Step(id: "s", parameters: values, phase: "write", carry: .null, role: nil, runTag: "t")
    let program = try await ReadOnlyFacts.with(.current) { try await GDPRReport.compile(step, $0) }
    #expect(program.refusals == [])
    return program.operations.compactMap { operation in
      guard case .file(let work) = operation.work, case .text(let text)? = work.content.first else { return nil }
      return text
    }
  }

  @Test("every heading of article 30(1) is filled, every table is there, runs and holds are listed by number")
  func record() async throws {
    try await harness("gdpr.anonymize", People.parameters()).applied()
    let files = try await written(Self.parameters)
    try #require(files.count == 2)
    let json = try JSON(parsing: files[1])
    for letter in ["a", "b", "c", "d", "e", "f", "g"] {
      let lines = json["headings"]?[letter]?["lines"]?.array ?? []
      #expect(!lines.isEmpty && lines.allSatisfy { !($0.string ?? "").isEmpty }, "(\(letter))")
      #expect(files[0].contains("## (\(letter)) "))
    }
    for table in ["users", "drivers", "trips", "letters", "audit", "holds"] {
      #expect(files[0].contains("| public.\(table) |"), "\(table)")
      #expect(json["tables"]?.array?.contains { $0["table"]?.string == "public.\(table)" } == true)
    }
    #expect(json["last_runs"]?[0]?["kind"]?.string == "gdpr.anonymize" && json["last_runs"]?[0]?["done"]?.int == 43, "\(files[1])")
    #expect(json["holds"]?.array?.count == 3)
    #expect(files[0].contains("Shop \\| SARL") && files[0].contains("driver\\_id.user\\_id"))
  }

  @Test("an empty heading is refused", arguments: [
    ("purposes", []), ("subjects", [" "]), ("recipients", []), ("security", []), ("to", "../x"), ("transfers", "nothing"),
  ] as [(String, JSON)])
  func empty(key: String, nothing: JSON) throws {
    var parameters = try #require(Self.parameters.object)
    parameters[key] = nothing
    #expect(throws: InvalidInput.self) { try GDPRReport.Parameters.read(json: .object(parameters)) }
  }

  @Test("a table without a time limit is refused")
  func limits() async throws {
    var parameters = try #require(Self.parameters.object)
    parameters["keep"] = nil
    let program = try await compile(GDPRReport.self, JSON.object(parameters).text)
    #expect(refused(program) == ["gdpr.report.keep"])
    #expect(program.refusals[0].message.contains("public.drivers") && !program.refusals[0].message.contains("public.users"))
  }
}
