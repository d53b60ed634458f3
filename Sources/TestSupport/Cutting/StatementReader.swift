/// Follows one connection's statements, simple and extended, and their answers.
struct StatementReader {
  /// A statement, with the words it is known by and whether it ends a transaction.
  struct Statement {
    let words: String
    let ends: Bool
  }

  /// Something the server answers.
  enum Unit { case query, execute, sync }

  private var statements: [String: String] = [:]
  private var portals: [String: String] = [:]
  private var inBlock = false
  /// A statement of the batch at hand that only its Sync commits.
  private var implicit: String?
  private var pending: [Unit] = []
  private var answered = 0

  /// So many answers will have been complete when the last message sent is answered.
  var sent: Int { answered + pending.count }
  /// So many are complete.
  var complete: Int { answered }

  /// The statement that a message of the client runs, if it runs one.
  mutating func read(client message: WireMessage) -> Statement? {
    switch message.tag {
    case UInt8(ascii: "Q"):
      pending.append(.query)
      let text = message.strings(1)[0], wasInBlock = inBlock
      let kind = note(text)
      let isWhole = !inBlock || text.split { $0.isWhitespace || $0 == ";" }.last?.uppercased() == "COMMIT"
      return Statement(words: Self.words(text), ends: kind == .commit || (!wasInBlock && isWhole))
    case UInt8(ascii: "P"):
      let names = message.strings(2)
      statements[names[0]] = names[1]
    case UInt8(ascii: "B"):
      let names = message.strings(2)
      portals[names[0]] = statements[names[1]]
    case UInt8(ascii: "E"):
      pending.append(.execute)
      let text = portals[message.strings(1)[0]] ?? "?"
      let kind = note(text)
      if kind == .work, !inBlock { implicit = Self.words(text) }
      return Statement(words: Self.words(text), ends: kind == .commit)
    case UInt8(ascii: "S"):
      pending.append(.sync)
      defer { implicit = nil }
      if let implicit, !inBlock { return Statement(words: "Sync after " + implicit, ends: true) }
    // A Sync in the middle of a COPY is not answered: libpq sends another one at its end.
    case UInt8(ascii: "c"), UInt8(ascii: "f"):
      if pending.first == .execute { pending.removeAll { $0 == .sync } }
    default: break
    }
    return nil
  }

  /// Takes a message of the server as the answer, or a part of it, to what was sent first.
  mutating func read(server message: WireMessage) {
    guard let first = pending.first else { return }
    switch (message.tag, first) {
    case (UInt8(ascii: "Z"), _):
      answer(1)
      if pending.isEmpty { inBlock = !message.isIdle }
    case (UInt8(ascii: "C"), .execute), (UInt8(ascii: "I"), .execute), (UInt8(ascii: "s"), .execute): answer(1)
    // Whatever stands before the next Sync is skipped.
    case (UInt8(ascii: "E"), .execute): answer(pending.prefix { $0 != .sync }.count)
    default: break
    }
  }

  private mutating func answer(_ count: Int) {
    pending.removeFirst(count)
    answered += count
  }

  private enum Kind { case begin, commit, rollback, work }

  /// Keeps account of transaction blocks.
  private mutating func note(_ text: String) -> Kind {
    let kind: Kind = switch Self.words(text, limit: 1).uppercased() {
    case "BEGIN", "START": .begin
    case "COMMIT", "END": .commit
    case "ROLLBACK" where !text.uppercased().contains(" TO "), "ABORT": .rollback
    default: .work
    }
    if kind != .work {
      inBlock = kind == .begin
      implicit = nil
    }
    return kind
  }

  /// The first words, one space between them; long enough to tell statements apart.
  static func words(_ text: String, limit: Int = 14) -> String {
    text.split(maxSplits: limit, whereSeparator: { $0.isWhitespace || $0 == ";" }).prefix(limit).joined(separator: " ")
  }
}
