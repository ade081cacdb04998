# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How the report looks. A Python string, because data files do not travel with a module."""

from __future__ import annotations

STYLE = """
:root{--paper:#fff;--ink:#1b2430;--soft:#5d6b7c;--line:#e3e8ee;--tint:#f5f7fa;--blue:#2f6fde;--pale:#c9dafc;
    --good:#13794a;--bad:#c5283d;--c0:#2f6fde;--c1:#12a594;--c2:#8e5fd6;--c3:#e0851d;--c4:#d6518f;--c5:#64748b}
@media(prefers-color-scheme:dark){
  :root{--paper:#11161d;--ink:#e7ecf2;--soft:#93a1b2;--line:#283240;--tint:#19212b;--blue:#6ea1ff;--pale:#27406e;
    --good:#4cc38a;--bad:#ff6b78;--c0:#6ea1ff;--c1:#3fd0bf;--c2:#b792f2;--c3:#f0a64a;--c4:#f07fb1;--c5:#93a1b2}
}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
    font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:880px;margin:0 auto;padding:40px 20px 64px}
h1{font-size:clamp(26px,5vw,36px);line-height:1.2;letter-spacing:-.02em;margin:8px 0}
h2{font-size:18px;margin:0 0 14px}
section{margin-top:44px}
code{font:.88em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
pre{margin:0;padding:14px 16px;background:var(--tint);border:1px solid var(--line);border-radius:8px;overflow-x:auto}
pre code{overflow-wrap:normal}
.route{margin:0;color:var(--soft)}
.route code{color:var(--ink)}
.to{padding:0 4px}
.verdict{margin:0;font-weight:600}
.good{color:var(--good)}
.bad{color:var(--bad)}
.verdict:before{content:"";display:inline-block;width:9px;height:9px;margin-right:8px;border-radius:50%;
    background:currentColor}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:1px;background:var(--line);
    border:1px solid var(--line);border-radius:10px;overflow:hidden;margin-top:28px}
.figures div{background:var(--paper);padding:18px}
.figures b{display:block;font-size:34px;line-height:1.1;font-weight:650;letter-spacing:-.02em;
    font-variant-numeric:tabular-nums}
.figures span{display:block;margin-top:6px;font-weight:500}
.figures small{display:block;color:var(--soft);font-size:13px}
.timeline{display:grid;grid-template-columns:max-content minmax(0,1fr) max-content;column-gap:14px;font-size:14px}
.name,.span{height:28px;line-height:28px;white-space:nowrap}
.span{text-align:right;color:var(--soft);font-variant-numeric:tabular-nums}
.chart{display:flex;align-items:flex-end;padding-bottom:3px;color:var(--soft);font-size:13px;line-height:1}
.spans .chart{justify-content:flex-end}
.track{position:relative}
.track svg{display:block;width:100%}
.area{fill:var(--pale)}
.bar{fill:var(--blue)}
.bar.quiet{fill:var(--c1)}
.down{fill:var(--bad);opacity:.32}
.guide{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.mark{position:absolute;top:0;transform:translateX(-50%);color:var(--bad);font-size:12px;line-height:16px;
    font-weight:600;white-space:nowrap;background:var(--paper);border-radius:4px;padding:0 3px}
.mark.lower{top:17px}
.axis{display:flex;justify-content:space-between;color:var(--soft);font-size:12px;border-top:1px solid var(--line);
    margin-top:6px;padding-top:4px}
.note{margin:8px 0 0;color:var(--soft);font-size:14px}
.steps{display:block;width:100%;height:20px;border-radius:4px}
.legend{display:flex;flex-wrap:wrap;gap:6px 22px;list-style:none;margin:12px 0 0;padding:0;font-size:14px}
.legend i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:7px}
.legend b{font-weight:600;white-space:nowrap;font-variant-numeric:tabular-nums}
.p0{fill:var(--c0);background:var(--c0)}
.p1{fill:var(--c1);background:var(--c1)}
.p2{fill:var(--c2);background:var(--c2)}
.p3{fill:var(--c3);background:var(--c3)}
.p4{fill:var(--c4);background:var(--c4)}
.p5{fill:var(--c5);background:var(--c5)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:15px}
th,td{padding:9px 14px 9px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;font-weight:400}
th{font-weight:550}
thead th{color:var(--soft);font-size:13px;font-weight:500}
td:last-child,thead th:last-child{padding-right:0;white-space:nowrap}
.n{text-align:right;font-variant-numeric:tabular-nums}
td.good,td.bad{font-weight:550}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:6px 20px;margin:0;font-size:15px}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
@media(max-width:560px){
  main{padding:24px 16px 48px}
  .figures{grid-template-columns:1fr 1fr}
  .figures div:last-child:nth-child(odd){grid-column:1/-1}
  .figures b{font-size:28px}
  dl{grid-template-columns:1fr;gap:0}
  dd{margin-bottom:8px}
  .timeline{column-gap:8px;font-size:13px}
  thead{display:none}
  tr{display:grid;grid-template-columns:1fr auto;padding:10px 0;border-bottom:1px solid var(--line)}
  th,td{border:0;padding:0}
  tbody td:nth-child(2){grid-column:1/-1;order:3;color:var(--soft);font-size:14px}
  tbody td:last-child{order:2}
  tbody td.n{order:4;grid-column:1/-1;text-align:left;color:var(--soft);font-size:14px}
  tbody td.n:after{content:" checked"}
}
@media print{
  main{padding:0}
  section{break-inside:avoid}
}
"""
