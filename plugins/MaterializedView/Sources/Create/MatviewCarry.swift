import JSONText
import PluginAPI

/// What was decided when a view was found to differ from the plan, handed from phase to phase.
struct MatviewCarry: Sendable, Hashable, Codable {
  /// `false`: there was nothing to exchange.
  var isChanging: Bool
  /// The plan's row in the register.
  var entry: MatviewRegister.Entry
  /// The row before.
  var former: MatviewRegister.Entry?
  /// The view as it is to be; from `build` on.
  var target: TableInventory.View?
  /// The view as it was, with all that reads it; from `build` on.
  var before: ViewTree?

  var json: JSON { get throws { try JSON(encoding: self) } }
}

/// Names while two trees stand side by side. They are the same in every run, so that a run finds what an earlier one
/// left behind.
enum SideName {
  static func fresh(_ name: QualifiedName) -> QualifiedName { QualifiedName(name.schema, fresh(name.name)) }
  static func fresh(_ name: String) -> String { Quoting.fitted(name, suffix: "_caisson_new") }
  static func parked(_ name: QualifiedName) -> QualifiedName {
    QualifiedName(name.schema, Quoting.fitted(name.name, suffix: "_caisson_old"))
  }
}
