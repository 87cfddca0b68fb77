import { formatBytes, formatCount, formatDuration, plural } from "drizzle-deploy/report";
import type { EChartsCoreOption } from "echarts/core";
import { SpfpError } from "../errors.ts";
import type { BenchReport } from "../promises/index.ts";
import {
  type BenchTable,
  checkTable,
  clientsTable,
  deploymentsTable,
  formatVerdict,
  growthTable,
  mergeTable,
  policiesTable,
  screenColumns,
  screenRow,
  storageTable,
  viewsTable,
  writesTable,
} from "./bench-tables.ts";

type Draw = (option: EChartsCoreOption, height: number) => string;

/** Narrow, so that a phone shows the letters at half their size and not at a third. */
const width = 640;

/**
 * Loads the charting library, or says that it is missing, before long work.
 * @throws SpfpError CHART_LIBRARY_MISSING
 */
export async function requireCharts(): Promise<typeof import("echarts")> {
  return import("echarts").catch((cause: unknown) => {
    throw new SpfpError(
      "CHART_LIBRARY_MISSING",
      "The page's charts are drawn by the package echarts, which is not installed.",
      "Run: npm install echarts",
      { cause },
    );
  });
}

/** The charting library, drawing without a browser: the page needs no script. */
async function loadDraw(): Promise<Draw> {
  const echarts = await requireCharts();
  return (option, height) => {
    const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
    chart.setOption({ animation: false, textStyle: { fontFamily: "system-ui, sans-serif" }, ...option });
    const svg = chart.renderToSVGString();
    chart.dispose();
    return svg;
  };
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"]/g, (one) => escapes[one] ?? one);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: "th" | "td", row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${cells("th", head)}</thead><tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table></div>`;
}

const figure = (svg: string, text: string): string =>
  `<figure>${svg}<figcaption>${escapeHtml(text)}</figcaption></figure>`;

const logAxis = { type: "log", axisLabel: { formatter: (value: number) => formatDuration(value) } };

function screenChart(draw: Draw, { screens }: BenchReport): string {
  const own = screens.filter(({ tenant }) => tenant === "largest").toReversed();
  if (own.length === 0) return "";
  const bars = (name: string, color: string, of: (one: (typeof own)[number]) => number) => ({
    type: "bar",
    name,
    color,
    data: own.map(of),
  });
  const svg = draw(
    {
      legend: { top: 0 },
      grid: { left: 225, right: 30, top: 30, bottom: 30 },
      xAxis: { ...logAxis, min: 0.01, startValue: 0.01 },
      yAxis: { type: "category", data: own.map(({ title, query }) => `${title}: ${query}`) },
      series: [
        bars("floor", "#b8bec8", (one) => one.floor.milliseconds.median),
        bars("after", "#2a78d6", (one) => one.after.milliseconds.median),
        bars("before", "#e07a3f", (one) => one.before.milliseconds.median),
      ],
    },
    60 + own.length * 56,
  );
  return figure(svg, "Execution on the server for the largest tenant, medians, on a logarithmic scale.");
}

function waitsChart(draw: Draw, { deployments }: BenchReport): string {
  if (deployments.length === 0) return "";
  const colors = ["#2a78d6", "#e07a3f", "#7a8291"];
  const svg = draw(
    {
      legend: { top: 0 },
      grid: { left: 70, right: 30, top: 30, bottom: 45 },
      xAxis: { type: "value", name: "seconds", nameLocation: "middle", nameGap: 28 },
      yAxis: { ...logAxis, min: 1 },
      series: deployments.map(({ kind, waits }, at) => ({
        type: "line",
        name: kind,
        color: colors[at],
        showSymbol: false,
        data: waits.map(([second, milliseconds]) => [second, Math.max(1, milliseconds)]),
      })),
    },
    320,
  );
  return figure(svg, "The longest wait of the requests of each quarter of a second, during each deployment.");
}

function growthChart(draw: Draw, { growth }: BenchReport): string {
  const names = [...new Set(growth.map(({ title, query }) => `${title}: ${query}`))];
  if (names.length === 0) return "";
  const lines = names.flatMap((name) =>
    (["before", "after"] as const).map((side) => ({
      type: "line",
      name: `${name}, ${side}`,
      color: side === "before" ? "#e07a3f" : "#2a78d6",
      data: growth
        .filter(({ title, query }) => `${title}: ${query}` === name)
        .map((one) => [one.scale, one[side]]),
    })),
  );
  const svg = draw(
    {
      grid: { left: 70, right: 30, top: 20, bottom: 45 },
      xAxis: { type: "log", name: "scale", nameLocation: "middle", nameGap: 28 },
      yAxis: logAxis,
      series: lines,
    },
    320,
  );
  return figure(svg, "How the times of the largest tenant grow with the data: orange before, blue after.");
}

const style = `
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; color: #1c2430; background: #fff; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p.note { color: #5b6472; margin-top: .25rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #dfe3e9; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 7rem; } th { color: #5b6472; font-weight: 600; }
figure { margin: 1rem 0; } figure svg { width: 100%; height: auto; } figcaption { color: #5b6472; font-size: .9rem; }
.plans th, .plans td { text-align: left; white-space: normal; vertical-align: top; }
@media (max-width: 40rem) { table { font-size: .75rem; } th, td { padding: .2rem .3rem; } }
@media print { body { max-width: none; font-size: 11px; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }`;

const part = (title: string, ...content: string[]): string =>
  content.some((one) => one !== "") ? `<h2>${escapeHtml(title)}</h2>${content.join("")}` : "";

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0 ? "" : table(head, rows);

const plansOf = (...of: Parameters<typeof tableOf>): string => {
  const plans = tableOf(...of);
  return plans === "" ? "" : `<div class="plans">${plans}</div>`;
};

const partOf = ({ title, head, rows }: BenchTable, chart = ""): string =>
  rows.length === 0 ? "" : part(title, chart, table(head, rows));

/**
 * The benchmark as one self-contained page with charts, to read on a phone or on paper.
 * @throws SpfpError CHART_LIBRARY_MISSING where the charting library is not installed
 */
export async function writeBenchPage(report: BenchReport): Promise<string> {
  const draw = await loadDraw();
  const { data, machine, server, screens } = report;
  const settings = Object.entries(server.settings).map(([name, value]) => `${name} ${value}`);
  const body = [
    `<h1>SPFP: promises, measured</h1>`,
    `<p class="note">${escapeHtml(
      `spfp-db ${report.version}, ${report.startedAt.slice(0, 16).replace("T", " ")} UTC. ${plural(data.rows, "row")} (scale ${data.scale}, seed ${data.seed}). ${plural(machine.cores, "core")} of ${machine.cpu}, ${formatBytes(machine.memoryBytes)}, Node ${machine.node}. PostgreSQL ${server.version}: ${settings.join(", ")}.`,
    )}</p>`,
    part("Screens of the largest tenant", screenChart(draw, report)),
    ...report.tenants.map(({ size, rows }) => {
      const own = screens.filter(({ tenant }) => tenant === size);
      return part(
        `The ${size} tenant, ${plural(rows, "row")}`,
        tableOf(
          [...screenColumns, "verdict"],
          own.map((one) => [...screenRow(one), formatVerdict(one)]),
        ),
      );
    }),
    part(
      "The plans",
      plansOf(
        ["", "rows read for rows", "plan"],
        screens
          .filter(({ tenant }) => tenant === "largest")
          .flatMap((one) =>
            (["before", "after"] as const).map((side) => [
              `${one.title}: ${one.query}, ${side}`,
              `${formatCount(one[side].rowsRead)} for ${formatCount(one[side].rows)}`,
              one[side].plan,
            ]),
          ),
      ),
    ),
    partOf(mergeTable(report)),
    partOf(deploymentsTable(report), waitsChart(draw, report)),
    partOf(growthTable(report), growthChart(draw, report)),
    ...[clientsTable, viewsTable, policiesTable, writesTable, storageTable, checkTable].map((of) =>
      partOf(of(report)),
    ),
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>SPFP: promises, measured</title><style>${style}</style></head><body>${body.join("\n")}</body></html>\n`;
}
