import JSONText

/// Records on standard output beside those of the progress.
enum JSONLine {
  static func note(_ text: String, step: String?) -> String {
    var object = JSONObject([("type", "note"), ("text", .string(text))])
    object["step"] = step.map(JSON.string)
    return JSON.object(object).text
  }
}

extension JSON {
  /// A text or null.
  init(_ text: String?) { self = text.map { .string($0) } ?? .null }

  /// Seconds to the millisecond.
  static func seconds(_ value: Double) -> JSON { .double((value * 1000).rounded() / 1000) }
}
