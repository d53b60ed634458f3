/// Values bound by reference: what is stored, printed and compared is the reference, whatever it stands for.
extension SQL {
  /// The references whose values the statement binds, in order: `${env:NAME}`.
  public var secretReferences: [String] {
    parts.compactMap { if case .secret(let reference, _) = $0 { reference } else { nil } }
  }

  /// The text with each reference in the place of its parameter, for people.
  public var printed: String {
    var count = 0
    return parts.reduce(into: "") { text, part in
      switch part {
      case .text(let piece): text += piece
      case .bind:
        count += 1
        text += "$\(count)"
      case .secret(let reference, _):
        count += 1
        text += reference
      }
    }
  }

  /// The same statement with the values of its references, ready to be sent and for nothing else: coded, printed and
  /// described it is as before.
  package func resolving<Failure: Error>(
    _ value: (String) throws(Failure) -> String
  ) throws(Failure) -> SQL {
    var resolved = self
    for place in parts.indices {
      guard case .secret(let reference, nil) = parts[place] else { continue }
      resolved.parts[place] = .secret(reference, value: try value(reference))
    }
    return resolved
  }

  /// The values that references were resolved to, each with its reference.
  package var resolvedSecrets: [(reference: String, value: String)] {
    parts.compactMap { if case .secret(let reference, let value?) = $0 { (reference, value) } else { nil } }
  }

  /// Its pieces one by one, text and bound values, for whoever rewrites the text and keeps what is bound.
  package var pieces: [SQL] {
    parts.map { part in
      var piece = SQL(verbatim: "")
      piece.parts = [part]
      return piece
    }
  }
}

extension SQL.Interpolation {
  /// Binds the value that a reference to a secret stands for; for `Secret`, which writes it so.
  public mutating func appendInterpolation(secretReference reference: String) {
    parts.append(.secret(reference, value: nil))
  }
}
