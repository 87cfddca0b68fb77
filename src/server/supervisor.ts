/*
 * The process that looks after one embedded server. Commands start it and hold one connection each, their lease; when
 * the last lease is gone, however its command ended, it stops PostgreSQL and ends. It belongs to no terminal, so that
 * Ctrl-C reaches the command only.
 */
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, fstatSync, ftruncateSync, openSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { devNull, tmpdir } from "node:os";
import { join } from "node:path";
import { type Binaries, findBinaries } from "drizzle-deploy/scratch";
import type { z } from "zod";
import { SpfpError } from "../errors.ts";
import { stakeClaim } from "./claim.ts";
import { completeCluster, makeCluster, openCluster, spawnPostgres } from "./cluster.ts";
import { answerSchema, firstLine, helloSchema, type Job, jobSchema, packError } from "./messages.ts";
import { awaitReady, freePort, lastLogLine, stopOrphan, stopPostgres } from "./postmaster.ts";
import { prepareCluster } from "./prepare.ts";

type Answer = ReturnType<typeof packError>;

/** How long a supervisor waits for its first command. */
const firstLeaseMilliseconds = 15_000;

const largestLog = 5 * 1024 * 1024;

function socketPath(): string {
  const name = `spfp-${randomBytes(6).toString("hex")}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\${name}`;
  // The path of a Unix-domain socket may have 103 bytes on some systems.
  const folder = tmpdir().length > 70 ? "/tmp" : tmpdir();
  return join(folder, `${name}.sock`);
}

function readHello(line: string): z.infer<typeof helloSchema> | undefined {
  try {
    return helloSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

async function supervise(job: Job): Promise<void> {
  const { places } = job;
  const logFile = openSync(places.log, "a", 0o600);
  if (fstatSync(logFile).size > largestLog) ftruncateSync(logFile);
  const offset = fstatSync(logFile).size;

  const leases = new Set<Socket>();
  let answer: Answer | undefined;
  let port = 0;
  let binaries: Binaries | undefined;
  let child: ChildProcess | undefined;
  let stopping = false;
  let served = false;

  const path = socketPath();
  const server = createServer({ allowHalfOpen: true });
  server.on("connection", (socket) => void lease(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  if (process.platform !== "win32") chmodSync(path, 0o600);
  if (!(await stakeClaim(places.claims, path))) {
    server.close();
    process.exit(0);
  }
  // Standard output ends: the command that waits on it may connect. Its number is taken at once, since what Node opens
  // under it, say a socket, it never closes.
  closeSync(1);
  openSync(devNull, "w");

  async function lease(socket: Socket): Promise<void> {
    leases.add(socket);
    const leave = () => {
      leases.delete(socket);
      // While stopping the connection stays open: its end tells the command that all is over.
      if (leases.size === 0 && served) void stop();
      else if (!stopping) socket.end();
    };
    socket.on("error", () => socket.destroy());
    socket.once("close", leave);
    const line = await firstLine(socket);
    if (line === undefined) return leave();
    const hello = readHello(line);
    if (hello === undefined) return void socket.destroy();
    served = true;
    socket.once("end", leave);
    const mine = hello.nonce === job.nonce;
    if (stopping) return;
    if (!mine && hello.fresh) {
      return say(
        socket,
        packError(
          new SpfpError(
            "DATA_DIRECTORY_UNUSABLE",
            `The data directory ${places.data} is in use by another command, so it cannot be made again.`,
            "Stop that command first.",
          ),
        ),
      );
    }
    await started;
    if (!mine && hello.port !== undefined && hello.port !== port && answer && "port" in answer) {
      return say(
        socket,
        packError(
          new SpfpError(
            "PORT_TAKEN",
            `The server of ${places.data} already runs for another command, on port ${port}.`,
            "Leave --port out to share it, or stop that command first.",
          ),
        ),
      );
    }
    if (answer) say(socket, answer);
  }

  function say(socket: Socket, what: Answer): void {
    if (!socket.destroyed) socket.write(`${JSON.stringify(answerSchema.parse(what))}\n`);
  }

  function failure(what: string): SpfpError {
    const line = lastLogLine(places.log, offset);
    return new SpfpError(
      "SERVER_START_FAILED",
      `PostgreSQL did not start: ${line ?? what}.`,
      `See its log, ${places.log}.`,
    );
  }

  async function start(): Promise<Answer> {
    try {
      binaries = await findBinaries(places.account, job.programs);
      await stopOrphan(places, binaries);
      let secrets = openCluster(places, binaries, job.fresh);
      const complete = secrets !== undefined;
      if (job.port !== undefined) await freePort(job.port);
      if (secrets === undefined) {
        const making = makeCluster(places, binaries, job.durable, logFile);
        child = making.child;
        try {
          secrets = await making.finished;
        } catch (error) {
          throw failure(error instanceof Error ? error.message : String(error));
        }
      }
      await run(binaries);
      if (!complete) {
        await prepareCluster(port, secrets.password);
        completeCluster(places, secrets);
      }
      return { port };
    } catch (error) {
      return packError(error);
    }
  }

  async function run(programs: Binaries): Promise<void> {
    for (let attempt = 1; !stopping; attempt += 1) {
      port = await freePort(job.port);
      const size = fstatSync(logFile).size;
      child = spawnPostgres(places, programs, port, job.durable, logFile);
      const result = await awaitReady(child, places, size);
      if (result === "ready") {
        child.once("exit", () => void stop());
        return;
      }
      if (result === "port taken" && job.port !== undefined) {
        throw new SpfpError(
          "PORT_TAKEN",
          `Port ${port} of this machine is in use.`,
          "Choose another with --port, or leave it out for one that is free.",
        );
      }
      // Another program took the free port first; or the processes of a killed server need a moment to notice.
      if (result === "failed" || attempt >= 20) throw failure("it ended at once");
      if (result === "still there") await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    const pid = child?.pid;
    if (child && pid !== undefined && binaries && child.exitCode === null && child.signalCode === null) {
      await stopPostgres(pid, places, binaries);
    }
    if (places.temporary !== undefined)
      rmSync(places.temporary, { recursive: true, force: true, maxRetries: 5 });
    if (process.platform !== "win32") rmSync(path, { force: true });
    process.exit(0);
  }

  const started = start();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());
  process.on("SIGHUP", () => {});
  setTimeout(() => {
    if (!served) void stop();
  }, firstLeaseMilliseconds);
  answer = await started;
}

await supervise(jobSchema.parse(JSON.parse(process.argv[2] ?? "{}")));
