/** The names under which a project's command line, records and lock are known to people and to its databases. */
export interface Names {
  /** The command, as what is printed tells it. */
  readonly command: string;
  /** The schema of the records of deployments. Databases keep it: it cannot change any more once one was deployed to. */
  readonly recordSchema: string;
  /** The schema where a rollback puts the tables that a deployment made, with their rows. */
  readonly archiveSchema: string;
  /** The first key of the advisory lock that deployments hold; PostgreSQL 17 manual, 9.28.10 "Advisory Lock Functions". */
  readonly lockKey: number;
  /** Where files about deployments are kept, in the folder of the project. */
  readonly folder: string;
  /** The command line that rehearses a deployment on data of its own; null where there is none. */
  readonly rehearse: string | null;
  /** What merges rows that a new rule of uniqueness would refuse; null where nothing does. */
  readonly mergeDuplicates: string | null;
  /** The line with which a deployment ends on success, and only then. */
  readonly success: string;
}

/** Where a project names nothing itself. */
export const defaultNames: Names = {
  command: "drizzle-deploy",
  recordSchema: "drizzle_deploy",
  archiveSchema: "drizzle_deploy_archive",
  // `driz` in ASCII.
  lockKey: 0x6472697a,
  folder: ".drizzle-deploy",
  rehearse: null,
  mergeDuplicates: null,
  success: "Deployed: the database is as the migrations make it.",
};

/** The name of a setting of a session's own; PostgreSQL 17 manual, 19.16 "Customized Options", takes plain words only. */
export const settingName = ({ recordSchema }: Pick<Names, "recordSchema">, name: string): string =>
  `${recordSchema.replaceAll(/^[^a-z_]|\W/gi, "_")}.${name}`;

/** The longest name that PostgreSQL keeps whole, in bytes: NAMEDATALEN less one. */
const longestName = 63;

/** The name that what has to make room for another gets meanwhile, cut between two characters where it is too long. */
export function nameAside(name: string, { recordSchema }: Pick<Names, "recordSchema">): string {
  const characters = [...`${recordSchema}_${name}`];
  while (Buffer.byteLength(characters.join("")) > longestName) characters.pop();
  return characters.join("");
}
