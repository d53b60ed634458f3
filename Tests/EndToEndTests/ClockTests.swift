import ChildProcess
import Glibc
import JSONText
import PostgresClient
import Sandbox
import TestSupport
import Testing

/// One clock decides: the server's. What the runner's own clock says is neither stored nor compared with it.
@Suite struct ClockTests {
  /// What tells the time of day; durations are measured with a clock that only runs forward.
  private static let wallClocks = [
    "Date()", "Date.now", "gettimeofday", "CLOCK_REALTIME", "time(nil)", "SystemClock", "UTCClock", "localtime(",
    "gmtime(", "strftime(",
  ]

  @Test("no source asks this machine what time it is")
  func sources() {
    let files = HouseTree.files(under: "Sources", ending: ".swift") + HouseTree.files(under: "plugins", ending: ".swift")
    #expect(files.count > 100)
    for file in files where !file.contains("/Tests/") {
      let text = HouseTree.text(file)
      for clock in Self.wallClocks { #expect(strstr(text, clock) == nil, "\(file): \(clock)") }
    }
  }

  @Test("no statement of the journal takes a moment from the client but one the server gave")
  func statements() {
    let journal = HouseTree.files(under: "Sources/Journal", ending: ".swift")
    #expect(journal.count > 20)
    for file in journal {
      for match in HouseTree.text(file).matches(of: #/\\\(([^)]*)\)::timestamptz/#) {
        Issue.record("\(file): \(match.1)")
      }
    }
  }

  /// A library that moves the time of day, for whoever is started with it.
  private static func moved(by seconds: Int, _ body: ([String: String]) async throws -> Void) async throws {
    try await TemporaryFolder.with { folder in
      let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <time.h>
        #include <sys/time.h>
        int clock_gettime(clockid_t id, struct timespec *ts) {
          static int (*real)(clockid_t, struct timespec *);
          if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
          int done = real(id, ts);
          if (id == CLOCK_REALTIME) ts->tv_sec += \(seconds);
          return done;
        }
        int gettimeofday(struct timeval *tv, void *zone) {
          struct timespec ts;
          int done = clock_gettime(CLOCK_REALTIME, &ts);
          tv->tv_sec = ts.tv_sec; tv->tv_usec = ts.tv_nsec / 1000;
          return done;
        }
        time_t time(time_t *out) {
          struct timespec ts;
          clock_gettime(CLOCK_REALTIME, &ts);
          if (out) *out = ts.tv_sec;
          return ts.tv_sec;
        }
        """
      try ServerFiles.write(source, to: folder + "/clock.c", owner: nil)
      let built = try await Command(["cc", "-shared", "-fPIC", "-o", folder + "/clock.so", folder + "/clock.c", "-ldl"]).run()
      #expect(built.succeeded, "\(built.errorText)")
      let shown = try await Command(["date", "+%s"], additions: ["LD_PRELOAD": folder + "/clock.so"]).run()
      let real = try await Command(["date", "+%s"]).run()
      let difference = (Int(shown.text.prefix(10)) ?? 0) - (Int(real.text.prefix(10)) ?? 0)
      #expect(abs(difference - seconds) < 60, "the clock was not moved: \(difference)")
      try await body(["LD_PRELOAD": folder + "/clock.so"])
    }
  }

  private static let hasCompiler: Bool = ["/usr/bin/cc", "/usr/local/bin/cc"].contains { ServerFiles.exists($0) }

  @Test(
    "a runner whose clock is wrong by days: leases, waits and every moment in the journal are the server's",
    .database(template: Sample.table), .enabled(if: hasCompiler, "needs a C compiler"), arguments: [-3 * 86_400, 2 * 86_400])
  func wrongClock(seconds: Int) async throws {
    let project = try Project("""
        index: { uses: index.create, with: { table: t, columns: [n] } }
      \(Sample.batch)
      """)
    try await Self.moved(by: seconds) { environment in
      let began = try await project.database.sql("SELECT clock_timestamp() - interval '1 second'").value ?? ""
      let applied = try await project.run("apply", env: environment)
      #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
      let back = try await project.run("rollback", env: environment)
      #expect(back.exit == 0, "\(back.stdout)\(back.stderr)")
      // Every column of every table that holds a moment.
      let columns = try await project.database.sql(
        """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'caisson' AND data_type = 'timestamp with time zone'
        """).rows
      #expect(columns.count > 15)
      for column in columns {
        let (table, name) = (column[0] ?? "", column[1] ?? "")
        let strange = try await project.database.sql(
          """
          SELECT count(*) FROM caisson.\(id: table) WHERE \(id: name) NOT IN ('infinity', '-infinity')
            AND \(id: name) NOT BETWEEN \(began)::timestamptz AND clock_timestamp() + interval '1 minute'
          """)
        #expect(strange.value == "0", "\(table).\(name)")
      }
      #expect(try await project.json("journal check")["sound"] == true)
    }
  }
}
