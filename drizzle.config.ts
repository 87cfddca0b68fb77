import { defineConfig } from "drizzle-kit";
import { runningServerUrl } from "./src/server/running.ts";

const drizzleKit = defineConfig({
  dialect: "postgresql",
  schema: "./src/schema/index.ts",
  out: "./drizzle",
  schemaFilter: ["public"],
  // The commands that need no database (generate, check) work without; the others get a running `spfp-db dev`.
  dbCredentials: { url: process.env["DATABASE_URL"] ?? runningServerUrl() ?? "" },
  strict: true,
});

// `deploy` is what drizzle-deploy reads beside the rest.
export default { ...drizzleKit, deploy: { project: "./drizzle.project.ts" } };
