import postgres from "postgres";

/** A connection or a transaction on it. */
export type Queryable = Pick<postgres.ISql, "unsafe">;

/** A transaction. */
export type Transaction = postgres.TransactionSql<Record<never, never>>;

/** A read-only transaction. */
export type Reader = Transaction;

/** What the server refuses with; its `code` is the SQLSTATE. PostgreSQL 17 manual, Appendix A "Error Codes". */
export const { PostgresError } = postgres;
export type PostgresError = postgres.PostgresError;
