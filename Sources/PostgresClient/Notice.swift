import CPostgres
import Synchronization

/// A NOTICE, WARNING or INFO of the server; its DETAIL may hold values and is left out.
package struct Notice: Sendable, Hashable {
  package let severity: String
  package let sqlState: String
  package let message: String
  package let hint: String?
}

/// Receives a connection's notices on the connection's thread.
final class NoticeBox: Sendable {
  private struct State {
    var handler: (@Sendable (Notice) -> Void)?
    var muted = false
    var secrets: SessionSecrets?
  }
  private let state: Mutex<State>

  init(_ handler: (@Sendable (Notice) -> Void)?) { state = Mutex(State(handler: handler)) }

  func replace(_ handler: (@Sendable (Notice) -> Void)?) { state.withLock { $0.handler = handler } }

  /// 25P01, "there is no transaction in progress", is expected from the ROLLBACK between batches.
  func mute(_ muted: Bool) { state.withLock { $0.muted = muted } }

  /// Takes out what statements were sent by reference.
  func mask(with secrets: SessionSecrets) { state.withLock { $0.secrets = secrets } }

  func receive(_ result: OpaquePointer?) {
    let sqlState = Diagnostic.sqlState(result) ?? ""
    let (handler, muted, secrets) = state.withLock { ($0.handler, $0.muted, $0.secrets) }
    guard let handler, !(muted && sqlState == "25P01") else { return }
    let masked = { (text: String) in secrets?.masked(text) ?? text }
    handler(
      Notice(
        severity: Diagnostic.text(result, Diagnostic.severity) ?? "NOTICE", sqlState: sqlState,
        message: masked(Diagnostic.text(result, Diagnostic.primaryMessage) ?? ""),
        hint: Diagnostic.text(result, Diagnostic.hint).map(masked)))
  }

  /// libpq keeps an unretained pointer: the session that owns both outlives its connection.
  func install(on conn: OpaquePointer) {
    PQsetNoticeReceiver(
      conn,
      { context, result in
        guard let context else { return }
        Unmanaged<NoticeBox>.fromOpaque(context).takeUnretainedValue().receive(result)
      }, Unmanaged.passUnretained(self).toOpaque())
  }
}
