import Glibc
import Testing

@testable import CommandLineKit

@Suite struct CompletionTests {
  @Test("bash offers commands, options and choices where they belong", arguments: [
    ("tool ''", "apply sandbox --help"), ("tool ap", "apply"), ("tool sandbox ''", "psql up --help"),
    ("tool apply --w", "--wait"), ("tool apply --output ''", "text json"), ("tool apply --output j", "json"),
  ])
  func bash(line: String, offered: String) throws {
    let count = line.split(separator: " ").count - 1
    let script = Sample.root.completion(for: .bash) + """
      COMP_WORDS=(\(line)); COMP_CWORD=\(count); _tool; echo "${COMPREPLY[*]}"

      """
    #expect(try output(of: script) == offered + "\n")
  }

  @Test("fish and zsh know every command", arguments: [Shell.fish, .zsh])
  func others(shell: Shell) {
    let script = Sample.root.completion(for: shell)
    for word in ["apply", "sandbox", "psql", "up", "output", "text json"] { #expect(script.contains(word)) }
  }

  private func output(of script: String) throws -> String {
    var name = Array("/tmp/completion.XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    try #require(descriptor >= 0)
    defer { unlink(name) }
    StandardStream(descriptor: descriptor).write(script)
    close(descriptor)
    let path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    let pipe = try #require(popen("bash \(path)", "r"))
    defer { pclose(pipe) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = fread(&bytes, 1, bytes.count, pipe)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
