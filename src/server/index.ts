export type { ScratchDatabase } from "drizzle-deploy/scratch";
export { bootstrap, isBootstrapped, requireBootstrapped } from "./bootstrap.ts";
export { type EmbeddedServer, type ServerOptions, startServer } from "./embedded.ts";
export { createDatabase, dropDatabase, emptyTemplate, mainDatabase } from "./prepare.ts";
export { makeSpfpFolder, runningServer, runningServerUrl, showRunningServer, spfpFolder } from "./running.ts";
export { copyToScratch, createScratchDatabase } from "./scratch.ts";
