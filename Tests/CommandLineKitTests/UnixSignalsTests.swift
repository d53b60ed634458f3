import Glibc
import Testing

@testable import CommandLineKit

@Suite(.serialized) struct UnixSignalsTests {
  @Test("a signal sent right after listening began is heard", .timeLimit(.minutes(8)), arguments: [
    (SIGHUP, UnixSignal.terminate), (SIGTERM, .terminate), (SIGINT, .interrupt),
  ])
  func heard(number: Int32, meaning: UnixSignal) async {
    let signals = await UnixSignals.listen()
    kill(getpid(), number)
    var iterator = signals.stream.makeAsyncIterator()
    #expect(await iterator.next() == meaning)
  }

  @Test("writing to a closed pipe is an answer, not the end")
  func brokenPipe() throws {
    UnixSignals.surviveBrokenPipes()
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
    // A program that another test starts in between holds whatever end is only closed here.
    shutdown(ends[0], CInt(SHUT_RDWR))
    #expect(!StandardStream(descriptor: ends[1]).write("x"))
    for end in ends { close(end) }
  }
}
