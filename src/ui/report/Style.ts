/** How the report looks, in the colours that its reader prefers. */
import { html } from "./Html.ts"

// Working and waiting differ in brightness and in pattern too, for those who see no colours, and on paper.
export const style = html`<style>
  :root {
    --page: #ffffff;
    --text: #1c2024;
    --dim: #5b646d;
    --line: #d9dee3;
    --box: #f4f6f8;
    --working: #2563a8;
    --waiting: #c98a1b;
    --stripe: #f2d49b;
    --lane: #b9c2cb;
    --good: #1a7f45;
    --bad: #b3261e;
    --open: #8a6100;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --page: #14171a;
      --text: #e4e8eb;
      --dim: #9aa5af;
      --line: #30373e;
      --box: #1d2226;
      --working: #5aa2ee;
      --waiting: #a8741a;
      --stripe: #e8c37e;
      --lane: #56616b;
      --good: #5fcf8d;
      --bad: #ff8a80;
      --open: #e3b341;
    }
  }
  * {
    box-sizing: border-box;
  }
  body {
    margin: 0;
    padding: 1.5rem;
    background: var(--page);
    color: var(--text);
    font:
      15px/1.5 system-ui,
      sans-serif;
  }
  main,
  nav {
    max-width: 72rem;
    margin: 0 auto;
  }
  article + article {
    margin-top: 3rem;
    padding-top: 1.5rem;
    border-top: 2px solid var(--line);
  }
  header {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0.25rem 1rem;
  }
  h1 {
    margin: 0;
    font-size: 1.6rem;
    overflow-wrap: anywhere;
  }
  h1 small {
    color: var(--dim);
    font-weight: normal;
  }
  h2 {
    margin: 1.75rem 0 0.5rem;
    font-size: 1.1rem;
  }
  h3 {
    margin: 1rem 0 0.25rem;
    font-size: 0.95rem;
  }
  a {
    color: var(--working);
  }
  .end {
    margin: 0;
    font-weight: 600;
  }
  .good {
    color: var(--good);
  }
  .bad {
    color: var(--bad);
  }
  .open {
    color: var(--open);
  }
  dl {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
    gap: 0.5rem 1.5rem;
    margin: 1rem 0;
  }
  dt {
    color: var(--dim);
    font-size: 0.8rem;
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  ul {
    margin: 0;
    padding-left: 1.25rem;
    overflow-wrap: anywhere;
  }
  .failure {
    margin-top: 1.5rem;
    padding: 0.75rem 1rem;
    border-left: 4px solid var(--bad);
    background: var(--box);
  }
  .failure h2 {
    margin-top: 0;
    color: var(--bad);
  }
  .failure p {
    margin: 0.5rem 0;
    overflow-wrap: anywhere;
  }
  pre {
    margin: 0;
    padding: 0.75rem;
    overflow-x: auto;
    background: var(--box);
    border: 1px solid var(--line);
    font:
      13px/1.45 ui-monospace,
      monospace;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  details {
    margin-top: 1.5rem;
  }
  summary {
    cursor: pointer;
    font-weight: 600;
  }
  .wide {
    overflow-x: auto;
  }
  table {
    width: 100%;
    min-width: 40rem;
    border-collapse: collapse;
    font-size: 0.9rem;
  }
  th,
  td {
    padding: 0.2rem 0.5rem;
    text-align: left;
    vertical-align: middle;
    font-weight: normal;
  }
  thead th {
    color: var(--dim);
    font-size: 0.8rem;
  }
  th:first-child {
    width: 17rem;
    overflow-wrap: anywhere;
  }
  tbody th[scope="row"] {
    padding-left: 1.5rem;
  }
  tr.step th,
  tr.step td {
    padding-top: 0.6rem;
    font-weight: 600;
  }
  tr > :nth-child(n + 3) {
    width: 6rem;
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  .axis {
    padding: 0;
  }
  .axis div {
    position: relative;
    height: 1.2rem;
  }
  .axis span {
    position: absolute;
    white-space: nowrap;
  }
  .track {
    position: relative;
    padding: 0;
    background: repeating-linear-gradient(to right, var(--line) 0 1px, transparent 1px var(--grid));
  }
  .track i {
    position: absolute;
    top: 50%;
    height: 0.8rem;
    margin-top: -0.4rem;
    min-width: 3px;
    border-radius: 2px;
  }
  .legend {
    margin: 0 0 0.5rem;
    color: var(--dim);
    font-size: 0.85rem;
  }
  .legend i {
    display: inline-block;
    width: 1.6rem;
    height: 0.75rem;
    margin: 0 0.3rem 0 1rem;
    border-radius: 2px;
    vertical-align: -1px;
  }
  .legend i:first-child {
    margin-left: 0;
  }
  i.working {
    background: var(--working);
  }
  i.waiting {
    background: repeating-linear-gradient(135deg, var(--waiting) 0 4px, var(--stripe) 4px 7px);
  }
  i.lane {
    background: var(--lane);
  }
  .track i.lane {
    height: 0.35rem;
    margin-top: -0.05rem;
  }
  i.unended {
    border-right: 3px solid var(--bad);
  }
  .events th:first-child {
    width: auto;
  }
  .events td {
    vertical-align: top;
    overflow-wrap: anywhere;
  }
  .events tr > :nth-child(n + 3) {
    width: auto;
    white-space: normal;
  }
  .events tr > :nth-child(-n + 3) {
    white-space: nowrap;
  }
  @media print {
    body {
      padding: 0;
    }
    i {
      print-color-adjust: exact;
      -webkit-print-color-adjust: exact;
    }
  }
</style>`
