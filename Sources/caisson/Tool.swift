import CommandLineKit
import Engine
import Glibc
import PluginAPI

/// Reads the command line, runs the one command it names, and turns whatever happens into an exit code.
@main struct Tool {
  static let name = "caisson"
  static let version = "0.1.0"

  static func main() async {
    UnixSignals.surviveBrokenPipes()
    let words = Array(CommandLine.arguments.dropFirst())
    // Not for people: an open bracket starts it, and what it does comes over its line.
    if words == [GuardianLink.command] { _exit(await Guardian.run()) }
    // Nor this: steps run it to try, or to put to use, a pooler's configuration.
    if words.count == 2, words[0] == PoolerOrder.command { _exit(await PoolerProgram.run(words[1])) }
    ArgumentMemory.hideVariables()
    let code = await run(words)
    // Threads of connections may be closing still: what exit() has libraries free at the end, they would free again.
    fflush(nil)
    code.leave()
  }

  /// Nothing is read, opened or asked before the command line is understood.
  static func run(_ words: [String]) async -> ExitCode {
    do throws(UsageError) {
      switch try CommandParser(CommandTree.spec).parse(words) {
      case .version:
        StandardStream.output.writeLine("\(name) \(version)")
        return .done
      case .help(let path, let spec, let asked):
        let terminal = asked ? Terminal.standardOutput : .standardError
        let page = spec.help(path: path, width: terminal.size.columns, palette: terminal.palette)
        StandardStream(descriptor: terminal.descriptor).write(page)
        return asked ? .done : .usage
      case .run(let parsed):
        return await run(parsed)
      }
    } catch {
      StandardStream.error.writeLine(error.text)
      return .usage
    }
  }

  private static func run(_ parsed: ParsedCommand) async -> ExitCode {
    let console = Console(parsed)
    do {
      guard let type = CommandTree.command(at: parsed.path) else { return .usage }
      return try await type.init(parsed).run(console)
    } catch {
      let problem = Problem(error)
      console.report(problem, by: parsed.path)
      return problem.code
    }
  }
}
