/// How a report looks: light and dark, on paper and on a phone. Colours of text have a contrast of 4.5 and more on every
/// surface they are used on.
enum PageStyle {
  static let light: Markup = """
    --ground:#f4f6f7;--surface:#fff;--sunk:#eef1f3;--ink:#182026;--muted:#4d5963;--line:#cdd5da;--link:#0a5a94;\
    --focus:#0a5a94;--accent:#0d5c63;--good:#156c3a;--active:#0b5cab;--waiting:#7d5100;--person:#6f35a5;--bad:#b3261e;\
    --quiet:#55616b;--back:#66552e;--good-fill:#3f9e68;--active-fill:#3f8fd6;--waiting-fill:#e0a93b;\
    --person-fill:#a274d0;--bad-fill:#d9564c;--quiet-fill:#a3adb5;--back-fill:#a48f5e
    """
  static let dark: Markup = """
    --ground:#10161a;--surface:#182026;--sunk:#212b32;--ink:#e6ebee;--muted:#a9b5be;--line:#3a4751;--link:#7cc0f5;\
    --focus:#9bd0ff;--accent:#62c7c0;--good:#6ad295;--active:#7cbcff;--waiting:#f0b84a;--person:#cba6f7;--bad:#ff9a90;\
    --quiet:#a9b5be;--back:#d6c18f;--good-fill:#2f8a56;--active-fill:#2f77bd;--waiting-fill:#b17f1c;\
    --person-fill:#7f50b0;--bad-fill:#bb4238;--quiet-fill:#66727c;--back-fill:#86713f
    """

  /// Boxes and curves, in a page and in a file of their own.
  static let graph: Markup = """
    .graph text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--ink)}
    .graph .name{font-weight:600;font-size:12.5px}
    .graph .kind{fill:var(--muted);font-size:11px}
    .graph .box{fill:var(--surface);stroke:var(--line)}
    .graph .bar{fill:var(--tone-fill,var(--line))}
    .graph .state{fill:var(--tone,var(--muted));font-weight:600}
    .graph .no-return{fill:var(--bad)}
    .graph .edge{fill:none;stroke:var(--quiet-fill);stroke-width:1.3}
    .graph a:hover .box{stroke:var(--tone,var(--link));stroke-width:2}
    .graph a:focus{outline:none}
    .graph a:focus-visible .box,.graph a:focus .box{stroke:var(--focus);stroke-width:3}
    .good{--tone:var(--good);--tone-fill:var(--good-fill)}
    .active{--tone:var(--active);--tone-fill:var(--active-fill)}
    .waiting{--tone:var(--waiting);--tone-fill:var(--waiting-fill)}
    .person{--tone:var(--person);--tone-fill:var(--person-fill)}
    .bad{--tone:var(--bad);--tone-fill:var(--bad-fill)}
    .quiet{--tone:var(--quiet);--tone-fill:var(--quiet-fill)}
    .back{--tone:var(--back);--tone-fill:var(--back-fill)}
    """

  /// Of an SVG file.
  static let ofFile: Markup = """
    svg{\(light);color-scheme:light dark;background:var(--ground)}
    @media (prefers-color-scheme:dark){svg{\(dark)}}
    \(graph)
    """

  /// Of a report.
  static let ofPage: Markup = """
    :root{\(light);color-scheme:light dark}
    @media (prefers-color-scheme:dark){:root{\(dark)}}
    *,::before,::after{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth;scroll-padding-top:1rem}
    body{margin:0;background:var(--ground);color:var(--ink);overflow-wrap:anywhere;
    font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
    header,main,footer,nav{max-width:76rem;margin:0 auto;padding:0 1rem}
    header{padding-top:1.5rem}
    footer{padding-bottom:2rem;color:var(--muted)}
    h1,h2,h3{line-height:1.25;text-wrap:balance}
    h1{font-size:1.6rem;margin:.2rem 0 .4rem}
    h2{font-size:1.2rem;margin:0 0 .7rem}
    h3{font-size:1rem;margin:0}
    p{margin:.4rem 0}
    a{color:var(--link)}
    a:focus-visible,summary:focus-visible,button:focus-visible,input:focus-visible,select:focus-visible,
    [tabindex]:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:3px}
    .skip{position:absolute;left:-999rem;background:var(--surface);padding:.5rem 1rem;z-index:1}
    .skip:focus{left:.5rem;top:.5rem}
    .product{color:var(--accent);font-weight:600;letter-spacing:.02em;margin:0}
    .lead{font-size:1.05rem}
    .muted,.when{color:var(--muted)}
    section{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:1rem;margin:0 0 1rem}
    article{border-top:1px solid var(--line);padding:1rem 0}
    article:target{box-shadow:-4px 0 0 var(--accent);padding-left:.6rem}
    nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;margin:.6rem 0 1rem}
    nav a{display:inline-block;padding:.2rem 0}
    .state{color:var(--tone,var(--ink));font-weight:600;white-space:nowrap}
    h1 .state{font-size:1.1rem;border:2px solid currentColor;border-radius:999px;padding:.1rem .7rem;vertical-align:.15em}
    dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15.5rem),1fr));gap:.6rem 1.2rem;margin:.6rem 0}
    dt{color:var(--muted);font-size:.85rem}
    dd{margin:0}
    code,pre,.mono{font:.86em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
    pre{background:var(--sunk);border-radius:6px;padding:.6rem .8rem;margin:.4rem 0;overflow:auto;max-height:32rem;
    overflow-wrap:normal}
    .scroll{overflow:auto;max-width:100%;max-height:85vh;border-radius:4px}
    .scroll svg{display:block}
    table{border-collapse:collapse;min-width:100%}
    th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line)}
    thead th{color:var(--muted);font-weight:600;font-size:.85rem;white-space:nowrap}
    tbody th{font-weight:600}
    td.wide{min-width:16rem}
    .number,td.when{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
    td.when{text-align:left}
    caption{text-align:left;color:var(--muted);padding-bottom:.3rem}
    details{margin:.35rem 0}
    summary{cursor:pointer;padding:.2rem 0}
    .inside{padding-left:1rem;border-left:2px solid var(--line)}
    .error{border-left:4px solid var(--bad-fill);padding-left:.7rem;margin:.4rem 0}
    .tools{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:.4rem 0}
    .tools label{display:grid;font-size:.85rem;color:var(--muted)}
    input,select,button{font:inherit;color:var(--ink);background:var(--surface);border:1px solid var(--quiet);
    border-radius:5px;padding:.35rem .6rem;max-width:100%;min-height:2.2rem}
    button{cursor:pointer}
    .legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;padding:0;margin:.3rem 0;list-style:none;font-size:.9rem}
    .log{list-style:none;margin:0;padding:0}
    .log li{padding:.25rem 0;border-bottom:1px solid var(--line);content-visibility:auto;contain-intrinsic-size:auto 2rem}
    [hidden]{display:none!important}
    \(graph)
    \(timeline)
    @media (min-width:60rem){body{font-size:16px}.log li{display:grid;grid-template-columns:13.5rem 1fr;gap:0 1rem}}
    @media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
    @media print{:root{\(light);color-scheme:light;--ground:#fff}body{font-size:10pt}
    .skip,nav,.tools{display:none}section{border:0;padding:0;break-inside:auto}article{break-inside:avoid-page}
    .scroll,pre{overflow:visible;max-height:none}.scroll svg{max-width:100%;height:auto}pre{white-space:pre-wrap}
    a{color:inherit;text-decoration:none}}
    """

  private static let timeline: Markup = """
    .timeline text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--ink)}
    .timeline .tick{fill:var(--muted);font-size:11px}
    .timeline .grid{stroke:var(--line)}
    .timeline .gap{fill:var(--sunk)}
    .timeline .stripe{fill:var(--sunk)}
    .timeline .work{fill:var(--tone-fill)}
    .timeline .wait{fill:none;stroke:var(--waiting);stroke-dasharray:3 2}
    .timeline .gate{fill:none;stroke:var(--person);stroke-width:1.5;stroke-dasharray:6 3}
    .timeline .mark{fill:var(--tone)}
    .timeline a:focus{outline:none}
    .timeline a text{fill:var(--link)}
    .timeline a:focus-visible text,.timeline a:focus text{text-decoration:underline;font-weight:700}
    """
}
