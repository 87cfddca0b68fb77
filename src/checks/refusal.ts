import { PostgresError } from "drizzle-deploy/postgres";

/** What the server said where it would not do what a check asked of it: SQLSTATE and message. */
export interface Refusal {
  readonly refusal: string;
}

/** Connections that break, and a server that goes: nothing that a check could say something of. */
const lost = /^(08|57P)/;

/** For a `catch`: an error that the server answered with, as a value; any other is thrown on. */
export function orRefusal(error: unknown): Refusal {
  if (!(error instanceof PostgresError) || lost.test(error.code)) throw error;
  return { refusal: `${error.code} ${error.message}` };
}
