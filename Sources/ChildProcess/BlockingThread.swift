import Dispatch
import Glibc

/// A thread for one blocking wait. Dispatch's threads are as few as the cores and shared with the cooperative pool:
/// two waits would hold up everything else.
package enum BlockingThread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  package static func start(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Body(body))
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    // No thread to be had: dispatch's are better than none.
    guard code == 0 else {
      context.release()
      return DispatchQueue.global().async(execute: body)
    }
    pthread_detach(thread)
  }
}
