/*
 * Servers and databases that are made for one purpose and go again.
 */

export { type Account, accountFor, canReach, nearestExisting } from "./account.ts";
export { type Binaries, findBinaries } from "./binaries.ts";
export { makeScratchDatabase, type OnScratch, type ScratchDatabase } from "./database.ts";
export { embeddedVersion, openScratch, type Scratch, type ScratchSource } from "./scratch.ts";
