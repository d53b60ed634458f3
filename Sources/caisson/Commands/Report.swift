import CommandLineKit
import Engine
import Glibc
import Report

/// `caisson report ENVIRONMENT`
struct ReportCommand: Command {
  private static let out = OptionSpec.value(
    "out", "FILE", .file, "where to write it; - is standard output [PLAN-ENVIRONMENT-RUN.html]")

  static let spec = CommandSpec(
    "report", summary: "write what is known of a run as one HTML file",
    discussion: """
      Steps as a graph and on a time line, approvals, gates, evidence, locks, measures, every statement, attempt and
      event, and whether the chain of events is sound.

      The file needs nothing besides itself: it opens offline, prints, works without scripts, and holds no secret.
      Reads the journal only, also while the run goes on. A file that is there is replaced as a whole.
      """,
    section: Section.watch, arguments: [.environment], options: [out, .run, .environment, .target, .variable],
    examples: [
      CommandExample("caisson report production.yaml", "the latest run, as shop-production-1a2b3c4d.html"),
      CommandExample("caisson report production.yaml --run 1a2b --out audit.html", "an earlier run"),
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let id = parsed.value(.run)
    let report = try await chosen.reading("report") { reader -> RunChronicle? in
      guard let reader, let run = try await reader.run(id, of: chosen) else { return nil }
      return try await RunChronicle.read(run, from: reader)
    }
    guard let report else {
      throw CommandFailure(.usage, "\(chosen.title): nothing has run here yet", next: chosen.next("apply"))
    }
    let page = ReportPage(report, generator: "\(Tool.name) \(Tool.version)") { operation, number in
      OperationText(operation: operation).lines(number: number)
    }
    return try write(page.html, to: parsed.value(Self.out) ?? report.fileName, console)
  }

  private func write(_ page: String, to path: String, _ console: Console) throws -> ExitCode {
    if path == "-" { return StandardStream(descriptor: console.output.descriptor).write(page) ? .done : .failed }
    if FileKind(path) == .folder { throw parsed.usageError("--out '\(path)' is a folder: name a file") }
    if let open = try through(path) {
      guard open.write(page) else { throw CommandFailure(.failed, "\(path) did not take all of it") }
      return .done
    }
    let mask = umask(0o077)
    umask(mask)
    do {
      try AtomicFile(path: path, mode: Int(0o666 & ~mask), mark: "\(getpid())").write(page)
    } catch let error as EngineError {
      throw CommandFailure(.failed, error.message, hint: "make room there, or name another place with --out")
    }
    console.print(path)
    return .done
  }

  /// A pipe or a device is written to, not replaced.
  private func through(_ path: String) throws -> StandardStream? {
    var there = stat()
    guard stat(path, &there) == 0, there.st_mode & S_IFMT != S_IFREG else { return nil }
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandFailure(.failed, "cannot write \(path): \(String(cString: strerror(errno)))") }
    return StandardStream(descriptor: descriptor)
  }
}
