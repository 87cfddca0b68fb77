import type { Project } from "./project.ts";

/** The table of Drizzle's journal, unquoted. */
export interface JournalTable {
  readonly schema: string;
  readonly name: string;
}

/** Where Drizzle's migrator keeps its journal if nobody says otherwise. */
export const drizzleJournal: JournalTable = { schema: "drizzle", name: "__drizzle_migrations" };

/** The table in which a project's migrations are recorded as applied: by Drizzle's migrator and by the engine. */
export const journalTableOf = ({
  migrationsSchema = drizzleJournal.schema,
  migrationsTable = drizzleJournal.name,
}: Pick<Project, "migrationsSchema" | "migrationsTable">): JournalTable => ({
  schema: migrationsSchema,
  name: migrationsTable,
});
