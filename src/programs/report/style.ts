/** The page's style: one sheet, light and dark, no fonts or images from elsewhere. */
import { Html } from "./html.ts"

export const style = new Html(`
:root {
  color-scheme: light dark;
  --paper: #fbfbfa; --card: #ffffff; --ink: #1c1e21; --muted: #6b7078; --line: #e4e5e7; --stage: #f4f5f7;
  --c0: #2f6fde; --c1: #d97a17; --c2: #1f9d6b; --c3: #a355c9; --c4: #d1495b; --c5: #64748b;
  --before: #9aa1ab; --after: #2f6fde; --ok: #1c8a5c; --bad: #c73e4d; --hint: #9a6a00; --hint-paper: #fff6df;
  --said: #f1f4f9; --user: #eaf1fe;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121417; --card: #1a1d21; --ink: #e6e8eb; --muted: #949ba5; --line: #2c3036; --stage: #20242a;
    --c0: #6ea3ff; --c1: #f0a04b; --c2: #4cc795; --c3: #cb8bea; --c4: #f07f8d; --c5: #97a3b6;
    --before: #767e8a; --after: #6ea3ff; --ok: #4cc795; --bad: #f07f8d; --hint: #eac36a; --hint-paper: #2e2718;
    --said: #22262c; --user: #1d2a40;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1180px; margin: 0 auto; padding: 40px 28px 80px; }
h1 { font-size: 28px; line-height: 1.2; margin: 2px 0 8px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 52px 0 4px; letter-spacing: -0.005em; }
h2 + p { margin: 0 0 16px; }
p { margin: 0 0 8px; }
.lead, .muted, figcaption span, h2 + p, .eyebrow { color: var(--muted); }
h2 + p, .lead { max-width: 78ch; }
.eyebrow { font-size: 12px; letter-spacing: 0.09em; text-transform: uppercase; margin: 0; }
code, pre { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.chip {
  display: inline-block; border: 1px solid var(--line); border-radius: 99px; padding: 0 9px; font-size: 12px;
  line-height: 20px; color: var(--muted); white-space: nowrap;
}
.chip.completed { color: var(--ok); border-color: currentColor; }
.chip.interrupted, .chip.running { color: var(--hint); border-color: currentColor; }
.chip.failed { color: var(--bad); border-color: currentColor; }
.notice { border-left: 3px solid var(--hint); background: var(--hint-paper); padding: 10px 14px; border-radius: 0 6px 6px 0; }
.figures { display: flex; flex-wrap: wrap; gap: 12px; margin: 26px 0 0; }
.figure { flex: 1 0 auto; max-width: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.figure span { color: var(--muted); font-size: 13px; display: block; }
.figure b { font-size: 23px; font-weight: 650; letter-spacing: -0.015em; display: block; line-height: 1.35; white-space: nowrap; }
.figure b i { color: var(--muted); font-style: normal; font-weight: 400; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 18px; overflow-x: auto; }
.next { margin-top: 14px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 500; color: var(--muted); font-size: 12.5px; padding: 4px 14px 8px 0; vertical-align: bottom; }
td { padding: 7px 14px 7px 0; border-top: 1px solid var(--line); vertical-align: middle; }
th:last-child, td:last-child { padding-right: 0; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.plot { width: 38%; min-width: 150px; }
td.plot ~ td.plot, tr:has(td.plot ~ td.plot) td.plot { width: 22%; min-width: 100px; }
tr.whole td { font-weight: 600; }
td small { color: var(--muted); font-weight: 400; font-size: 12.5px; white-space: nowrap; }
.up { color: var(--ok); } .down { color: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 12.5px; color: var(--muted); margin: 6px 0 0; }
.legend .swatch { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; background: currentColor; }
svg { display: block; overflow: visible; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--muted); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .stage { fill: var(--stage); }
svg .boundary { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 2 3; opacity: 0.6; }
svg .label { font-size: 11px; }
svg .band { fill: currentColor; opacity: 0.16; }
svg .curve { fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linejoin: round; }
svg .dot { fill: currentColor; }
svg .pointer { fill: transparent; }
svg .pointer:hover { fill: currentColor; opacity: 0.07; }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
.c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
.intervals .range { stroke: currentColor; stroke-width: 5; stroke-linecap: round; opacity: 0.32; }
.intervals circle { fill: currentColor; stroke: var(--card); stroke-width: 1.5; }
.intervals .before, .swatch.before { color: var(--before); } .intervals .after, .swatch.after { color: var(--after); }
.intervals .rate, .swatch.rate { color: var(--c2); }
.stacked rect { fill: currentColor; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 430px), 1fr)); gap: 14px; }
.chart { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px 10px; }
.chart svg { width: 100%; height: auto; }
.chart .legend { padding-left: 6px; margin-top: 2px; }
figcaption { font-size: 13.5px; margin-bottom: 4px; }
figcaption b { font-weight: 600; }
figcaption span { font-size: 12.5px; }
.told { font-size: 12.5px; color: var(--muted); }
.told summary { cursor: pointer; }
.told pre { margin-top: 6px; }
.told .hinted { margin-top: 4px; }
.episodes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); gap: 14px; align-items: start; }
.episode { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; min-width: 0; }
.episode header { padding: 12px 14px; border-bottom: 1px solid var(--line); font-size: 13px; }
.episode header p { margin: 2px 0 0; overflow-wrap: anywhere; }
.episode header b { font-size: 15px; }
.chat { padding: 12px 14px 14px; display: flex; flex-direction: column; gap: 8px; max-height: 820px; overflow-y: auto; }
.said { border-radius: 8px; padding: 7px 10px; background: var(--said); }
.said.user { background: var(--user); margin-right: 18px; }
.said.assistant { margin-left: 18px; }
.role { font-size: 11px; color: var(--muted); display: block; }
.system { font-size: 12.5px; color: var(--muted); }
details summary { cursor: pointer; }
details summary em { color: var(--muted); font-style: normal; }
.outcome { margin-left: 18px; border-left: 3px solid var(--ok); padding: 3px 0 3px 10px; }
.outcome.bad { border-color: var(--bad); }
.call { display: block; font-weight: 600; overflow-wrap: anywhere; }
.outcome pre { color: var(--muted); }
.before { text-decoration: line-through; text-decoration-color: var(--muted); color: var(--muted); }
.hinted { background: var(--hint-paper); border-radius: 6px; padding: 5px 8px; margin-top: 4px; }
.outcome .hinted, .told .hinted { color: var(--ink); }
.rule { display: block; color: var(--hint); font-size: 11.5px; font-weight: 600; }
.verdict { font-size: 12.5px; font-weight: 600; margin: 0; }
.verdict.ok { color: var(--ok); } .verdict.bad { color: var(--bad); }
.settings td { padding: 5px 14px 5px 0; font-size: 13px; }
.settings td:first-child { color: var(--muted); }
.shared { border-top: 1px solid var(--line); padding-top: 8px; font-size: 13px; color: var(--muted); }
.shared .pair { margin-top: 10px; font-size: 13px; color: var(--ink); }
.pair { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; font-size: 14px; margin: 0; }
.pair dt { color: var(--muted); } .pair dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 56px; color: var(--muted); font-size: 12.5px; border-top: 1px solid var(--line); padding-top: 14px; }
@media (max-width: 640px) {
  main { padding: 24px 14px 60px; }
  h1 { font-size: 23px; }
  .card { padding: 10px 12px; }
  .figure { padding: 10px 12px; }
  .figure b { font-size: 18px; }
  th:has(.scale), .plot { display: none; }
  table { font-size: 13px; }
  td small { display: block; font-size: 11px; }
  td, th { padding-right: 6px; }
  td:first-child { overflow-wrap: anywhere; min-width: 80px; }
  .charts { gap: 10px; }
  .pair { grid-template-columns: 1fr; gap: 0; }
  .pair dd { margin-bottom: 8px; }
}
@media print { .chat { max-height: none; } .figure, .card, .chart, .episode { break-inside: avoid; } }
`)
