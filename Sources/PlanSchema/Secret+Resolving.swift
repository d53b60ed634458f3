internal import Glibc
public import SQLText

extension Secret {
  /// The text with every reference replaced. Relative files are looked for under `folder`; one final line break of
  /// a file is not part of the secret.
  package func resolve(
    environment: (String) -> String?, folder: String, privately values: PrivateValues = PrivateValues()
  ) throws(SecretUnavailable) -> SecretText {
    var out = ""
    for segment in segments {
      switch segment {
      case .text(let text): out += text
      case .environment(let name):
        guard let value = environment(name) else {
          throw SecretUnavailable(reference: "${env:\(name)}", reason: "the environment variable is not set")
        }
        out += value
      case .file(let path):
        out += try SecretFile.content(of: path, under: folder)
      case .privateVariable(let reference):
        out += try values.value(of: reference)
      }
    }
    return SecretText(out)
  }

  /// Resolves against this process's own environment.
  package func resolve(
    folder: String, privately values: PrivateValues = PrivateValues()
  ) throws(SecretUnavailable) -> SecretText {
    try resolve(environment: { name in getenv(name).map { String(cString: $0) } }, folder: folder, privately: values)
  }
}

/// A file that holds one secret.
public enum SecretFile {
  private static let limit = 64 << 10

  public static func content(of path: String, under folder: String) throws(SecretUnavailable) -> String {
    let reference = "${file:\(path)}"
    let full = path.hasPrefix("/") ? path : folder + "/" + path
    let descriptor = open(full, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw SecretUnavailable(reference: reference, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw SecretUnavailable(reference: reference, reason: String(cString: strerror(errno))) }
      if got == 0 { break }
      count += got
    }
    guard count <= limit else { throw SecretUnavailable(reference: reference, reason: "larger than 64kB") }
    guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
      throw SecretUnavailable(reference: reference, reason: "not UTF-8 text")
    }
    return text.last.map { $0 == "\n" || $0 == "\r\n" } == true ? String(text.dropLast()) : text
  }
}

extension SQL.Interpolation {
  /// Binds what the reference stands for, resolved just before the statement is sent: stored and printed is the reference.
  public mutating func appendInterpolation(secret: Secret) {
    appendInterpolation(secretReference: secret.description)
  }
}
