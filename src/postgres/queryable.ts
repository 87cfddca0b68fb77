import type postgres from "postgres";

/** A connection or a transaction on it. */
export type Queryable = Pick<postgres.ISql, "unsafe">;

/** A read-only transaction. */
export type Reader = postgres.TransactionSql<Record<never, never>>;
