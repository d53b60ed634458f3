/// Pieces that all sections are made of.
extension ReportPage {
  /// A section with its heading.
  struct Part {
    let id: String
    let title: String
    let body: Markup

    var markup: Markup {
      "<section id=\"\(id)\" aria-labelledby=\"\(id)-h\"><h2 id=\"\(id)-h\">\(title)</h2>\n\(body)\n</section>\n"
    }
  }

  /// Symbol, word and colour.
  func badge(_ mark: StateMark) -> Markup {
    "<span class=\"state \(mark.tone.rawValue)\"><span aria-hidden=\"true\">\(mark.symbol)</span> \(mark.word)</span>"
  }

  func mono(_ text: String) -> Markup { "<span class=\"mono\">\(text)</span>" }

  func time(_ instant: String) -> Markup { "<time>\(Instant.short(instant))</time>" }

  /// Terms with what there is to say of them; those without are left out.
  func facts(_ facts: [(String, Markup)]) -> Markup {
    "<dl>\(facts.filter { !$0.1.isEmpty }.map { term, words -> Markup in "<div><dt>\(term)</dt><dd>\(words)</dd></div>\n" })</dl>"
  }

  /// A box that scrolls by itself, by keyboard as well.
  func scroll(_ label: String, _ body: Markup) -> Markup {
    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"\(label)\">\(body)</div>"
  }

  /// A column: its heading, and the style of its cells.
  struct Column: ExpressibleByStringLiteral {
    let name: String
    var style = ""

    init(stringLiteral value: String) { name = value }
    private init(_ name: String, _ style: String) { (self.name, self.style) = (name, style) }

    static func number(_ name: String) -> Column { Column(name, "number") }
    static func when(_ name: String) -> Column { Column(name, "when") }
    static func wide(_ name: String) -> Column { Column(name, "wide") }
  }

  /// The first cell of a row is its heading. Nothing where there are no rows.
  func table(_ caption: String, _ columns: [Column], _ rows: [[Markup]]) -> Markup {
    guard !rows.isEmpty else { return "" }
    let head = columns.map { column -> Markup in "<th scope=\"col\" class=\"\(column.style)\">\(column.name)</th>" }
    let body = rows.map { row -> Markup in
      let cells = zip(columns, row).enumerated().map { place, cell -> Markup in
        place == 0
          ? "<th scope=\"row\">\(cell.1)</th>" : "<td class=\"\(cell.0.style)\">\(cell.1)</td>"
      }
      return "<tr>\(cells)</tr>\n"
    }
    return scroll(
      caption, "<table><caption>\(caption)</caption><thead><tr>\(head)</tr></thead>\n<tbody>\(body)</tbody></table>")
  }

  func fold(_ summary: Markup, open: Bool = false, _ body: Markup) -> Markup {
    let state: Markup = open ? " open" : ""
    return "<details\(state)><summary>\(summary)</summary>\n\(body)</details>\n"
  }

  func link(to step: String) -> Markup {
    anchors[step].map { "<a href=\"#\($0)\">\(step)</a>" } ?? "\(step)"
  }

  func list(_ words: [Markup]) -> Markup {
    words.enumerated().map { $0 == 0 ? $1 : ", \($1)" }.reduce(Markup.none, +)
  }
}
