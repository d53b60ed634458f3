package import PlanModel
package import PlanSchema
package import PluginAPI
import YAMLTree

/// From a rollout file, its environments and their plan to a checked rollout. Everything wrong is reported in one pass.
package struct RolloutLoader: Sendable {
  let registry: StepRegistry
  let files: any FileSource

  package init(_ registry: StepRegistry, files: any FileSource = DiskFiles()) {
    self.registry = registry
    self.files = files
  }

  /// `request`: the rollout's file, and what the command line says for all environments.
  package func load(_ request: PlanRequest) throws(InvalidInput) -> StagedRollout {
    var report = Diagnostics()
    let rollout = load(request, &report)
    guard var rollout, !report.hasErrors else { throw InvalidInput(report) }
    rollout.diagnostics = report
    return rollout
  }

  /// Whether a file says that it is a rollout, whatever else is wrong with it.
  package func recognises(_ path: String) -> Bool {
    var discarded = Diagnostics()
    return files.tree(path, &discarded)?["rollout"] != nil
  }

  private func load(_ request: PlanRequest, _ report: inout Diagnostics) -> StagedRollout? {
    guard let root = files.tree(request.path, &report), isRollout(root, &report),
      let keys = RolloutKeys.read(root, &report)
    else { return nil }
    var stages: [StagedRollout.Stage] = []
    for stage in keys.stages {
      guard let loaded = load(stage, beside: request, &report) else { continue }
      if stages.contains(where: { $0.name == loaded.name }) {
        report.error("stage.twice", "`\(loaded.name)` is a stage already", at: stage.environment.range)
      }
      if let first = stages.first { compare(loaded, with: first, at: stage.environment.range, &report) }
      stages.append(loaded)
    }
    return StagedRollout(
      name: keys.rollout.text, description: keys.description, stages: stages, diagnostics: Diagnostics())
  }

  private func isRollout(_ root: Node, _ report: inout Diagnostics) -> Bool {
    guard root["rollout"] == nil, root["environment"] != nil || root["plan"] != nil else { return true }
    let kind = root["environment"] != nil ? "an environment" : "a plan"
    report.error(
      "rollout.required", "this is \(kind), not a rollout", at: root.range.firstCharacter,
      hint: "beside it, write a file with `rollout: NAME` and its stages; or caisson apply takes one environment")
    return false
  }

  private func load(
    _ keys: StageKeys, beside request: PlanRequest, _ report: inout Diagnostics
  ) -> StagedRollout.Stage? {
    let path = FilePath.join(FilePath.folder(of: request.path), keys.environment.value)
    do { _ = try files.content(of: path) } catch {
      report.error(error.code, "`\(path)` cannot be read: \(error.reason)", at: keys.environment.range)
      return nil
    }
    var one = request
    one.path = path
    do {
      let targets = try PlanLoader(registry, files: files).loadTargets(one)
      guard let first = targets.first else { return nil }
      report.add(first.diagnostics)
      keys.checkWaves(of: targets.count, &report)
      return StagedRollout.Stage(
        name: first.environment.name, file: path, targets: targets, waves: keys.waves.map(\.value).slices(of: targets.count),
        parallel: keys.parallel, maxFailures: keys.maxFailures, onFailure: keys.onFailure)
    } catch {
      report.add(error.diagnostics)
      return nil
    }
  }

  /// What staging has proven is what production gets.
  private func compare(
    _ stage: StagedRollout.Stage, with first: StagedRollout.Stage, at range: SourceRange, _ report: inout Diagnostics
  ) {
    guard let old = first.targets.first, let new = stage.targets.first, old.releaseHash != new.releaseHash else { return }
    let lines = PlanDifference.lines(old: old.release, new: new.release)
    report.error(
      "rollout.release", "`\(stage.name)` is not of the release of `\(first.name)`: all stages run one plan", at: range,
      hint: lines.joined(separator: "\n  "))
  }
}

extension Diagnostics {
  fileprivate mutating func add(_ other: Diagnostics) {
    add(contentsOf: other.items)
    sources.merge(other.sources) { $1 }
  }
}
