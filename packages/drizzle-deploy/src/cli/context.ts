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
  /** The project, loaded when a command needs it. */
  loadProject(): Promise<Project>;
  readonly workFolder: {
    /** Where files about deployments are kept. */
    path(): string;
    /** Makes it, hidden from version control. */
    make(): void;
  };
  /** The database to work on where none is named. */
  readonly ownDatabase: {
    /** What it is, for the help: `an embedded PostgreSQL`. */
    readonly description: string;
    open(): Promise<OwnDatabase>;
  };
}

/** Adds a command to a command line. */
export type AddCommand = (program: import("commander").Command, context: CommandContext) => void;
