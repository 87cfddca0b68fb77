export { clientEnvironment, clientVersion } from "./client-programs.ts";
export { connect, oldestVersion, type Sql } from "./connect.ts";
export { PostgresError, type Queryable, type Reader, type Transaction } from "./queryable.ts";
export { translate } from "./translate.ts";
export {
  addressOf,
  type DatabaseUrl,
  parseDatabaseUrl,
  redactUrl,
  siblingUrl,
  urlOfEnvironment,
} from "./url.ts";
