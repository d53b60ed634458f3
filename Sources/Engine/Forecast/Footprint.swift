import JSONText
import PluginAPI
import SQLText

/// The relations that a phase is about: what it names, changes and makes.
struct Footprint: Sendable, Hashable {
  let relations: [QualifiedName]

  /// Whoever names more has them under one root.
  private static let most = 2_000

  init(_ effects: ProgramEffects) {
    relations = Array(effects.named.union(effects.relations).filter { !$0.isSystem }.sorted().prefix(Self.most))
  }

  var isEmpty: Bool { relations.isEmpty }

  /// `[[schema, name]]`
  var json: JSON { .array(relations.map { [.string($0.schema), .string($0.name)] }) }
}

extension CompiledPhase {
  var footprint: Footprint { Footprint(effects) }

  /// What it takes is worth a look: it is about tables, or nobody knows.
  var takesTime: Bool { effects.opaque || !footprint.isEmpty }
}
