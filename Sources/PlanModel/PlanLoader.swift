internal import JSONText
package import PlanSchema
package import PluginAPI
internal import YAMLTree

/// From files to a checked plan. Everything wrong is reported in one pass.
package struct PlanLoader: Sendable {
  let registry: StepRegistry
  let files: any FileSource

  package init(_ registry: StepRegistry, files: any FileSource = DiskFiles()) {
    self.registry = registry
    self.files = files
  }

  /// For one database: the environment's only one, or the one of many that is asked for.
  package func load(_ request: PlanRequest) throws(InvalidInput) -> ResolvedPlan {
    let all = try loadTargets(request)
    if let found = all.first(where: { $0.environment.targetKey == request.target }) { return found }
    let names = all.compactMap(\.environment.targetKey)
    var report = Diagnostics()
    report.error(
      request.target == nil ? "target.required" : "target.unknown",
      request.target.map { "there is no target `\($0)`" } ?? "which target?", at: .beginning(of: request.path),
      hint: names.isEmpty ? "the environment has one database" : "--target " + names.joined(separator: ", --target "),
      didYouMean: request.target.flatMap { report.nearest(to: $0, in: names) })
    throw InvalidInput(report)
  }

  /// For each of the environment's databases, in the order of the file: only the environment differs.
  package func loadTargets(_ request: PlanRequest) throws(InvalidInput) -> [ResolvedPlan] {
    var report = Diagnostics()
    let plans = load(request, &report)
    guard let plans, !report.hasErrors else { throw InvalidInput(report) }
    return plans
  }

  private func load(_ request: PlanRequest, _ report: inout Diagnostics) -> [ResolvedPlan]? {
    guard let path = environmentFile(request, &report), let environment = files.tree(path, &report),
      isEnvironment(environment, &report)
    else { return nil }
    guard let planFile = planFile(of: environment, path, &report),
      let plan = files.tree(planFile.path, mention: planFile.range, &report)
    else { return nil }
    let resolution = Resolution(
      registry: registry, files: files, request: request, environmentFile: path, planFile: planFile.path)
    return resolution.resolve(plan, environment, &report)
  }

  private func environmentFile(_ request: PlanRequest, _ report: inout Diagnostics) -> String? {
    let names = files.names(in: request.path)
    if let name = request.environment { return FilePath.join(request.path, name + ".yaml") }
    guard let names else { return request.path }
    let environments = names.filter { $0.hasSuffix(".yaml") && $0 != "plan.yaml" }.map { $0.dropLast(5) }
    report.error(
      "environment.required", "which environment?", at: .beginning(of: request.path),
      hint: environments.isEmpty
        ? "the folder has no environment file" : "--env " + environments.joined(separator: ", --env "))
    return nil
  }

  private func isEnvironment(_ root: Node, _ report: inout Diagnostics) -> Bool {
    let looksLikePlan = root["caisson"] != nil || (root["steps"] != nil && root["target"] == nil && root["targets"] == nil)
    guard root["environment"] == nil, looksLikePlan else {
      return report.mapping(root) != nil
    }
    guard root["rollout"] == nil else {
      report.error(
        "environment.required", "this is a rollout; what this command takes is an environment",
        at: root.range.firstCharacter, hint: "caisson rollout runs it")
      return false
    }
    report.error(
      "environment.required", "this is a plan; what runs is an environment", at: root.range.firstCharacter,
      hint: "beside it, write a file with `environment: staging`, `plan: plan.yaml`, `target: …`, and name that file")
    return false
  }

  private func planFile(
    of environment: Node, _ path: String, _ report: inout Diagnostics
  ) -> (path: String, range: SourceRange)? {
    let folder = FilePath.folder(of: path)
    guard let node = environment["plan"] else {
      return (FilePath.join(folder, "plan.yaml"), environment.range.firstCharacter)
    }
    guard let name = String.read(node, &report) else { return nil }
    return (FilePath.join(folder, name), node.range)
  }
}
