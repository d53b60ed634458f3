import JSONText
import SQLText

extension Row {
  /// A column of one of the journal's own spellings.
  func state<State: RawRepresentable<String>>(_ column: String, _: State.Type = State.self) throws -> State {
    let text = try string(column)
    guard let state = State(rawValue: text) else {
      throw JournalError(
        .unreadable, "column \(column) holds `\(text)`, which this engine does not know",
        hint: "a newer caisson wrote it: use that one")
    }
    return state
  }

  func stateIfAny<State: RawRepresentable<String>>(_ column: String, _: State.Type = State.self) throws -> State? {
    self[column] == nil ? nil : try state(column)
  }

  func json(_ column: String) throws -> JSON { try self[column].map { try JSON(parsing: $0) } ?? .null }

  func jsonIfAny(_ column: String) throws -> JSON? { try self[column].map { try JSON(parsing: $0) } }

  func intIfAny(_ column: String) throws -> Int? { self[column] == nil ? nil : try int(column) }
}
