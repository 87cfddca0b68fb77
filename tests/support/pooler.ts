import { connect, createServer, type Socket } from "node:net";
import { type DatabaseUrl, parseDatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";

/** What a pooler hands out: `session`, a backend to each client; `transaction`, one for each transaction. */
export type PoolMode = "transaction" | "session";

export interface Pooler {
  /** The database through the pooler. */
  readonly url: DatabaseUrl;
  readonly stop: () => Promise<void>;
}

// PostgreSQL 17 manual, 53.7: the length and code with which a client asks for TLS.
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Cuts a stream into messages: a type byte, then the length of what follows including itself. */
function messages(take: (message: Buffer, type: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 1 + rest.readInt32BE(1)) {
      const length = 1 + rest.readInt32BE(1);
      take(rest.subarray(0, length), rest.toString("latin1", 0, 1));
      rest = rest.subarray(length);
    }
  };
}

/**
 * A pooler for machines without PgBouncer, as far as a deployment can tell the two apart. Every client logs in through
 * a backend of its own; in transaction mode those are then everybody's, the one given back last being handed out first.
 */
export async function startPooler(url: DatabaseUrl, mode: PoolMode): Promise<Pooler> {
  const database = new URL(url);
  const free: Backend[] = [];
  const queue: (() => void)[] = [];
  const sockets = new Set<Socket>();

  interface Backend {
    readonly socket: Socket;
    client: Socket | undefined;
    /** Called when it is between two transactions. */
    idle: () => void;
  }

  function open(client: Socket): Backend {
    const socket = connect({ host: database.hostname, port: Number(database.port || 5432), noDelay: true });
    sockets.add(socket);
    const backend: Backend = { socket, client, idle: () => {} };
    const read = messages((message, type) => {
      backend.client?.write(message);
      if (type === "Z" && message.toString("latin1", 5, 6) === "I") backend.idle();
    });
    socket.on("data", read).on("error", () => undefined);
    socket.once("close", () => backend.client?.destroy());
    return backend;
  }

  const server = createServer({ noDelay: true }, (client) => {
    sockets.add(client);
    let backend: Backend | undefined;
    let waiting: Buffer[] = [];
    let unanswered = 0;
    let loggedIn = false;
    const release = (): void => {
      unanswered -= 1;
      loggedIn = true;
      if (mode === "session" || !backend || unanswered > 0) return;
      const given = backend;
      backend = undefined;
      given.client = undefined;
      free.push(given);
      // Whoever is first may have gone, or been served meanwhile: then it is the next one's turn.
      while (free.length > 0 && queue.length > 0) queue.shift()?.();
    };
    const forward = (): void => {
      if (client.destroyed) return;
      if (!backend) {
        const taken = free.pop();
        if (!taken) return void queue.push(forward);
        taken.client = client;
        taken.idle = release;
        backend = taken;
      }
      for (const message of waiting) backend.socket.write(message);
      waiting = [];
    };
    const read = messages((message, type) => {
      // A simple query and a Sync are each answered by one ReadyForQuery.
      if (type === "Q" || type === "S") unanswered += 1;
      waiting.push(message);
      if (backend || unanswered > 0) forward();
    });
    const start = (chunk: Buffer): void => {
      if (chunk.equals(sslRequest)) return void client.write("N");
      client.off("data", start).on("data", read);
      backend = open(client);
      backend.idle = release;
      unanswered = 1;
      backend.socket.write(chunk);
    };
    client.on("data", start).on("error", () => undefined);
    client.once("close", () => {
      sockets.delete(client);
      if (backend && (mode === "session" || !loggedIn || unanswered > 0)) backend.socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (!address || typeof address !== "object") throw new Error("the pooler has no port");
  const target = new URL(url);
  target.port = String(address.port);
  return {
    url: parseDatabaseUrl(target.href),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
