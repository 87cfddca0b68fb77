export { bootstrap, isBootstrapped, requireBootstrapped } from "./bootstrap.ts";
export { connect, oldestVersion, type Sql } from "./connect.ts";
export { type EmbeddedServer, type ServerOptions, startServer } from "./embedded.ts";
export { createDatabase, dropDatabase, emptyTemplate, mainDatabase } from "./prepare.ts";
export type { Queryable, Reader } from "./queryable.ts";
export { makeSpfpFolder, runningServer, runningServerUrl, showRunningServer, spfpFolder } from "./running.ts";
export { createScratchDatabase, type ScratchDatabase } from "./scratch.ts";
export { translate } from "./translate.ts";
export { addressOf, type DatabaseUrl, parseDatabaseUrl, redactUrl, siblingUrl } from "./url.ts";
