import PlanSchema
import PluginAPI

extension Operation {
  /// What a person types to do the same, secrets as the shell finds them.
  package var byHand: [String] {
    switch work {
    case .admin(let work): ["psql \(work.console.byHand) -c \(Self.quoted(work.command))  # database pgbouncer"]
    case .process(let work): [work.arguments.map(Self.quoted).joined(separator: " ")]
    case .transaction(let work): work.statements.map { "\($0.sql.printed);" }
    case .autocommit(let work): ["\(work.statement.printed);"]
    case .chunked, .observe, .file, .parallel, .export, .bracket: []
    }
  }

  private static func quoted(_ word: String) -> String {
    let plain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,+@%".contains($0) }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
  }
}

extension Secret {
  /// In double quotes of a shell, each reference as its value is read there.
  fileprivate var byHand: String {
    let parts = segments.map { segment in
      switch segment {
      case .text(let text): text.reduce(into: "") { $0 += "\"\\$`".contains($1) ? "\\\($1)" : "\($1)" }
      case .environment(let name): "$\(name)"
      case .file(let path): "$(cat \(path))"
      case .privateVariable(let reference): "$\(reference.name)"
      }
    }
    return "\"\(parts.joined())\""
  }
}
