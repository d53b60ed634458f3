/// A folder under plugins/: its step kinds.
public protocol Plugin: Sendable {
  static var name: String { get }
  static var summary: String { get }
  static var kinds: [any StepKind.Type] { get }
}

/// Every step kind a plan may use.
public struct StepRegistry: Sendable {
  public let plugins: [any Plugin.Type]
  private let byName: [String: any StepKind.Type]

  public init(_ plugins: [any Plugin.Type]) {
    self.plugins = plugins
    byName = Dictionary(
      plugins.flatMap { $0.kinds }.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  public subscript(name: String) -> (any StepKind.Type)? { byName[name] }
  public var names: [String] { byName.keys.sorted() }
  public var kinds: [any StepKind.Type] { names.compactMap { byName[$0] } }
}
