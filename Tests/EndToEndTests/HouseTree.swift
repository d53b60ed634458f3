import Glibc
import Sandbox
import TestSupport

/// The project's own files.
enum HouseTree {
  static let root = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })

  private static let generated: Set = [".build", ".git", ".swiftpm", "Snapshots", "corpus"]

  /// Every file below a folder of the project, as paths from its root.
  static func files(under folder: String = "", ending: String = "") -> [String] {
    names(in: folder).flatMap { name -> [String] in
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      if generated.contains(name) { return [] }
      if isFolder(path) { return files(under: path, ending: ending) }
      return path.hasSuffix(ending) ? [path] : []
    }
  }

  static func folders(in folder: String) -> [String] { names(in: folder).filter { isFolder("\(folder)/\($0)") } }

  static func text(_ path: String) -> String { ServerFiles.read("\(root)/\(path)") ?? "" }

  static func exists(_ path: String) -> Bool { access("\(root)/\(path)", F_OK) == 0 }

  static func isExecutable(_ path: String) -> Bool { access("\(root)/\(path)", X_OK) == 0 }

  /// The modules a Swift file imports, whatever stands before the word.
  static func imports(_ path: String) -> [String] { everyImport[path] ?? [] }

  private static let everyImport = Dictionary(
    uniqueKeysWithValues: files(ending: ".swift").map { ($0, readImports($0)) })

  private static func readImports(_ path: String) -> [String] {
    text(path).matches(of: #/(?m)^(?:@[A-Za-z_]+ +)?(?:(?:public|package|internal|private) +)?import +(?:(?:struct|class|enum|func|protocol|typealias) +)?([A-Za-z_0-9]+)/#)
      .map { String($0.1) }
  }

  private static func names(in folder: String) -> [String] { FolderNames.all(in: "\(root)/\(folder)").sorted() }

  private static func isFolder(_ path: String) -> Bool {
    var about = stat()
    return lstat("\(root)/\(path)", &about) == 0 && about.st_mode & S_IFMT == S_IFDIR
  }
}
