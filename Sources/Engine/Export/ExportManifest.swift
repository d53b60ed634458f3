import Digest
import FoundationEssentials
import Glibc
import JSONText

/// What an export wrote: names, counts and digests; nothing of the rows.
struct ExportManifest {
  struct File: Equatable {
    /// Name of the file within the export.
    let name: String
    let rows: Int
    let bytes: Int
    let sha256: String

    var json: JSON {
      ["name": .string(name), "rows": .int(Int64(rows)), "bytes": .int(Int64(bytes)), "sha256": .string(sha256)]
    }
  }

  /// Run, step and task: whose export it is.
  let export: String
  let files: [File]

  init(export: String, files: [File]) {
    self.export = export
    self.files = files
  }

  init(reading path: String) throws {
    let json = try JSON(parsing: String(contentsOfFile: path, encoding: .utf8))
    export = json["export"]?.string ?? ""
    files = (json["files"]?.array ?? []).map { file in
      File(
        name: file["name"]?.string ?? "", rows: Int(file["rows"]?.int ?? 0), bytes: Int(file["bytes"]?.int ?? 0),
        sha256: file["sha256"]?.string ?? "")
    }
  }

  var text: String {
    let json: JSON = ["caisson_export": 1, "export": .string(export), "files": .array(files.map(\.json))]
    return json.pretty + "\n"
  }

  /// As `sha256sum` writes it, the manifest included.
  var sums: String {
    let all = files.map { ($0.sha256, $0.name) } + [(SHA256.hex(of: text), "manifest.json")]
    return all.map { "\($0.0)  \($0.1)\n" }.joined()
  }

  /// The task's result: the digest of the manifest itself, and counts.
  func result(path: String) -> JSON {
    [
      "path": .string(path), "manifest": .string(SHA256.hex(of: text)), "files": .int(Int64(files.count)),
      "rows": .int(files.reduce(0) { $0 + Int64($1.rows) }), "bytes": .int(files.reduce(0) { $0 + Int64($1.bytes) }),
    ]
  }

  /// Of a file's content, piece by piece.
  static func digest(of path: String) throws -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw AtomicFile.failure("read", path) }
    defer { close(file) }
    var sum = try RunningSHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw AtomicFile.failure("read", path) }
      if count == 0 { return Hexadecimal.text(try sum.digest()) }
      try sum.update(Array(buffer[..<count]))
    }
  }
}
