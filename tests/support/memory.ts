import { existsSync, statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";

/** Linux's file system in memory. */
const inMemory = "/dev/shm";

/** A run's databases and write-ahead log take about 1 GB at most: so much has to be free, in bytes. */
const needed = 3 * 1024 ** 3;

/**
 * The folder for the data directories of a run's servers: in memory where there is room. Making a database is to copy
 * some 300 files, which takes ten times as long on a disk; what is made there is lost with the machine, which is no
 * loss here.
 */
export function dataFolder(): string {
  if (!existsSync(inMemory) || freemem() < needed) return tmpdir();
  const { bavail, bsize } = statfsSync(inMemory);
  return bavail * bsize < needed ? tmpdir() : inMemory;
}
