import OnlineDDL
import PluginAPI

/// Drops an index without blocking readers or writers; rollback builds it again.
struct IndexDrop: StepKind {
  static let name = "index.drop"
  static let summary = "Drops an index concurrently and keeps its definition for rollback."

  struct Parameters: ParameterSet {
    @Parameter("Index to drop.") var name: QualifiedName
    @Parameter("Refuse unless the statistics show it unused.") var onlyIfUnused: Unused?
    @Parameter("How long a rollback waits for old transactions before it builds the index again.", tuning: true)
    var waitForOldSnapshots = TimeSpan.minutes(10)
  }

  struct Unused: ParameterSet {
    @Parameter("At most this many scans since the statistics were reset.") var scans = 0
    @Parameter("Statistics at least this old.") var statsAge = TimeSpan.days(30)
    @Parameter("Replicas whose statistics count as well; not supported yet, so it must be empty.")
    var replicas: [String] = []

    func check(_ report: inout Diagnostics) {
      if !replicas.isEmpty {
        report.error(
          "index.replicas", "statistics of replicas cannot be read yet", at: $replicas,
          hint: "ask pg_stat_user_indexes on each replica and leave the key out")
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    guard let index = try await facts.index(wanted.name) else { return try await absent(wanted, facts) }
    let policy = BuildPolicy(waitForOldSnapshots: wanted.waitForOldSnapshots)
    var findings = try await DropObstacles(index: index, mark: wanted.$name, facts: facts).findings()
    if let limit = wanted.onlyIfUnused {
      findings += try await UnusedCheck(index: index, limit: limit, mark: wanted.$onlyIfUnused, facts: facts).findings()
    }
    return Program(
      findings: findings, operations: [try await operation(index, policy, facts)],
      privileges: [Privilege(.owner(index.table))])
  }

  private static func absent(_ wanted: Parameters, _ facts: any Facts) async throws -> Program {
    if let kind = try await facts.relationKind(wanted.name) {
      return Program(findings: [
        .refusal("index.absent", "\(wanted.name) is a \(kind.noun)", choices: ["name an index"], at: wanted.$name)
      ])
    }
    let near = try await facts.indexNames(like: wanted.name)
    let hint = near.first.map { "; did you mean \($0)?" } ?? ""
    return .alreadySo(.warning("index.absent", "\(wanted.name) does not exist\(hint)", at: wanted.$name))
  }

  private static func operation(
    _ index: IndexFacts, _ policy: BuildPolicy, _ facts: any Facts
  ) async throws -> Operation {
    if index.isPartitioned {
      let tree = try await IndexTree.recreating(index, facts)
      return PartitionedIndexDrop.operation(
        for: tree, id: "drop", undo: .operations(PartitionedIndexBuild(tree, policy: policy).operations.withoutUndo))
    }
    let undo = index.isValid ? Undo.operations(ConcurrentIndexBuild.operations(for: index, policy: policy).withoutUndo) : .nothing
    return ConcurrentIndexDrop.operation(for: IndexDefinition(index), id: "drop", undo: undo)
  }
}
