import JSONText
import PlanModel
import PlanSchema
import Testing
import YAMLTree

@Suite("Private variables") struct PrivateVariableTests {
  private static let plan = """
    caisson: 1
    plan: erase
    private_variables: [subject]
    steps:
      go: { uses: gdpr.export, with: { to: out, password: "${subject}" } }
    """
  private static let environment = "environment: staging\ntarget: sandbox\ntoken_key: ${env:KEY}\n"

  private func load(
    _ value: String?, plan: String = plan, environment: String = environment, key: String = "k1",
    wantsValues: Bool = true
  ) throws -> ResolvedPlan {
    let files = ["e.yaml": environment, "plan.yaml": plan].mapValues { Array($0.utf8) }
    let variables = ["KEY": key, "SUBJECT": "anna@example.org"]
    let loader = PlanLoader(ToySteps.registry, files: MemoryFiles(files, environment: variables))
    return try loader.load(
      PlanRequest(
        path: "e.yaml", variables: value.map { [(name: "subject", value: $0)] } ?? [], wantsPrivateValues: wantsValues))
  }

  private func complaints(_ value: String? = "anna@example.org", plan: String = plan, environment: String = environment)
    -> String
  {
    do {
      _ = try load(value, plan: plan, environment: environment)
      return ""
    } catch { return "\(error)" }
  }

  @Test("the plan holds a reference and a token, never the value; the same value has the same hashes, another others")
  func token() throws {
    let anna = try load("anna@example.org"), again = try load("anna@example.org"), ben = try load("ben@example.org")
    #expect(!anna.json.text.contains("anna") && anna.json.text.contains("${private:subject#"))
    #expect(anna.planHash == again.planHash && anna.planHash != ben.planHash)
    #expect(anna.plan.steps[0].specHash != ben.plan.steps[0].specHash)
    #expect(anna.releaseHash == ben.releaseHash)
    #expect(try load("anna@example.org", key: "k2").planHash != anna.planHash)
    #expect(PlanDifference.isPrivateOnly(old: anna.json, new: ben.json))
  }

  @Test("it is resolved from what this command was given, by the token")
  func resolves() throws {
    let anna = try load("anna@example.org"), ben = try load("ben@example.org")
    let frozen = try ResolvedPlan(frozen: anna.json, releaseHash: "")
    var report = Diagnostics()
    let parameters = ToyExport.Parameters.read(frozen.plan.steps[0].with, &report)
    let secret = try #require(parameters?.password)
    #expect(try secret.resolve(folder: ".", privately: anna.privateValues).revealed == "anna@example.org")
    let refused = #expect(throws: SecretUnavailable.self) {
      try secret.resolve(folder: ".", privately: ben.privateValues)
    }
    #expect(refused?.reason == "this command was given another value")
  }

  @Test("a reference in the environment or on the command line is as good as the value")
  func byReference() throws {
    let direct = try load("anna@example.org")
    #expect(try load("${env:SUBJECT}").planHash == direct.planHash)
    let environment = Self.environment + "variables: { subject: \"${env:SUBJECT}\" }\n"
    #expect(try load(nil, environment: environment).planHash == direct.planHash)
  }

  @Test("without a value it validates, and nothing runs")
  func missing() throws {
    #expect(try load(nil, wantsValues: false).json.text.contains("${private:subject}"))
    #expect(complaints(nil).contains("plan.yaml:5:") && complaints(nil).contains("--var subject=…"))
    #expect(complaints("").contains("is empty"))
  }

  @Test("what would store or show the value is refused, and no message repeats it", arguments: [
    ("to: out", "to: \"${subject}\"", "cannot stand here"),
    ("private_variables: [subject]", "variables: { subject: 1 }\nprivate_variables: [subject]", "a variable already"),
    ("private_variables: [subject]", "variables: { other: \"${subject}\" }\nprivate_variables: [subject]", "cannot refer"),
    ("private_variables: [subject]", "private_variables: [subjct]", "did you mean"),
  ])
  func refused(old: String, new: String, word: String) {
    let text = complaints(plan: Self.plan.replacing(old, with: new))
    #expect(text.contains(word), "\(text)")
    #expect(!text.contains("anna"))
  }

  @Test("the environment says where value and key are found, and holds neither", arguments: [
    ("token_key: ${env:KEY}", "token_key: plainly", "in plain text"), ("token_key: ${env:KEY}", "", "need a `token_key`"),
    ("target: sandbox", "target: sandbox\nvariables: { subject: anna }", "cannot stand in a file"),
    ("target: sandbox", "target: \"${subject}\"", "which database"),
  ])
  func environments(old: String, new: String, word: String) {
    let text = complaints(environment: Self.environment.replacing(old, with: new))
    #expect(text.contains(word), "\(text)")
  }
}
