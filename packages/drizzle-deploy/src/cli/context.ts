import type { DatabaseUrl } from "../postgres/index.ts";
import type { Names, Project } from "../project/index.ts";

/** A server that a command line starts itself where no database is named. */
export interface OwnDatabase {
  readonly url: DatabaseUrl;
  /** Lets it go: it stops where nobody else uses it. */
  stop(): Promise<void>;
}

/** What a command line is handed: of which project it is, and what it finds around itself. */
export interface CommandContext {
  readonly names: Names;
  /** What the command line is for, in a line. */
  readonly description: string;
  readonly version: string;
  /** The variable that, when set, has the trace of an error printed. */
  readonly debugVariable: string;
  /** Options of every command, and what is done with them before it runs; null where it has none. */
  readonly common: {
    readonly add: (command: import("commander").Command) => void;
    readonly take: (options: import("commander").OptionValues) => void;
  } | null;
  /** The project, loaded when a command needs it. */
  loadProject(): Promise<Project>;
  /** The names of the project, which take less to load than itself. */
  loadNames(): Promise<Names>;
  /** The folder of the project's migrations. */
  migrationsFolder(): Promise<string>;
  /** The URL of the database that the project's configuration names; null where it names none. */
  configuredUrl(): Promise<string | null>;
  readonly workFolder: {
    /** Where files about deployments are kept. */
    path(): string;
    /** Makes it, hidden from version control. */
    make(): void;
  };
  /** The database to work on where none is named; null where one has to be. */
  readonly ownDatabase: {
    /** What it is, for the help: `an embedded PostgreSQL`. */
    readonly description: string;
    open(): Promise<OwnDatabase>;
  } | null;
}

/** Adds a command to a command line. */
export type AddCommand = (program: import("commander").Command, context: CommandContext) => void;
