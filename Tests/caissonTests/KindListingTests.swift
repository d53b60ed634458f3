import CommandLineKit
import JSONText
import PlanSchema
import PluginAPI
import Testing

@testable import caisson

@Suite struct KindListingTests {
  private struct Sample: Plugin {
    static let name = "Sample"
    static let summary = "For tests."
    static let kinds: [any StepKind.Type] = [Lamp.self]
  }

  private struct Lamp: StepKind {
    static let name = "lamp.light"
    static let summary = "Lights a lamp."
    struct Parameters: ParameterSet {
      @Parameter("Which lamp.") var lamp: String
      @Parameter("How bright.", tuning: true) var brightness = 3
      @Parameter("Its colour.") var colour: String?
    }
    static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program { Program() }
  }

  private let listing = KindListing(registry: StepRegistry([Sample.self]))

  @Test("kinds are listed with plugin, phases and sentence")
  func table() {
    #expect(
      listing.table.lines() == [
        "kind        plugin  phases  what it does", "lamp.light  Sample  apply   Lights a lamp.",
      ])
  }

  @Test("one kind is shown with its parameters")
  func page() throws {
    #expect(
      try listing.kind(named: "lamp.light").lines(width: nil) == [
        "lamp.light: Lights a lamp.", "",
        "parameter   type     default   meaning",
        "lamp        text     required  Which lamp.",
        "brightness  integer  3         How bright. (tuning)",
        "colour      text               Its colour.",
      ])
  }

  @Test("the same for a program")
  func json() {
    let kind = listing.json[0]
    #expect(kind?["plugin"] == "Sample")
    #expect(kind?["parameters"]?[1] == [
      "key": "brightness", "type": "integer", "required": false, "default": 3, "tuning": true, "help": "How bright.",
    ])
  }

  @Test("an unknown kind is a usage error with the nearest name")
  func unknown() throws {
    let failure = try #require(throws: CommandFailure.self) { try listing.kind(named: "lamp.ligth") }
    #expect(failure.problem.code == .usage)
    #expect(failure.problem.hint == "did you mean 'lamp.light'?")
  }
}
