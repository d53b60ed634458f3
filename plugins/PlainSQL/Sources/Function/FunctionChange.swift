import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText

/// A wanted definition beside the one that is there.
struct FunctionChange: Sendable {
  let wanted: FunctionText
  let existing: ExistingFunction
  /// The catalog's numbers of the wanted arguments' types, and of its result.
  let types: [Int64?]
  let result: Int64?

  /// The same definition, spelled in another way perhaps.
  var isNothing: Bool {
    guard let statement = try? SQLParser.parseOne(existing.definition), let old = FunctionText(statement) else {
      return false
    }
    return old.canonical == wanted.canonical
  }

  /// What CREATE OR REPLACE refuses to change, in words; empty when it can do it.
  var obstacles: [String] {
    var list: [String] = []
    if wanted.isProcedure != (existing.kind == "p") { list.append("a \(existing.keyword) becomes a \(wanted.kind)") }
    if !wanted.isProcedure, existing.kind != "p", !sameResult { list.append("the return type changes") }
    if outputs(of: existing) != wantedOutputs { list.append("the output columns change") }
    if renamesInput { list.append("an argument is renamed") }
    if wanted.arguments.filter(\.hasDefault).count < existing.defaults { list.append("an argument loses its default") }
    return list
  }

  private var sameResult: Bool {
    guard let said = wanted.result else { return true }
    return said.isSet == existing.returnsSet && result == existing.result
  }

  private struct Output: Hashable {
    var name: String
    var type: Int64?
  }

  private func outputs(of function: ExistingFunction) -> [Output] {
    function.argumentTypes.indices.filter { ["o", "b", "t"].contains(function.argumentModes[$0]) }
      .map { Output(name: function.argumentNames[$0], type: function.argumentTypes[$0]) }
  }

  private var wantedOutputs: [Output] {
    zip(wanted.arguments, types).filter { [.output, .both, .table].contains($0.0.mode) }
      .map { Output(name: $0.0.name ?? "", type: $0.1) }
  }

  private var renamesInput: Bool {
    let old = zip(existing.argumentNames, existing.argumentModes).filter { $0.1 != "o" && $0.1 != "t" }.map(\.0)
    let new = wanted.arguments.filter(\.isInput).map { $0.name ?? "" }
    return zip(old, new).contains { !$0.0.isEmpty && $0.0 != $0.1 }
  }
}
