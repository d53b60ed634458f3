import Glibc

/// Lets so many tests at a time have a database: the testing library itself starts all of them at once.
actor Turnstile {
  /// `CAISSON_TESTS_AT_ONCE` says how many, for tests that are a crowd each.
  static let databases = Turnstile(width: getenv("CAISSON_TESTS_AT_ONCE").flatMap { Int(String(cString: $0)) } ?? 16)

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var first: [CheckedContinuation<Void, Never>] = []

  init(width: Int) { free = width }

  func enter(first goesFirst: Bool) async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { if goesFirst { first.append($0) } else { waiting.append($0) } }
    }
  }

  func leave() {
    if !first.isEmpty {
      first.removeFirst().resume()
    } else if waiting.isEmpty {
      free += 1
    } else {
      waiting.removeFirst().resume()
    }
  }
}
