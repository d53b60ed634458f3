extension Moment {
  /// `2026-11-21T18:37:28.000001Z`
  package var iso: String {
    let rest = ((microseconds % 1_000_000) + 1_000_000) % 1_000_000
    let fraction = String(repeating: "0", count: 6 - "\(rest)".count) + "\(rest)"
    return description.dropLast().split(separator: " ").joined(separator: "T") + ".\(fraction)Z"
  }

  /// What `iso` writes, the fraction of any length up to six digits, or none; `nil`: it is no such text.
  package init?(iso text: String) {
    let parts = text.split { !("0"..."9").contains($0) }
    guard text.hasSuffix("Z"), text.contains("T"), parts.count == 6 || parts.count == 7 else { return nil }
    let numbers = parts.prefix(6).compactMap { Int($0) }
    let fraction = parts.count == 7 ? String(parts[6]) : "0"
    guard numbers.count == 6, fraction.count <= 6, (1...12).contains(numbers[1]), (1...31).contains(numbers[2]),
      numbers[3] < 24, numbers[4] < 60, numbers[5] < 60, numbers[0] < 10_000,
      let micros = Int64(fraction + String(repeating: "0", count: 6 - fraction.count))
    else { return nil }
    let local = LocalTime(year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4])
    let seconds = Int64(local.day) * 86_400 + Int64(local.minute) * 60 + Int64(numbers[5])
    self.init(microseconds: seconds * 1_000_000 + micros)
  }
}
