import Testing

@testable import CommandLineKit

@Suite struct HelpTests {
  @Test("a command's page says what it takes, aligned and wrapped")
  func leaf() {
    #expect(
      Sample.apply.help(path: ["tool", "apply"], width: 72) == """
        tool apply: run a plan, or go on with the run that was stopped

        usage: tool apply ENVIRONMENT [STEP] [options]

        Installs the journal where it is missing. After a crash the same command
        goes on with the same run; nothing that has been committed is done
        again.

          exit 4   stopped, checkpoint saved

        arguments:
          ENVIRONMENT  environment file, or a folder with --env
          [STEP]       the step

        options:
          -o, --output text|json  how to print [text]
          -y, --yes               do not ask
          -a, --all               everything
              --wait[=DURATION]   wait for closed gates
              --var NAME=VALUE    set a variable (repeatable)
          -n, --limit N           how many
          -h, --help              show this page

        examples:
          tool apply staging.yaml
              everything the plan has for staging

        """)
  }

  @Test("a group's page lists its commands by section in one column")
  func group() {
    #expect(
      Sample.root.help(path: ["tool"]) == """
        tool: a tool for tests

        usage: tool COMMAND [options]

        run:
          apply    run a plan, or go on with the run that was stopped
        try:
          sandbox  a private server

        'tool COMMAND --help' explains a command.

        """)
  }

  @Test("no line is wider than the terminal", arguments: [40, 50, 64, 80, 100, 200])
  func width(columns: Int) {
    for line in Sample.apply.help(path: ["tool", "apply"], width: columns).split(separator: "\n") {
      #expect(DisplayText.width(String(line)) <= min(columns, 100), "\(line)")
    }
  }

  @Test("styles change how a page looks, not what it says")
  func styles() {
    let styled = Sample.root.help(path: ["tool"], palette: Palette(enabled: true))
    #expect(styled.contains("\u{1B}[1mtool\u{1B}[0m"))
    #expect(styled.split(separator: "\u{1B}").count > 3)
  }

  @Test("the dump has every command, option and choice")
  func dump() {
    let json = Sample.root.json
    for wanted in [
      "\"name\": \"psql\"", "\"long\": \"output\"", "\"choices\": [", "\"type\": \"duration\"", "\"default\": \"text\"",
      "\"arity\": \"rest\"",
    ] { #expect(json.contains(wanted)) }
  }
}
