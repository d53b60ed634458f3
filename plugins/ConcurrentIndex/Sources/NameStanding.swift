import OnlineDDL
import PluginAPI

/// What has the index's name already.
enum NameStanding {
  case free
  /// This definition, valid or not, and nobody is at work on it.
  case same(IndexFacts)
  case refused(Finding)

  static func of(_ index: ResolvedIndex, at marks: IndexMarks, _ facts: any Facts) async throws -> NameStanding {
    guard index.spec.name != nil else { return try await derived(index, at: marks, facts) }
    if let existing = try await facts.index(index.name) {
      return try await compare(index, existing, at: marks, facts)
    }
    guard let kind = try await facts.relationKind(index.name) else { return .free }
    return .refused(.refusal(
      "index.conflict", "\(index.name) is a \(kind.noun)", choices: ["another `name`"], at: marks.name))
  }

  /// A derived name is not the author's: an index of this definition is recognised whatever number it got.
  private static func derived(
    _ index: ResolvedIndex, at marks: IndexMarks, _ facts: any Facts
  ) async throws -> NameStanding {
    for existing in try await facts.indexes(on: index.table.name)
    where IndexName.isDerived(existing.name.name, for: index.spec, on: index.table.name.name) {
      if case .same = try await index.comparison(with: existing, on: index.table.name, facts) {
        return try await compare(index, existing, at: marks, facts)
      }
    }
    return .free
  }

  private static func compare(
    _ index: ResolvedIndex, _ existing: IndexFacts, at marks: IndexMarks, _ facts: any Facts
  ) async throws -> NameStanding {
    if case .different(let how) = try await index.comparison(with: existing, on: index.table.name, facts) {
      let state = existing.isValid ? "" : ", invalid"
      return .refused(.refusal(
        "index.conflict",
        "\(existing.name) exists with another definition\(state): \(how). There: \(existing.definition)."
          + " Wanted: \(index.definition.createConcurrently.text)",
        choices: ["another `name`", "index.drop \(existing.name) in an earlier step", "the definition that is there"],
        at: marks.name))
    }
    guard !existing.isValid else { return .same(existing) }
    let builders = try await facts.builds(on: index.table).filter { $0.index == nil || $0.index == existing.name }
    guard let builder = builders.first else { return .same(existing) }
    let who = [builder.user.map { "user \($0)" }, builder.application.flatMap { $0.isEmpty ? nil : "application \($0)" }]
      .compactMap { $0 }.joined(separator: ", ")
    return .refused(.refusal(
      "index.running",
      "\(existing.name) is being built by backend \(builder.pid)\(who.isEmpty ? "" : " (\(who))")"
        + (builder.phase.map { ", \($0)" } ?? ""),
      choices: ["wait until it has finished and apply again", "end it: SELECT pg_cancel_backend(\(builder.pid))"],
      at: marks.name))
  }
}
