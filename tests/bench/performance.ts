/** Writes docs/performance.md from a report of `spfp-db bench --json`: npm run performance -- REPORT.json */
import { readFileSync, writeFileSync } from "node:fs";
import { formatBytes } from "../../packages/drizzle-deploy/src/report/index.ts";
import { benchReportSchema } from "../../src/promises/index.ts";
import { formatBenchReport } from "../../src/report/index.ts";

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("Give the file that spfp-db bench --json printed.\n");
  process.exit(2);
}
const report = benchReportSchema.parse(JSON.parse(readFileSync(file, "utf8")));
const { machine, server, startedAt, data } = report;
const settings = Object.entries(server.settings).map(([name, value]) => `\`${name}\` ${value}`);
const page = `# Performance

What \`spfp-db bench --scale ${data.scale}\` printed on ${startedAt.slice(0, 10)}, on ${machine.cores} cores of ${machine.cpu} with ${formatBytes(machine.memoryBytes)},
Node ${machine.node}, PostgreSQL ${server.version} (${settings.join(", ")}). Another machine has other figures: run it there.

"Before" is production's catalog with the same rows, measured by turns with "after". "To floor" is the time after the
deployment against the same rows by their primary key and as many rows counted from the narrowest index: what no index
can beat. This page is written by \`npm run performance -- REPORT.json\`, from what \`spfp-db bench --json\` printed.

\`\`\`text
${formatBenchReport(report)}
\`\`\`
`;
writeFileSync(new URL("../../docs/performance.md", import.meta.url), page);
