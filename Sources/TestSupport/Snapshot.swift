import ChildProcess
import Glibc
import Sandbox
package import Testing

/// Text compared with a file under `Snapshots` beside the test; CAISSON_RECORD=1 writes it.
package enum Snapshot {
  /// `major`: of the server whose own words the text holds. `name.16.txt` is what servers from 16 on say, where that
  /// differs; it is recorded on such a one.
  package static func expect(
    _ text: String, named name: String, major: Int? = nil, file: String = #filePath,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let folder = file.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Snapshots"
    let text = text.hasSuffix("\n") ? text : text + "\n"
    let kept = Snapshot.kept(name, folder, major)
    if kept == text { return }
    if Environment.value("CAISSON_RECORD") == "1" {
      try ServerFiles.makeFolder(folder, mode: 0o755, owner: nil)
      let variant = (major ?? oldest) > oldest ? "\(name).\(major ?? oldest)" : name
      return try ServerFiles.write(text, to: "\(folder)/\(variant).txt", mode: 0o644, owner: nil)
    }
    guard let kept else {
      Issue.record("no snapshot \(folder)/\(name).txt; CAISSON_RECORD=1 records it", sourceLocation: sourceLocation)
      return
    }
    Issue.record("\(name) differs from its snapshot, first in \(firstDifference(kept, text))\n\(text)", sourceLocation: sourceLocation)
  }

  private static let oldest = 15

  /// The one of the newest server that is not newer than this one.
  private static func kept(_ name: String, _ folder: String, _ major: Int?) -> String? {
    let versions = major.map { stride(from: $0, to: oldest, by: -1) } ?? stride(from: oldest, to: oldest, by: -1)
    for version in versions {
      if let text = ServerFiles.read("\(folder)/\(name).\(version).txt") { return text }
    }
    return ServerFiles.read("\(folder)/\(name).txt")
  }

  private static func firstDifference(_ kept: String, _ text: String) -> String {
    let old = kept.split(separator: "\n", omittingEmptySubsequences: false)
    let new = text.split(separator: "\n", omittingEmptySubsequences: false)
    let place = zip(old, new).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(old.count, new.count)
    let before = place < old.count ? old[place] : "(end)", after = place < new.count ? new[place] : "(end)"
    return "line \(place + 1):\n  kept: \(before)\n  now:  \(after)"
  }
}
