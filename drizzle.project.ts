/* What drizzle-deploy is told of SPFP beside its migrations: its checks, catalogs and names. */
export { spfpProject as default } from "./src/project.ts";
