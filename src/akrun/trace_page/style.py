"""How the page looks: on light and dark screens, and on paper."""

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f7f9fb; --line: #dbe2e9; --ink: #1d2733; --soft: #566370;
  --good: #2e7d32; --bad: #b71c1c; --open: #8a5200; --link: #1565c0; --sent: #1565c0;
  --good-fill: #e8f5e9; --bad-fill: #fdecea; --open-fill: #fff4e0;
  --key: #6a3597; --text: #2b6a2f; --number: #1256a0; --word: #a33c00;
  --sans: system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e141b; --panel: #141c25; --line: #2b3948; --ink: #e4ebf2; --soft: #9fadbb;
    --good: #6cc070; --bad: #ff8a85; --open: #e3a94f; --link: #7ab8f5; --sent: #6aaef2;
    --good-fill: #14301a; --bad-fill: #3a1a1a; --open-fill: #33270f;
    --key: #c9a4ea; --text: #8fcf92; --number: #84bdf5; --word: #f0a36b;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 var(--sans); }
main { max-width: 75rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 1rem; line-height: 1.3; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 0.5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.8rem 0 0.6rem; }
h4, h5, h6 { font-size: 0.98rem; margin: 1rem 0 0.3rem; overflow-wrap: anywhere; }
article > h4, article > h6 { margin-top: 0; }
p { margin: 0.3rem 0; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.soft, caption { color: var(--soft); font-weight: 400; }
.label { display: block; font-weight: 400; font-size: 0.85rem; }
.state, .exit { display: inline-block; padding: 0 0.6em; border-radius: 1em; border: 1px solid;
  font-size: 0.85rem; font-weight: 600; white-space: nowrap; }
h1 .state { vertical-align: 0.2em; }
.good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--open); }
.state.good, .exit.good { background: var(--good-fill); }
.state.bad, .exit.bad { background: var(--bad-fill); }
.state.open, .exit.open { background: var(--open-fill); }
.facts { display: flex; flex-wrap: wrap; gap: 0.6rem 2.2rem; margin: 0; }
.facts dt { color: var(--soft); font-size: 0.8rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.note { color: var(--open); }
.error { margin: 0.8rem 0; padding: 0.7rem 1rem; border-left: 4px solid var(--bad);
  background: var(--bad-fill); border-radius: 0 6px 6px 0; }
.error > p b { color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-size: 0.85rem; padding: 0.2rem 0; }
th, td { text-align: left; padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
thead th { font-size: 0.8rem; color: var(--soft); }
tbody th { font-weight: 600; }
.timeline th, .timeline td { white-space: nowrap; }
.timeline tbody th { white-space: normal; min-width: 14rem; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
th.wide, td.wide { width: 45%; min-width: 12rem; }
.lane { position: relative; height: 1.1rem; margin-top: 0.15rem; background: var(--panel);
  border-radius: 4px; overflow: hidden; }
.bar { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: 3px; background: currentColor;
  opacity: 0.55; }
.bar.sent { color: var(--sent); top: 0.35rem; bottom: 0.35rem; opacity: 1; }
.picture { max-height: 46rem; overflow: auto; border: 1px solid var(--line); border-radius: 8px; }
.picture svg { display: block; max-width: none; margin: 0 auto; }
.step { margin: 0.9rem 0; padding: 0.9rem 1.1rem; border: 1px solid var(--line); border-left-width: 4px;
  border-radius: 6px; background: var(--page); }
.step.good, .step.bad, .step.open { color: var(--ink); }
.step.good { border-left-color: var(--good); } .step.bad { border-left-color: var(--bad); }
.step.open { border-left-color: var(--open); }
.step:target { box-shadow: 0 0 0 3px var(--link); }
.badge { display: inline-block; min-width: 1.7em; padding: 0 0.45em; border-radius: 1em; text-align: center;
  background: var(--soft); color: var(--page); font-size: 0.8rem; }
.branch { margin: 0.8rem 0 0 0.4rem; padding-left: 1rem; border-left: 2px dashed var(--line); }
.exchange { margin: 0.8rem 0; padding: 0.1rem 1rem 0.8rem; border-radius: 6px; background: var(--panel); }
.exchange table { width: auto; margin: 0.3rem 0; }
.headers th, .headers td { padding: 0.1rem 0.8rem 0.1rem 0; border: 0; overflow-wrap: anywhere;
  font: 13px/1.5 var(--mono); }
.headers th { color: var(--soft); white-space: nowrap; }
.line { font: 14px/1.5 var(--mono); }
pre { margin: 0.4rem 0; padding: 0.7rem 0.9rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--page); color: var(--ink); font: 13px/1.5 var(--mono); white-space: pre-wrap;
  overflow-wrap: anywhere; }
pre.frame { white-space: pre; overflow-x: auto; }
.key { color: var(--key); } .text { color: var(--text); }
span.number { color: var(--number); } .word { color: var(--word); }
details { margin: 0.4rem 0; }
summary { cursor: pointer; color: var(--soft); font-size: 0.9rem; }
@media print {
  main { max-width: none; padding: 0; }
  body { font-size: 11px; }
  .step, .exchange, tr { break-inside: avoid-page; }
  h2, h3, h4, h5, h6, summary { break-after: avoid; }
  .scroll, .picture { overflow: visible; max-height: none; border: 0; }
  .picture svg { max-width: 100%; height: auto; }
  .bar, .state, .exit, .error { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; height: auto; }
}
"""
