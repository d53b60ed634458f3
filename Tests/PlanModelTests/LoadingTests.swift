import JSONText
import PlanModel
import PlanSchema
import Testing
import YAMLTree

@Suite struct LoadingTests {
  static let plan = """
    caisson: 1
    plan: zenfleet
    description: Room to grow
    variables:
      keep: 7 years
      workers: 2
      tables: [orders, audit.log]
    defaults:
      max_stall: 250ms
      retry: { attempts: 5 }
    steps:
      last:
        uses: sql.run
        needs: [indexes]
        with: { file: query.sql, keep: "${keep}", extra: { note: "kept ${keep} by ${workers}, $${literal}" } }
      indexes:
        uses: index.create
        for_each: ${tables}
        throttle: { replica_lag: 5s }
        with: { table: "${each}", columns: [id], workers: "${workers}" }
      export:
        uses: gdpr.export
        with: { to: out, password: "${env:TOKEN}" }
    """
  static let production = """
    environment: production
    target: ${env:DATABASE_URL}
    role: zenfleet_owner
    variables: { keep: 10 years }
    accept_irreversible: [indexes]
    steps:
      indexes:
        throttle: { active_sessions: 20 }
        with: { workers: 4 }
      export: { skip: not in production }
    """
  static let staging = """
    environment: staging
    target: sandbox:staging
    """

  static func load(
    _ environment: String = production, plan: String = plan, query: String = "SELECT 1",
    variables: [(name: String, value: String)] = [], checksSecrets: Bool = true
  ) throws -> ResolvedPlan {
    let files = ["e.yaml": environment, "plan.yaml": plan, "query.sql": query].mapValues { Array($0.utf8) }
    let loader = PlanLoader(ToySteps.registry, files: MemoryFiles(files, environment: CorpusCase.environment))
    return try loader.load(PlanRequest(path: "e.yaml", variables: variables, checksSecrets: checksSecrets))
  }

  @Test("steps come after what they need; a for_each stands for all its items")
  func order() throws {
    let plan = try LoadingTests.load().plan
    #expect(plan.steps.map(\.id) == ["indexes[1]", "indexes[2]", "last", "export"])
    #expect(plan["last"]?.needs == ["indexes[1]", "indexes[2]"])
    #expect(plan.name == "zenfleet")
  }

  @Test("variables keep their type alone and become text inside text")
  func variables() throws {
    let plan = try LoadingTests.load().plan
    #expect(plan["indexes[2]"]?.withJSON["table"] == "audit.log")
    #expect(plan["last"]?.withJSON["keep"] == "10 years")
    #expect(plan["last"]?.withJSON["extra"]?["note"] == "kept 10 years by 2, $${literal}")
  }

  @Test("the command line overrides the environment, which overrides the plan")
  func precedence() throws {
    let plan = try LoadingTests.load(variables: [("keep", "2 days"), ("workers", "9")]).plan
    #expect(plan["last"]?.withJSON["keep"] == "2 days")
    #expect(plan["indexes[1]"]?.withJSON["workers"] == 4)
    let staging = try LoadingTests.load(LoadingTests.staging, variables: [("workers", "9")]).plan
    #expect(staging["indexes[1]"]?.withJSON["workers"] == 9)
    #expect(staging["last"]?.withJSON["keep"] == "7 years")
  }

  @Test("policies come from the step, then the defaults, then the standard, key by key")
  func policy() throws {
    let policy = try #require(try LoadingTests.load().plan["indexes[1]"]?.policy)
    #expect(policy.maxStall == .milliseconds(250))
    #expect(policy.retry.attempts == 5)
    #expect(policy.retry.backoff.description == "200ms..30s")
    #expect(policy.throttle.replicaLag == .seconds(5))
    #expect(policy.throttle.activeSessions == 20)
    #expect(policy.statementTimeout == nil)
    #expect(policy.onFailure == .stop)
  }

  @Test("an overlay reaches every item of a for_each, and a skip keeps its reason")
  func overlay() throws {
    let plan = try LoadingTests.load().plan
    #expect(plan.steps.prefix(2).map { $0.withJSON["workers"] } == [4, 4])
    #expect(plan["export"]?.skip == "not in production")
  }

  @Test("the environment is read")
  func environment() throws {
    let environment = try LoadingTests.load().environment
    #expect(environment.name == "production")
    #expect(environment.role == "zenfleet_owner")
    #expect(environment.target.description == "${env:DATABASE_URL}")
    #expect(environment.acceptIrreversible == ["indexes"])
    #expect(try LoadingTests.load(LoadingTests.staging).environment.target == .sandbox("staging"))
  }

  @Test("secrets never reach what is kept")
  func secrets() throws {
    let resolved = try LoadingTests.load(LoadingTests.staging)
    #expect(resolved.json.text.contains("${env:TOKEN}"))
    #expect(!resolved.json.text.contains("service=prod"))
  }

  @Test("missing secrets are no errors where nothing will run")
  func uncheckedSecrets() throws {
    let plan = LoadingTests.plan.split(separator: "TOKEN").joined(separator: "ABSENT")
    #expect(throws: InvalidInput.self) { try LoadingTests.load(plan: plan) }
    _ = try LoadingTests.load(plan: plan, checksSecrets: false)
  }

  @Test("parameters read from the step have marks in the file they were written in")
  func marks() throws {
    let step = try #require(try LoadingTests.load().plan["indexes[1]"])
    var report = Diagnostics()
    let parameters = try #require(ToyIndex.Parameters.read(step.with, &report))
    #expect(parameters.$workers.description == "e.yaml:9:22")
    #expect(parameters.$table.description == "plan.yaml:20:20")
    #expect(step.range.description == "plan.yaml:16:3")
  }

  @Test("JSON is YAML: a plan may be written in it")
  func json() throws {
    let plan = #"{"caisson": 1, "plan": "j", "steps": {"a": {"uses": "sql.run", "with": {"up": "SELECT 1"}}}}"#
    #expect(try LoadingTests.load(LoadingTests.staging, plan: plan).plan.steps.map(\.id) == ["a"])
  }

  @Test("two texts joined by a variable cannot become a reference to a secret")
  func injection() throws {
    let plan = """
      caisson: 1
      plan: p
      variables: { body: "{env:TOKEN}" }
      steps:
        a: { uses: gdpr.export, with: { to: "$${body}", password: "x$ ${body}" } }
      """
    let step = try #require(try LoadingTests.load(LoadingTests.staging, plan: plan).plan["a"])
    #expect(step.withJSON["password"] == "x$ {env:TOKEN}")
  }

  @Test("long chains of needs are ordered without recursion")
  func chain() throws {
    var plan = "caisson: 1\nplan: p\nsteps:\n"
    for place in 0..<900 { plan += "  s\(place): { uses: sql.run, needs: [\(place < 899 ? "s\(place + 1)" : "")] }\n" }
    let steps = try LoadingTests.load(LoadingTests.staging, plan: plan).plan.steps
    #expect(steps.first?.id == "s899")
    #expect(steps.last?.id == "s0")
  }
}
