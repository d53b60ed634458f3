import BuiltinPlugins
import CommandLineKit
import PluginAPI

/// `caisson plugins [KIND]`
struct PluginsCommand: Command {
  private static let kind = ArgumentSpec("KIND", "show this kind of step with its parameters", arity: .optional)

  static let spec = CommandSpec(
    "plugins", summary: "list the kinds of steps and their parameters",
    section: Section.check, arguments: [kind], options: [.output],
    examples: [
      CommandExample("caisson plugins", "every kind a plan may use"),
      CommandExample("caisson plugins index.create", "its parameters, types and defaults"),
    ])

  private let kind: String?

  init(_ parsed: ParsedCommand) { kind = parsed.argument(Self.kind) }

  func run(_ console: Console) throws -> ExitCode {
    let listing = KindListing(registry: .builtin)
    guard let kind else {
      if console.format == .text { console.print(listing.table) } else { console.print(listing.json) }
      return .done
    }
    let page = try listing.kind(named: kind)
    guard console.format == .text else {
      console.print(page.json)
      return .done
    }
    let width = console.output.isTerminal ? console.output.size.columns : nil
    for line in page.lines(width: width, palette: console.output.palette) { console.print(line) }
    return .done
  }
}
