extension SQL.Interpolation {
  /// Binds a value that may be missing, as NULL; the label keeps the compiler from taking it for a printed optional.
  public mutating func appendInterpolation(optional value: (some SQLBindable)?) { appendInterpolation(value) }
}
