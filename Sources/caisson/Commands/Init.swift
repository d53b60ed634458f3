import CommandLineKit
import Glibc

/// `caisson init [FOLDER]`
struct InitCommand: Command {
  private static let folder = ArgumentSpec(
    "FOLDER", "where to write; made if missing [.]", arity: .optional, kind: .folder)
  private static let nameOption = OptionSpec.value("name", "NAME", .text, "the plan's name [the folder's]")

  static let spec = CommandSpec(
    "init", summary: "write a first plan with a file per environment",
    discussion: """
      Writes plan.yaml, staging.yaml and production.yaml, commented, small and ready to run in the sandbox. Files that
      exist are never overwritten: if one of the three is there, nothing is written.
      """,
    section: Section.begin, arguments: [folder], options: [nameOption],
    examples: [
      CommandExample("caisson init plans/shop", "three files in plans/shop, for a plan named shop"),
      CommandExample("caisson init --name shop", "the same in this folder"),
    ])

  private let folder: String
  private let name: String

  init(_ parsed: ParsedCommand) throws {
    folder = parsed.argument(Self.folder) ?? "."
    let name = parsed.value(Self.nameOption) ?? Self.planName(fromFolder: folder)
    guard Self.isPlanName(name) else {
      throw parsed.usageError(
        "'\(name)' cannot name a plan: letters, digits, '-' and '_', a letter first", suggestion: "--name shop")
    }
    self.name = name
  }

  func run(_ console: Console) throws -> ExitCode {
    let files = StarterPlan(name: name).files.map { (path: joined($0.name), text: $0.text) }
    let existing = files.map(\.path).filter { FileKind($0) != .missing }
    guard existing.isEmpty else {
      throw CommandFailure(
        .refused, "already there: \(existing.joined(separator: ", ")); nothing was written",
        hint: "choose another folder, or move the file away")
    }
    try NewFile.makeFolder(folder)
    for file in files { try NewFile.write(file.text, to: file.path) }
    for file in files { console.print(file.path) }
    console.note("next: caisson plan \(joined("staging.yaml"))")
    return .done
  }

  private func joined(_ file: String) -> String {
    folder == "." ? file : folder.hasSuffix("/") ? folder + file : "\(folder)/\(file)"
  }

  private static func planName(fromFolder folder: String) -> String {
    guard let resolved = realpath(folder, nil) else { return folder.split(separator: "/").last.map(String.init) ?? "" }
    defer { free(resolved) }
    return String(cString: resolved).split(separator: "/").last.map(String.init) ?? ""
  }

  private static func isPlanName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 63 else { return false }
    let isLetter = { (byte: UInt8) in (0x61...0x7A).contains(byte | 0x20) }
    return isLetter(first)
      && name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F }
  }
}

/// Files that must not have been there before.
enum NewFile {
  /// Makes a folder with those above it.
  static func makeFolder(_ path: String) throws {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += prefix.isEmpty || prefix.hasSuffix("/") ? part : "/\(part)"
      if mkdir(prefix, 0o755) != 0, errno != EEXIST { throw failure("cannot make folder '\(prefix)'") }
    }
    guard FileKind(path) == .folder else { throw CommandFailure(.failed, "'\(path)' is not a folder") }
  }

  /// Writes a file; fails when there is one already, also when it has appeared just now.
  static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failure("cannot write '\(path)'") }
    defer { close(descriptor) }
    guard StandardStream(descriptor: descriptor).write(text) else { throw failure("cannot write '\(path)'") }
  }

  private static func failure(_ what: String) -> CommandFailure {
    CommandFailure(.failed, "\(what): \(String(cString: strerror(errno)))")
  }
}
