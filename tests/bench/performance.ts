/** Writes docs/performance.md from reports of `spfp-db bench --json`: npm run performance -- REPORT.json … */
import { readFileSync, writeFileSync } from "node:fs";
import { formatBytes } from "../../packages/drizzle-deploy/src/report/index.ts";
import { type BenchReport, benchReportSchema } from "../../src/promises/index.ts";
import { formatBenchReport } from "../../src/report/index.ts";

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write("Give the files that spfp-db bench --json printed.\n");
  process.exit(2);
}

function formatRun(report: BenchReport): string {
  const { machine, server, startedAt, data } = report;
  const settings = Object.entries(server.settings).map(([name, value]) => `${name} ${value}`);
  return `## ${startedAt.slice(0, 16).replace("T", " ")} UTC

Scale ${data.scale}, ${machine.cores} cores of ${machine.cpu}, ${formatBytes(machine.memoryBytes)}, Node ${machine.node}, PostgreSQL ${server.version}:
${settings.join(", ")}.

\`\`\`text
${formatBenchReport(report)}
\`\`\`
`;
}

const page = `# Performance

What \`spfp-db bench\` measured, run by run. Another machine has other figures: run it there.

"Before" is production's catalog with the same rows, measured by turns with "after". "To floor" is the time after the
deployment against the same rows by their primary key and as many rows counted from the narrowest index: what no index
can beat. This page is written by \`npm run performance -- REPORT.json …\`, from what \`spfp-db bench --json\` printed.

${files.map((file) => formatRun(benchReportSchema.parse(JSON.parse(readFileSync(file, "utf8"))))).join("\n")}`;
writeFileSync(new URL("../../docs/performance.md", import.meta.url), page);
