/// What a report can do besides where a browser runs scripts: filter the events, open and close all that is folded.
/// The page has everything without it. It reads the page and nothing else.
enum PageScript {
  static let text: Markup = #"""
    (() => {
      "use strict";
      const all = (query, within = document) => Array.from(within.querySelectorAll(query));
      for (const tools of all(".tools[hidden]")) tools.hidden = false;
      for (const button of all("button[data-open]")) button.addEventListener("click", () => {
        const open = button.dataset.open === "yes";
        for (const fold of all("#steps details")) fold.open = open;
      });
      const log = document.getElementById("log");
      if (log) {
        const words = document.getElementById("words"), kind = document.getElementById("kind");
        const step = document.getElementById("of-step"), found = document.getElementById("found");
        const lines = all("li", log), folds = all("details", log), first = folds.map((fold) => fold.open);
        const offer = (select, key) => {
          for (const value of Array.from(new Set(lines.map((line) => line.dataset[key]))).sort()) {
            if (value) select.append(new Option(value, value));
          }
        };
        offer(kind, "kind");
        offer(step, "step");
        const filter = () => {
          const wanted = words.value.toLowerCase(), any = wanted || kind.value || step.value;
          let count = 0;
          for (const line of lines) {
            const shown = (!kind.value || line.dataset.kind === kind.value)
              && (!step.value || line.dataset.step === step.value)
              && (!wanted || line.textContent.toLowerCase().includes(wanted));
            line.hidden = !shown;
            if (shown) count += 1;
          }
          folds.forEach((fold, place) => {
            const some = all("li", fold).some((line) => !line.hidden);
            fold.hidden = !some;
            fold.open = any ? some : first[place];
          });
          found.textContent = any ? count + " of " + lines.length + " events" : "";
        };
        let later;
        words.addEventListener("input", () => { clearTimeout(later); later = setTimeout(filter, 120); });
        for (const select of [kind, step]) select.addEventListener("change", filter);
        for (const link of all("a[data-events]")) link.addEventListener("click", () => {
          step.value = link.dataset.events;
          filter();
        });
      }
      const unfold = () => {
        const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
        for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
      };
      addEventListener("hashchange", unfold);
      unfold();
      let folded = [];
      addEventListener("beforeprint", () => {
        folded = all("details:not([open])");
        for (const fold of folded) fold.open = true;
      });
      addEventListener("afterprint", () => { for (const fold of folded) fold.open = false; });
    })();
    """#
}
