internal import Digest
internal import JSONText
internal import PlanSchema
internal import PluginAPI
internal import YAMLTree

/// One environment and one plan on their way to a resolved plan.
struct Resolution {
  let registry: StepRegistry
  let files: any FileSource
  let request: PlanRequest
  let environmentFile: String
  let planFile: String

  var folder: String { FilePath.folder(of: planFile) }
  var secretsFolder: String { FilePath.folder(of: environmentFile) }

  func resolve(_ planNode: Node, _ environmentNode: Node, _ report: inout Diagnostics) -> [ResolvedPlan]? {
    guard report.mapping(planNode) != nil else { return nil }
    let plan = planNode.refusing(PlanKeys.unsupported, &report)
    let environment = environmentNode.refusing(EnvironmentKeys.unsupported, &report)
    environment.requireTarget(&report)
    let privates = PrivateVariables(self, plan: plan, environment: environment, &report)
    let variables = Variables(
      plan: plan["variables"], environment: environment["variables"], commandLine: request.variables,
      privates: privates, &report)
    var substitution = Substitution(variables)
    let environmentKeys = EnvironmentKeys.read(
      substituted(environment, Resolution.substitutedKeys, &substitution, &report), &report)
    let planKeys = PlanKeys.read(substituted(plan, ["defaults"], &substitution, &report), &report)
    let rest = plan.without("variables").without("private_variables")
    variables.reportUnused(in: [rest, environment.without("variables")], &report)

    let merged = Overlay.steps(plan["steps"]?.pairs ?? [], environment["steps"]?.pairs ?? [], &report)
    var expansion = StepExpansion(substitution)
    for pair in merged { expansion.add(pair, &report) }
    let steps = read(expansion, defaults: planKeys?.defaults, &report)
    checkNames(environmentKeys, expansion, &report)
    checkRequirement(environmentKeys, expansion, &report)
    checkSecrets(except: environmentNode.otherTargets(than: request.target), &report)
    guard let environmentKeys, let planKeys, let steps, !report.hasErrors else { return nil }
    let resolved = Plan(name: planKeys.plan.text, description: planKeys.description, steps: steps)
    return environmentKeys.values.map { sealed(resolved, $0, source: plan, privates, report) }
  }

  /// The environment's keys that variables may stand in.
  private static let substitutedKeys = ["target", "targets", "session_target", "session_targets", "role", "requires"]

  private func substituted(
    _ node: Node, _ keys: [String], _ substitution: inout Substitution, _ report: inout Diagnostics
  ) -> Node {
    guard case .mapping(var pairs) = node.kind else { return node }
    for place in pairs.indices where keys.contains(pairs[place].key.text ?? "") {
      pairs[place].value = substitution.resolve(pairs[place].value, &report)
    }
    return Node(.mapping(pairs), tag: node.tag, range: node.range)
  }

  private func read(
    _ expansion: StepExpansion, defaults: PolicyKeys?, _ report: inout Diagnostics
  ) -> [PlanStep]? {
    let reading = StepReading(registry: registry, defaults: (defaults ?? PolicyKeys()).applied(to: .standard))
    var hashes: [String: String] = [:]
    var steps: [PlanStep] = []
    var needs: [[Located<String>]] = []
    for expanded in expansion.steps {
      let result = reading.read(expanded, &report)
      // What a step needs is checked even when the rest of it is wrong.
      var discarded = Diagnostics()
      let needed = expanded.node["needs"].flatMap { [Located<String>].read($0, &discarded) } ?? []
      needs.append(needed)
      steps.append(step(expanded, result, &hashes, &report))
    }
    guard let ordered = order(steps, needs, expansion.standFor, &report) else { return nil }
    return ordered
  }

  private func step(
    _ expanded: StepExpansion.Expanded, _ result: StepReading.Result?, _ hashes: inout [String: String],
    _ report: inout Diagnostics
  ) -> PlanStep {
    PlanStep(
      id: expanded.id, uses: result?.keys.uses ?? "", with: result?.with ?? expanded.node,
      withJSON: result?.withJSON ?? .null, needs: [], policy: result?.policy ?? .standard,
      skip: result?.keys.skip, host: result?.keys.on, schedule: result?.keys.schedule?.recurrence,
      files: hashed(result?.mentions ?? [], &hashes, &report), range: expanded.key.range)
  }

  /// The files a step's parameters mention, by content; each is read once.
  private func hashed(
    _ mentions: [Diagnostics.Mention], _ hashes: inout [String: String], _ report: inout Diagnostics
  ) -> [HashedFile] {
    var out: [HashedFile] = []
    for mention in mentions {
      guard case .planFile(let path) = mention.subject, !out.contains(where: { $0.path == path }) else { continue }
      if let known = hashes[path] {
        out.append(HashedFile(path: path, sha256: known))
        continue
      }
      do {
        let hash = SHA256.hex(of: try files.content(of: path, under: folder))
        hashes[path] = hash
        out.append(HashedFile(path: path, sha256: hash))
      } catch {
        report.error(error.code, "`\(path)` cannot be read: \(error.reason)", at: mention.range)
      }
    }
    return out.sorted { $0.path < $1.path }
  }

  private func order(
    _ steps: [PlanStep], _ needs: [[Located<String>]], _ standFor: [String: [String]], _ report: inout Diagnostics
  ) -> [PlanStep]? {
    let places = Dictionary(steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    var steps = steps
    let known = standFor.keys.sorted()
    var edges: [[Int]] = []
    for place in steps.indices {
      var found: [Int] = []
      var seen: Set<Int> = []
      for need in needs[place] {
        guard let ids = standFor[need.value] else {
          report.error(
            "needs.unknown", "there is no step `\(need.value)`", at: need.range,
            didYouMean: report.nearest(to: need.value, in: known))
          continue
        }
        for id in ids { if let place = places[id], seen.insert(place).inserted { found.append(place) } }
      }
      edges.append(found)
      steps[place].needs = edges[place].map { steps[$0].id }.sorted()
    }
    let order = StepOrder(needs: edges)
    for cycle in order.cycles { describe(cycle, steps, needs, standFor, &report) }
    return order.cycles.isEmpty ? order.order.map { steps[$0] } : nil
  }

  /// A cycle is reported where its first step names the second.
  private func describe(
    _ cycle: [Int], _ steps: [PlanStep], _ needs: [[Located<String>]], _ standFor: [String: [String]],
    _ report: inout Diagnostics
  ) {
    let ids = cycle.map { steps[$0].id }
    let range = needs[cycle[0]].first { standFor[$0.value]?.contains(ids[1]) == true }?.range ?? steps[cycle[0]].range
    report.error(
      "needs.cycle", "steps need each other in a circle: " + ids.joined(separator: " → "), at: range)
  }

  private func checkNames(
    _ environment: EnvironmentKeys?, _ expansion: StepExpansion, _ report: inout Diagnostics
  ) {
    let known = expansion.standFor.keys.sorted()
    for name in environment?.acceptIrreversible ?? [] where expansion.standFor[name.value] == nil {
      report.error(
        "step.unknown", "the plan has no step `\(name.value)`", at: name.range,
        didYouMean: report.nearest(to: name.value, in: known))
    }
  }

  private func checkSecrets(except others: [SourceRange], _ report: inout Diagnostics) {
    for mention in report.mentions {
      guard case .privateVariable(let reference) = mention.subject, reference.token == nil, request.wantsPrivateValues
      else { continue }
      report.error(
        "private.missing", "the private variable `\(reference.name)` has no value: nothing keeps it between commands",
        at: mention.range, hint: "give it with --var \(reference.name)=…, the same one to go on with a run")
    }
    guard request.checksSecrets else { return }
    for mention in report.mentions where !others.contains(mention.range) {
      switch mention.subject {
      case .planFile, .privateVariable: continue
      case .environmentVariable(let name):
        guard (files.variable(name) ?? "").isEmpty else { continue }
        report.error("secret.missing", "the environment variable \(name) is not set", at: mention.range)
      case .secretFile(let path):
        guard let reason = files.problem(withSecret: path, under: secretsFolder) else { continue }
        report.error("secret.missing", "the secret file `\(path)` cannot be used: \(reason)", at: mention.range)
      }
    }
  }

  private func sealed(
    _ plan: Plan, _ environment: Environment, source: Node, _ privates: PrivateVariables, _ report: Diagnostics
  ) -> ResolvedPlan {
    let json = ResolvedPlan.json(plan, environment), release = ResolvedPlan.release(source, plan)
    return ResolvedPlan(
      plan: plan, environment: environment, json: json, planHash: SHA256.hex(of: json.canonical),
      releaseHash: SHA256.hex(of: release.canonical), release: release, environmentFile: environmentFile,
      folder: folder, secretsFolder: secretsFolder, privateNames: privates.declared.compactMap(\.text),
      privateValues: privates.values, diagnostics: report)
  }
}

extension Node {
  func without(_ key: String) -> Node {
    guard case .mapping(let pairs) = kind else { return self }
    return Node(.mapping(pairs.filter { $0.key.text != key }), tag: tag, range: range)
  }
}
