import ChildProcess
import Glibc
import JSONText
import PostgresClient
import Sandbox
import TestSupport
import Testing

/// A report of a real run, opened offline in a browser.
@Suite(.database(template: Sample.table)) struct ReportTests {
  /// Names, reasons and SQL that would like to be markup.
  private static let hostile = "</script><img src=x onerror=alert(1)>"
  private static let steps = """
      log: { uses: sql.run, with: { up: "CREATE TABLE log (at timestamptz) /* \(hostile) */", down: DROP TABLE log } }
      index: { uses: index.create, needs: [log], with: { table: t, columns: [n] } }
      fill: { uses: data.batch, needs: [index], with: { table: t, set: { n: n + 1 }, where: n = 0, keep_undo: true } }
      left-out: { uses: sql.run, needs: [log], skip: "not here \(hostile)", with: { up: SELECT 1, down: SELECT 1 } }
      broken: { uses: sql.run, needs: [fill], with: { up: SELECT 1 FROM missing, down: SELECT 1 } }
      later: { uses: sql.run, needs: [broken, left-out], with: { up: SELECT 1, down: SELECT 1 } }
    """

  /// A run that failed in its fifth step; the file's path.
  private static func report(_ project: Project) async throws -> String {
    #expect(try await project.run("apply").exit == 1)
    let path = "\(project.folder)/report.html", written = try await project.run("report", "--out", path)
    #expect(written.exit == 0 && written.stdout == path + "\n", "\(written.stderr)")
    return path
  }

  @Test("every step, attempt and event is there; nothing is asked for, nothing goes wrong, and hostile text stays text")
  func content() async throws {
    let project = try Project(Self.steps), path = try await Self.report(project)
    let events = try await project.json("events").array ?? []
    let visit = try await Browser(path).visit([
      ["eval": "[...document.querySelectorAll('article h3')].map(h => h.firstChild.data.trim())"],
      ["eval": "document.querySelectorAll('#log li').length"],
      ["eval": "document.querySelectorAll('img, script[src], link, iframe, [onerror], [style]').length"],
      ["eval": "document.body.textContent"],
      ["eval": "[...document.querySelectorAll('.graph a')].map(a => document.querySelector(a.getAttribute('href')).tagName)"],
      ["eval": "document.querySelector('h1').textContent"],
    ])
    #expect(visit.console == [] && visit.requests == [])
    let results = visit.results, articles = results[0].array?.compactMap { $0.string }.sorted()
    #expect(articles == ["broken", "fill", "index", "later", "left-out", "log"])
    #expect(results[1].int == Int64(events.count { !$0["run"]!.isNull }))
    #expect(results[2] == 0)
    let text = results[3].string ?? ""
    for part in [
      "CREATE TABLE log (at timestamptz) /* \(Self.hostile) */", "not here \(Self.hostile)", "42P01", "1,000 rows",
      "CREATE INDEX CONCURRENTLY", "sealed events are as they were", "No point of no return was crossed", "share update exclusive",
    ] { #expect(text.lowercased().contains(part.lowercased()), "\(part)") }
    #expect(results[4] == .array(Array(repeating: "ARTICLE", count: 6)))
    #expect(results[5] == "shop on staging ✗ failed")
  }

  @Test("for how long others may have waited is there though the run has failed; what nobody measured is said not to be")
  func stalls() async throws {
    let project = try Project(
      """
        column: { uses: sql.run, with: { up: ALTER TABLE t ADD COLUMN extra int, down: ALTER TABLE t DROP COLUMN extra } }
        broken: { uses: sql.run, needs: [column], with: { up: ALTER TABLE t ADD COLUMN extra int, down: SELECT 1 } }
      """)
    let visit = try await Browser(try await Self.report(project)).visit([
      ["eval": "[...document.querySelectorAll('#locks tbody tr')].map(r => [...r.cells].map(c => c.textContent.trim()))"]
    ])
    let rows = visit.results[0].array ?? []
    let stalls = rows.map { "\($0[0]?.string ?? ""): \($0[4]?.string ?? "")" }
    #expect(stalls.count == 2, "\(stalls)")
    #expect(stalls.first?.wholeMatch(of: /column: [0-9.]+ ?m?s/) != nil, "\(stalls)")
    #expect(stalls.last == "broken: not measured", "\(stalls)")
  }

  @Test("on a phone nothing is wider than the screen but what scrolls in its own box", arguments: ["light", "dark"])
  func phone(scheme: String) async throws {
    let project = try Project(Self.steps), path = try await Self.report(project)
    let visit = try await Browser(path, width: 360, scheme: scheme).visit([
      ["eval": "document.querySelectorAll('details').forEach(d => d.open = true)"],
      ["eval": "document.documentElement.scrollWidth"],
      ["eval": .string(Self.escaping)],
      ["eval": .string(Self.contrast)],
      ["eval": "getComputedStyle(document.body).backgroundColor"],
    ])
    #expect(visit.results[1] == 360)
    #expect(visit.results[2] == [])
    #expect(visit.results[3]["low"] == [] && (visit.results[3]["texts"]?.int ?? 0) > 100)
    #expect(visit.results[4] == (scheme == "dark" ? "rgb(16, 22, 26)" : "rgb(244, 246, 247)"))
  }

  @Test("the keyboard reaches every step, fold and filter, and a filter leaves what was asked for")
  func keyboard() async throws {
    let project = try Project(Self.steps), path = try await Self.report(project)
    let visit = try await Browser(path).visit([
      ["eval": "document.querySelectorAll('.graph a').length + document.querySelectorAll('summary').length"],
      ["tabs": 150], ["eval": "scrollTo(0, 0); document.activeElement.blur(); document.querySelector('.skip').focus()"], ["key": "Enter"],
      ["eval": "document.activeElement.id"], ["click": "[data-open=yes]"],
      ["eval": "document.querySelectorAll('#steps details:not([open])').length"],
      ["eval": "document.getElementById('words').focus()"], ["type": "42P01"], ["wait": 400],
      ["eval": "[...document.querySelectorAll('#log li')].filter(l => l.checkVisibility()).map(l => l.dataset.step)"],
      ["eval": "document.getElementById('found').textContent"],
    ])
    let met = Set((visit.results[1].array ?? []).compactMap(\.string))
    for step in 1...6 { #expect(met.contains("#step-\(step)"), "step \(step)") }
    let folds = met.count { $0.hasPrefix("summary ") }
    #expect(Int64(folds + 6) == visit.results[0].int, "\(met)")
    #expect(met.isSuperset(of: ["#main", "yes", "no", "words", "kind", "of-step", "#answers", "#events"]))
    #expect(visit.results[4] == "main" && visit.results[6] == 0)
    #expect(visit.results[10].array?.isEmpty == false && visit.results[10].array?.allSatisfy { $0 == "broken" || $0 == "" } == true)
    #expect(visit.results[11].string?.hasSuffix("events") == true)
  }

  @Test("headings follow in order, tables have headings, drawings have words; it all stands there without scripts")
  func structure() async throws {
    let project = try Project(Self.steps), path = try await Self.report(project)
    let visit = try await Browser(path, script: false).visit([
      ["eval": "[...document.querySelectorAll('h1,h2,h3')].map(h => Number(h.tagName[1]))"],
      ["eval": "[...document.querySelectorAll('th')].filter(t => !t.scope).length + document.querySelectorAll('table:not(:has(caption))').length"],
      ["eval": "[...document.querySelectorAll('svg')].filter(s => !s.getAttribute('role') || !s.querySelector('title') || !s.querySelector('desc')).length"],
      ["eval": "['header', 'nav', 'main', 'footer'].filter(n => document.querySelectorAll('body > ' + n).length != 1)"],
      ["eval": "const ids = [...document.querySelectorAll('[id]')].map(e => e.id); ids.length - new Set(ids).size"],
      ["eval": "document.querySelector('.tools').checkVisibility()"], ["eval": "document.querySelectorAll('#log li').length"],
      ["eval": "document.documentElement.lang + document.title"],
      ["media": "print"], ["eval": "document.querySelector('nav').checkVisibility()"],
    ])
    let levels = visit.results[0].array?.compactMap(\.int) ?? []
    #expect(levels.first == 1 && levels.count { $0 == 1 } == 1 && zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 }, "\(levels)")
    #expect(visit.results[1] == 0 && visit.results[2] == 0 && visit.results[3] == [] && visit.results[4] == 0)
    #expect(visit.results[5] == false && (visit.results[6].int ?? 0) > 10 && visit.results[9] == false)
    #expect(visit.results[7] == "enshop on staging: failed")
  }

  @Test("a run of a thousand steps has its thousand sections, and fits a phone")
  func thousand() async throws {
    let steps = (0..<1_000).map { step in
      let needs = step < 6 ? [] : Set([step - 1 - step % 5, step / 2]).sorted().map { "s\($0)" }
      return "  s\(step): { uses: sql.run, needs: [\(needs.joined(separator: ", "))], with: { up: SELECT \(step), down: SELECT 1 } }"
    }
    let project = try Project(steps.joined(separator: "\n"))
    #expect(try await project.run("apply").exit == 0)
    let path = "\(project.folder)/report.html", written = try await project.run("report", "--out", path)
    #expect(written.exit == 0, "\(written.stderr)")
    let visit = try await Browser(path, width: 360).visit([
      ["eval": "[...document.querySelectorAll('.graph a')].filter(a => document.querySelector(a.getAttribute('href'))).length"],
      ["eval": "document.querySelectorAll('article').length"], ["eval": "document.documentElement.scrollWidth"],
      ["eval": "document.querySelectorAll('#log li').length > 1000 && document.querySelectorAll('#log details:not([open])').length > 3"],
      ["eval": "location.hash = '#step-777'; document.querySelector('#step-777 .state').getBoundingClientRect().top < innerHeight"],
    ])
    #expect(visit.results == [1_000, 1_000, 360, true, true] && visit.console == [], "\(visit.results) \(visit.console)")
  }

  @Test("a file is replaced as a whole, has the mode that umask leaves, and is named by plan, environment and run")
  func file() async throws {
    let project = try Project(Self.steps), path = try await Self.report(project)
    try project.write("of before", to: "report.html", mode: 0o600)
    #expect(try await project.run("report", "--out", path).exit == 0)
    var about = stat()
    #expect(stat(path, &about) == 0 && about.st_mode & 0o777 == 0o644 && about.st_size > 10_000)
    #expect(FolderNames.all(in: project.folder).filter { $0.contains("report") } == ["report.html"])
    let run = try #require(try await project.json("status")["run"]?["run"]?.string)
    let printed = try await project.run("report", "--out", "-", "--run", String(run.prefix(6)))
    #expect(printed.exit == 0 && printed.stdout.hasPrefix("<!DOCTYPE html>") && printed.stdout.contains(run))
    let named = try await CaissonProgram.run(
      ["report", project.file], environment: ["TARGET": project.database.url], directory: project.folder)
    #expect(named.succeeded && named.text == "shop-staging-\(run.prefix(8)).html\n", "\(named.errorText)")
    #expect(try await project.run("report", "--out", project.folder).exit == 2)
    #expect(try await project.run("report", "--out", "\(project.folder)/nowhere/x.html").exit == 1)
  }

  @Test("a pipe is written to and stays one")
  func pipe() async throws {
    let project = try Project(Self.steps), folder = project.folder, path = "\(folder)/pipe"
    _ = try await Self.report(project)
    #expect(mkfifo(path, 0o600) == 0)
    async let reader = Command(["sh", "-c", "cat \(path) > \(folder)/read.html"], timeout: .seconds(60)).run()
    #expect(try await project.run("report", "--out", path).exit == 0)
    _ = try await reader
    var about = stat()
    #expect(stat(path, &about) == 0 && about.st_mode & S_IFMT == S_IFIFO)
    #expect(project.text("read.html").hasSuffix("</html>\n") && project.text("read.html").hasPrefix("<!DOCTYPE html>"))
  }

  @Test("before anything has run there is nothing to report, and the next command is named")
  func nothing() async throws {
    let project = try Project(Self.steps), refused = try await project.run("report")
    #expect(refused.exit == 2 && refused.stderr.contains("caisson apply"), "\(refused.stderr)")
  }

  @Test("graph draws a plan without a database, and a run with its states")
  func graph() async throws {
    let project = try Project(Self.steps)
    let plan = try await project.run("graph", env: ["TARGET": ""])
    #expect(plan.exit == 0 && plan.stdout.contains("6 steps in 5 layers") && plan.stdout.contains("left-out"), "\(plan.stdout)\(plan.stderr)")
    #expect(try await project.run("apply").exit == 1)
    let run = try await project.run("graph", "--states")
    #expect(run.exit == 0 && run.stdout.contains("3 done, 1 skipped, 1 failed"), "\(run.stdout)")
    let path = "\(project.folder)/run.svg", drawn = try await project.run("graph", "--states", "--format", "svg")
    try project.write(drawn.stdout, to: "run.svg")
    let visit = try await Browser(path).visit([["eval": "document.querySelectorAll('.node.bad').length + document.documentElement.tagName"]])
    #expect(visit.results == ["1svg"] && visit.console == [] && visit.requests == [])
  }
}


extension ReportTests {
  /// Elements that reach beyond the right edge and do not stand in a box that scrolls.
  private static let escaping = """
    [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility()
      && !e.closest('.scroll, pre') && !e.classList.contains('skip')).map(e => e.outerHTML.slice(0, 120))
    """

  /// Contrast of all visible text with what is behind it, by WCAG 2's formula; texts below 4.5, or 3 where they are large.
  private static let contrast = """
    (() => {
      const read = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
      const light = (c) => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = (e) => {
        if (e.closest('svg')) {
          const box = e.closest('.node') && e.closest('.node').querySelector('.box');
          if (box) return read(getComputedStyle(box).fill);
          e = e.closest('svg');
        }
        for (; e; e = e.parentElement) {
          const colour = read(getComputedStyle(e).backgroundColor);
          if (colour.length && (colour.length < 4 || colour[3] > 0)) return colour;
        }
        return [255, 255, 255];
      };
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), low = [];
      let texts = 0;
      while (walker.nextNode()) {
        const e = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || e.closest('title, desc, script, style, .skip') || !e.checkVisibility()) continue;
        texts += 1;
        const style = getComputedStyle(e), front = light(read(e.closest('svg') ? style.fill : style.color)), back = light(ground(e));
        const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
        if (ratio < (large ? 3 : 4.5)) low.push(ratio.toFixed(2) + ' ' + walker.currentNode.data.slice(0, 40));
      }
      return { texts, low };
    })()
    """
}
