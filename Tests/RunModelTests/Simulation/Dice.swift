/// Chance from a seed, the same everywhere (SplitMix64).
struct Dice {
  private var state: UInt64

  init(seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x2545_F491_4F6C_DD1D }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// 0 ..< sides
  mutating func roll(_ sides: Int) -> Int { Int(next() % UInt64(sides)) }
  mutating func oneIn(_ sides: Int) -> Bool { roll(sides) == 0 }
}
