import PluginAPI

/// What a ledger consists of, by name.
struct ConsentLedger: Sendable, Hashable {
  /// An entry for each grant and each withdrawal.
  let entries: QualifiedName
  let subject: QualifiedName
  let key: String
  /// The key's type.
  let type: String

  private func beside(_ suffix: String) -> QualifiedName {
    QualifiedName(entries.schema, Quoting.fitted(entries.name, suffix: suffix))
  }

  /// Each version of each text.
  var purposes: QualifiedName { beside("_purposes") }
  /// Which token is whose: all that leads from an entry to a person.
  var subjects: QualifiedName { beside("_subjects") }
  /// What holds now.
  var current: QualifiedName { beside("_current") }

  var guardian: QualifiedName { beside("_append_only") }
  var record: QualifiedName { beside("_record") }
  var grant: QualifiedName { beside("_grant") }
  var withdraw: QualifiedName { beside("_withdraw") }
  var holds: QualifiedName { beside("_holds") }
  var forget: QualifiedName { beside("_forget") }
  var gone: QualifiedName { beside("_subject_gone") }

  /// On the subject's table.
  var trigger: String { Quoting.fitted(entries.name, suffix: "_forget") }

  /// Tells a ledger from any other table of that name.
  var comment: String { "Consent ledger of \(subject.quoted) by \(Quoting.identifier(key)), append-only" }

  /// Functions with their arguments, as GRANT and DROP take them.
  var functions: [(name: QualifiedName, arguments: String)] {
    [
      (grant, "\(type), text, text, text, timestamptz"), (withdraw, "\(type), text, text, timestamptz"),
      (holds, "\(type), text"), (forget, type), (gone, ""), (record, "\(type), text, text, text, text, timestamptz"),
      (guardian, ""),
    ]
  }

  func signature(_ name: QualifiedName) -> SQL {
    let arguments = functions.first { $0.name == name }?.arguments ?? ""
    return "\(id: name)(\(sql: arguments))"
  }
}
