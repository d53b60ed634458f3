import JSONText
import PlanSchema
import SQLText
import Testing
import YAMLTree

struct IndexDrop: ParameterSet {
  @Parameter("Index to drop.") var name: QualifiedName
  @Parameter("Refuse unless unused.") var onlyIfUnused: Unused?
  @Parameter("How many at once.", tuning: true) var workers = 1
  @Parameter("Labels.") var labels: [String] = []
  @Parameter("Condition.") var `where`: SQLExpression?

  func check(_ report: inout Diagnostics) {
    if workers < 1 { report.error("workers.count", "at least one worker is needed", at: $workers) }
  }
}

struct Unused: ParameterSet {
  @Parameter("At most this many scans.") var scans = 0
  @Parameter("Statistics at least this old.") var statsAge: TimeSpan = .days(30)
}

@Suite struct ParameterSetTests {
  private func diagnostics(_ yaml: String) -> [String] {
    do {
      _ = try IndexDrop.read(yaml: yaml)
      return []
    } catch {
      return error.diagnostics.sorted.map {
        "\($0.range.start.line):\($0.range.start.column) \($0.code)" + ($0.didYouMean.map { " ~ \($0)" } ?? "")
      }
    }
  }

  @Test("keys are property names in snake case; groups nest; defaults fill in")
  func reads() throws {
    let set = try IndexDrop.read(yaml: "name: audit.log\nonly_if_unused: {stats_age: 7 days}\nwhere: true")
    #expect(set.name == QualifiedName("audit", "log"))
    #expect(set.onlyIfUnused?.statsAge == .days(7))
    #expect(set.onlyIfUnused?.scans == 0)
    #expect(set.workers == 1)
    #expect(set.where?.text == "true")
  }

  @Test("the projected value is where a value stands, or where its mapping starts")
  func places() throws {
    let set = try IndexDrop.read(yaml: "name: log\nworkers: 3")
    #expect(set.$name.start == Mark(line: 1, column: 7, offset: 6))
    #expect(set.$workers.start.line == 2)
    #expect(set.$labels.start == Mark(line: 1, column: 1, offset: 0))
  }

  @Test("two sets read from two texts do not share values")
  func independence() throws {
    let first = try IndexDrop.read(yaml: "name: one")
    let second = try IndexDrop.read(yaml: "name: two")
    #expect(first.name.name == "one")
    #expect(second.name.name == "two")
    #expect(IndexDrop().workers == 1)
  }

  @Test(
    "everything wrong is reported at once",
    arguments: [
      ("{}", ["1:1 key.missing"]), ("name: a\nnmae: b", ["2:1 key.unknown ~ name"]),
      (
        "nam: a\nworkers: x\nonly_if_unused: {scan: 1}",
        ["1:1 key.missing", "1:1 key.unknown ~ name", "2:10 value.type", "3:18 key.unknown ~ scans"]
      ),
      ("name: a\nworkers: 0", ["2:10 workers.count"]), ("[]", ["1:1 value.type"]),
      ("name: a\nname: b", ["2:1 yaml.duplicate_key"]),
    ])
  func reports(_ yaml: String, _ expected: [String]) {
    #expect(diagnostics(yaml).sorted() == expected.sorted())
  }

  @Test("the frozen form holds defaults, leaves out what has no value, and reads back the same")
  func frozen() throws {
    let set = try IndexDrop.read(yaml: "name: log\nonly_if_unused: {}")
    #expect(
      set.json.canonical
        == #"{"labels":[],"name":"public.log","only_if_unused":{"scans":0,"stats_age":"30 days"},"workers":1}"#)
    let again = try IndexDrop.read(json: set.json)
    #expect(again.json == set.json)
    #expect(again.$name.isNowhere)
  }

  struct Nullable: ParameterSet {
    @Parameter("With a default that null takes away.") var limit: Int? = 5
  }

  @Test("an explicit null survives freezing where it differs from the default")
  func explicitNull() throws {
    let set = try Nullable.read(yaml: "limit: null")
    #expect(set.limit == nil)
    #expect(try Nullable.read(json: set.json).limit == nil)
    #expect(try Nullable.read(yaml: "{}").limit == 5)
  }

  @Test("declarations list keys, help, defaults and tuning")
  func fields() {
    #expect(IndexDrop.fields.map(\.key) == ["name", "only_if_unused", "workers", "labels", "where"])
    #expect(IndexDrop.fields.map(\.field.required) == [true, false, false, false, false])
    #expect(IndexDrop.fields[2].field.fallback == 1)
    #expect(IndexDrop.tuningKeys == ["workers"])
    #expect(Unused.fields.map(\.field.shape.title) == ["integer", "duration"])
  }

  @Test("the JSON Schema says what is required, what nothing else is, and lets variables stand for values")
  func schema() {
    let schema = IndexDrop.shape.jsonSchema
    #expect(schema["required"] == ["name"])
    #expect(schema["additionalProperties"] == false)
    #expect(schema["properties"]?["workers"]?["default"] == 1)
    #expect(schema["properties"]?["workers"]?["anyOf"]?[0] == ["type": "integer"])
    #expect(schema["properties"]?["only_if_unused"]?["properties"]?["stats_age"]?["default"] == "30 days")
    #expect(schema["properties"]?["name"]?["description"] == "Index to drop.")
  }

  @Test("a value already reported is not reported again")
  func erroneous() {
    var report = Diagnostics()
    let nowhere = SourceRange.nowhere
    let map = Node(
      .mapping([
        .init(key: Node(.scalar("name", .plain), range: nowhere), value: .erroneous(at: nowhere)),
        .init(key: Node(.scalar("workers", .plain), range: nowhere), value: .erroneous(at: nowhere)),
        .init(key: Node(.scalar("labels", .plain), range: nowhere), value: .erroneous(at: nowhere)),
        .init(key: Node(.scalar("where", .plain), range: nowhere), value: .erroneous(at: nowhere)),
        .init(key: Node(.scalar("only_if_unused", .plain), range: nowhere), value: .erroneous(at: nowhere)),
      ]), range: nowhere)
    #expect(IndexDrop.read(map, &report) == nil)
    #expect(report.items.isEmpty)
  }
}
