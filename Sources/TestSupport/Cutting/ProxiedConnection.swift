import Glibc

/// One connection through the proxy, on a thread of its own.
struct ProxiedConnection {
  typealias Note = (StatementReader.Statement) -> (moment: CutMoment, action: @Sendable () -> Void)?

  let client: CInt
  let server: CInt
  let note: Note
  let isStopped: () -> Bool

  private enum State {
    case starting, open
    /// The statement at which it is cut has been sent; its answer is number `answer`.
    case waiting(answer: Int, moment: CutMoment, action: @Sendable () -> Void)
    case blackholed, over
  }

  private var state = State.starting
  private var reader = StatementReader()
  private var fromClient = WireBuffer()
  private var fromServer = WireBuffer()
  private var toClient: [UInt8] = []
  private var toServer: [UInt8] = []
  /// Not passed on while an answer is waited for.
  private var held: [UInt8] = []
  /// A cancel request has no messages after its first.
  private var isOpaque = false
  /// The server wants rows of a COPY before it answers.
  private var isCopying = false

  init(client: CInt, server: CInt, note: @escaping Note, isStopped: @escaping () -> Bool) {
    self.client = client
    self.server = server
    self.note = note
    self.isStopped = isStopped
  }

  private var isOver: Bool { if case .over = state { true } else { false } }
  private var isDark: Bool { if case .blackholed = state { true } else { false } }
  private var isWaiting: Bool { if case .waiting = state { true } else { false } }
  private var isOrphaned: Bool { if case .waiting(_, .orphaned, _) = state { true } else { false } }

  mutating func run() {
    while !isOver && !isStopped() {
      if isDark {
        usleep(20_000)
        continue
      }
      pump()
    }
    close(client)
    close(server)
  }

  private mutating func pump() {
    var files = [
      pollfd(fd: listensToClient ? client : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: server, events: Int16(POLLIN), revents: 0),
    ]
    if !toClient.isEmpty {
      files[0].fd = client
      files[0].events |= Int16(POLLOUT)
    }
    if !toServer.isEmpty { files[1].events |= Int16(POLLOUT) }
    guard poll(&files, 2, 50) > 0 else { return }
    if !toClient.isEmpty { Self.send(&toClient, to: client) }
    if !toServer.isEmpty { Self.send(&toServer, to: server) }
    if files[1].revents & ~Int16(POLLOUT) != 0 { readServer() }
    if !isOver, !isDark, listensToClient, files[0].revents & ~Int16(POLLOUT) != 0 { readClient() }
  }

  private var listensToClient: Bool { !isWaiting || (isCopying && !isOrphaned) }

  // MARK: Client to server

  private mutating func readClient() {
    guard let bytes = Self.receive(client) else { return }
    if bytes.isEmpty {
      drain()
      state = .over
      return
    }
    if isOpaque { toServer += bytes } else { fromClient.append(bytes) }
    handleClient()
    if !isOver, !isDark { Self.send(&toServer, to: server) }
  }

  private mutating func handleClient() {
    while !isOpaque, case .starting = state, let message = fromClient.nextStartup() { start(message) }
    while !isOver, !isDark, listensToClient, !isStarting, let message = fromClient.next() { pass(message) }
  }

  private var isStarting: Bool { if case .starting = state { true } else { false } }

  private mutating func start(_ message: WireMessage) {
    switch message.code {
    case 80_877_103, 80_877_104:
      toClient.append(UInt8(ascii: "N"))
      Self.send(&toClient, to: client)
    case 80_877_102:
      isOpaque = true
      toServer += message.bytes
    default:
      toServer += message.bytes
      state = .open
    }
  }

  private mutating func pass(_ message: WireMessage) {
    guard let statement = reader.read(client: message), let cut = note(statement) else {
      toServer += message.bytes
      return
    }
    if cut.moment == .blackholed {
      toServer += message.bytes + fromClient.rest()
      drain()
      state = .blackholed
      return cut.action()
    }
    guard cut.moment != .unsent else {
      drain()
      return end(after: cut.action)
    }
    toServer += message.bytes
    if message.tag == UInt8(ascii: "E") { toServer += WireMessage.flush }
    drain()
    if cut.moment == .abandoned { return end(after: cut.action) }
    state = .waiting(answer: reader.sent, moment: cut.moment, action: cut.action)
    guard cut.moment == .orphaned else { return }
    cut.action()
    shutdown(client, CInt(SHUT_RDWR))
  }

  // MARK: Server to client

  private mutating func readServer() {
    guard let bytes = Self.receive(server) else { return }
    if bytes.isEmpty {
      if case .waiting(_, .unanswered, let action) = state { action() }
      Self.send(&toClient, to: client)
      state = .over
      return
    }
    // Before the session is open nothing is a statement's answer.
    fromServer.append(bytes)
    if isOpaque || isStarting {
      toClient += fromServer.rest()
    } else {
      while !isOver, let message = fromServer.next() { answer(message) }
    }
    if !isOver { Self.send(&toClient, to: client) }
  }

  private mutating func answer(_ message: WireMessage) {
    reader.read(server: message)
    guard case .waiting(let wanted, let moment, let action) = state else {
      toClient += message.bytes
      return
    }
    held += message.bytes
    if message.tag == UInt8(ascii: "G"), moment == .unanswered {
      isCopying = true
      toClient += held
      held = []
      handleClient()
      Self.send(&toServer, to: server)
    }
    guard reader.complete >= wanted else { return }
    end(after: moment == .unanswered ? action : {})
  }

  // MARK: Ends

  private mutating func end(after action: () -> Void) {
    action()
    state = .over
  }

  /// Everything that was to be sent, now.
  private mutating func drain() {
    while !toServer.isEmpty {
      var one = pollfd(fd: server, events: Int16(POLLOUT), revents: 0)
      guard poll(&one, 1, 2_000) > 0, one.revents & Int16(POLLOUT) != 0 else { break }
      Self.send(&toServer, to: server)
    }
  }

  private static func send(_ bytes: inout [UInt8], to file: CInt) {
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.send(file, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
      if count < 0 {
        // Whoever is gone is noticed when reading.
        if errno != EAGAIN, errno != EINTR { bytes = [] }
        return
      }
      bytes.removeFirst(count)
    }
  }

  /// Empty at the end of the stream; `nil`: nothing yet.
  private static func receive(_ file: CInt) -> ArraySlice<UInt8>? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(file, &buffer, buffer.count, 0)
    if count < 0 { return errno == EAGAIN || errno == EINTR ? nil : [] }
    return buffer[..<count]
  }
}
