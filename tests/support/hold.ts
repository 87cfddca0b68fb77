/* A command that uses the embedded server of a data directory until something ends it. */
import { startServer } from "../../src/server/index.ts";

const [dataDirectory, end] = process.argv.slice(2);
const server = await startServer({ dataDirectory, durable: false });
process.stdout.write(`${server.port}\n`);
if (end === "crash") throw new Error("crashed on purpose");
await server.ended();
