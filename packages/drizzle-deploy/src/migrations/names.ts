import type { Migration } from "./index.ts";

/** The file of a migration, as seen from its folder. */
export const fileOf = ({ tag, name }: Pick<Migration, "tag" | "name">): string =>
  name === undefined ? `${tag}.sql` : `${name}/migration.sql`;

/** Whether Drizzle 1.0 knows the migrations by their names. */
export const areNamed = (migrations: readonly Pick<Migration, "name">[]): boolean =>
  migrations.some(({ name }) => name !== undefined);

/**
 * Finds a migration by the tag that it has or had: `drizzle-kit up` of 1.0 puts the time in the place of the number, and
 * what was recorded before has the tag of then. Undefined where no migration has it, or several may have had it.
 */
export function findMigration(migrations: readonly Migration[], tag: string): Migration | undefined {
  const own = migrations.find((one) => one.tag === tag);
  if (own || !areNamed(migrations)) return own;
  const [number, ...rest] = tag.split("_");
  const alike = migrations.filter((one) => one.tag.slice(15) === rest.join("_"));
  return alike.length > 1 ? alike.find((one) => migrations.indexOf(one) === Number(number)) : alike[0];
}
