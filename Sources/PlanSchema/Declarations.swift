internal import Glibc
internal import Synchronization

/// A key and the parameter behind it.
typealias Declared = (key: String, parameter: any AnyParameter)

/// The parameters of a set, in the order of their declaration.
///
/// A `Mirror` demangles the type of every field each time it is made (measured: half of the time a plan of a thousand
/// steps takes to load). So names come from one mirror per type, and the parameters of a new set announce themselves
/// while it is being made.
enum Declarations {
  private static let keys = Mutex<[ObjectIdentifier: [String]]>([:])

  static func of<Values: ParameterSet>(_ type: Values.Type) -> (set: Values, declared: [Declared]) {
    let collected = Collector()
    let outer = Collector.replaceCurrent(with: collected)
    let set = Values()
    Collector.replaceCurrent(with: outer)
    let names = names(of: set)
    // A set whose initialiser makes parameters of other sets as well is looked at in a mirror.
    guard names.count == collected.parameters.count else { return (set, mirrored(set)) }
    return (set, Array(zip(names, collected.parameters)).map { (key: $0, parameter: $1) })
  }

  static func note(_ parameter: any AnyParameter) { Collector.current?.parameters.append(parameter) }

  static func mirrored(_ set: any ParameterSet) -> [Declared] {
    Mirror(reflecting: set).children.compactMap { child in
      guard let parameter = child.value as? any AnyParameter, let label = child.label else { return nil }
      return (SnakeCase.key(label.drop { $0 == "_" }), parameter)
    }
  }

  private static func names<Values: ParameterSet>(of set: Values) -> [String] {
    let type = ObjectIdentifier(Values.self)
    if let known = keys.withLock({ $0[type] }) { return known }
    let found = mirrored(set).map(\.key)
    keys.withLock { $0[type] = found }
    return found
  }
}

/// Collects on its own thread: making a set is synchronous.
private final class Collector {
  var parameters: [any AnyParameter] = []

  private static let slot: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  static var current: Collector? {
    pthread_getspecific(slot).map { Unmanaged<Collector>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Returns the one before; the caller keeps both alive.
  @discardableResult
  static func replaceCurrent(with collector: Collector?) -> Collector? {
    let before = current
    pthread_setspecific(slot, collector.map { UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) })
    return before
  }
}
