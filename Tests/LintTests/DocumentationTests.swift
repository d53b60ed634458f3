import Glibc
import Lint
import Testing

@Suite("Documentation")
struct DocumentationTests {
  @Test("docs/lint.md lists the rules as they are; CAISSON_RECORD=1 writes it")
  func page() throws {
    let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    let path = root + "/docs/lint.md"
    if getenv("CAISSON_RECORD").map({ String(cString: $0) }) == "1" {
      mkdir(root + "/docs", 0o755)
      let file = try #require(fopen(path, "w"))
      fputs(RuleRegistry.documentation, file)
      fclose(file)
    }
    #expect(read(path) == RuleRegistry.documentation, "record it again with CAISSON_RECORD=1")
  }

  private func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
