import { type DescribedObject, identityOf, kindFiles, objectKey } from "../catalog/index.ts";
import type { StepKind, Target } from "../model/step.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { momentary } from "../statements/draft.ts";
import type { RollbackContext } from "./context.ts";
import { type Locked, underSchemas } from "./draft.ts";
import { find } from "./find.ts";

/*
 * What is of kinds with files of their own (see `kindFiles`): extended statistics, publications and what they publish. It
 * holds no rows, so that all of it goes and comes back with the deployment.
 */

const keyOf = (one: DescribedObject): string => objectKey(identityOf(one));

const isSameObject =
  (one: DescribedObject) =>
  (other: DescribedObject): boolean =>
    keyOf(one) === keyOf(other);

const labelOf = (one: DescribedObject): string => `${one.kind} ${identityOf(one).label}`;

const targetOf = ({ kind, schema, name, of }: DescribedObject): Target => ({ kind, schema, name, table: of });

/** A part changes with what it is a part of. */
const stepKindOf = (verb: "create" | "alter" | "drop", { kind }: DescribedObject): StepKind =>
  kind === "publication member" ? "alter publication" : `${verb} ${kind}`;

/** PostgreSQL locks the tables that such an object rests on against other changes of them, and against nobody else. */
const locksOf = (objects: readonly DescribedObject[]): Locked[] =>
  objects.flatMap(({ requires }) =>
    requires.flatMap(({ schema, table }): Locked[] =>
      table === null ? [] : [[{ schema, name: table }, "SHARE UPDATE EXCLUSIVE"]],
    ),
  );

const partsOf = (whole: DescribedObject, objects: readonly DescribedObject[]): DescribedObject[] =>
  objects.filter((one) => kindFiles[one.kind].of === whole.kind && one.of === whole.name);

/** Drops what came with the deployment, before what it rests on goes. */
export function dropObjects(context: RollbackContext): void {
  for (const one of context.actual.objects ?? []) {
    if (!context.isCreated(keyOf(one))) continue;
    context.add({
      kind: stepKindOf("drop", one),
      title: `drop ${labelOf(one)}`,
      sql: kindFiles[one.kind].drop(one),
      target: targetOf(one),
      locks: locksOf([one]),
      safety: momentary,
    });
  }
}

/** Makes what the deployment dropped or changed as it was, where what it rests on is as it was. */
export function restoreObjects(context: RollbackContext): void {
  const { before, actual } = context;
  for (const was of before.objects ?? []) {
    const key = keyOf(was);
    if (!context.isRemoved(key) && !context.isAltered(key, ["owner"])) continue;
    const now = actual.objects?.find(isSameObject(was));
    const why = hindrance(was, context);
    if (why !== null) {
      context.keep(key, `${labelOf(was)} ${now ? "stays as the deployment made it" : "stays away"}: ${why}`);
      continue;
    }
    const file = kindFiles[was.kind];
    const parts = partsOf(was, before.objects ?? []);
    const fitting = parts.filter((part) => {
      const reason = hindrance(part, context, was);
      if (reason !== null && !now) context.keep(keyOf(part), `${labelOf(part)} stays away: ${reason}`);
      return reason === null;
    });
    const changed = now && file.change(now, was);
    const sql = changed ?? [...(now ? [file.drop(now)] : []), ...file.create(was, fitting)];
    if (sql.length === 0) continue;
    context.add({
      kind: stepKindOf(changed ? "alter" : "create", was),
      title: `restore ${labelOf(was)}`,
      sql: underSchemas(before, sql.join("\n")),
      target: targetOf(was),
      locks: changed ? [] : locksOf([...(now ? [now] : []), was, ...(now ? [] : fitting)]),
      safety: momentary,
    });
  }
}

/** Why an object cannot be made as it was; null where it can. */
function hindrance(
  one: DescribedObject,
  { before, actual, isCreated, isRemoved }: RollbackContext,
  made?: DescribedObject,
): string | null {
  const { of: whole } = kindFiles[one.kind];
  if (whole !== null && made === undefined) {
    const parent = (objects: readonly DescribedObject[] = []) =>
      objects.find(({ kind, name }) => kind === whole && name === one.of);
    const [was, now] = [parent(before.objects), parent(actual.objects)];
    if (!was || !now || isCreated(keyOf(now)) || isRemoved(keyOf(was))) return `${whole} ${one.of} is gone`;
  }
  for (const { schema, table, columns } of one.requires) {
    if (table === null) {
      if (
        !actual.schemas.some(({ name }) => name === schema) &&
        before.schemas.some(({ name }) => name === schema)
      )
        return `schema ${schema} is gone`;
      continue;
    }
    const place = { schema, name: table };
    const was = find(before.tables, place) ?? find(before.views, place);
    // What lies outside the managed schemas the deployment did not touch.
    if (!was) continue;
    const now = find(actual.tables, place) ?? find(actual.views, place);
    if (!now) return `${qualifiedLabel(place)} is gone`;
    const list: readonly { readonly name: string; readonly type: string }[] = now.columns;
    const former: readonly { readonly name: string; readonly type: string }[] = was.columns;
    for (const name of columns) {
      const column = list.find((other) => other.name === name);
      if (!column) return `column ${name} of ${qualifiedLabel(place)} is gone`;
      const isRetyped = column.type !== former.find((other) => other.name === name)?.type;
      const isInExpression = kindFiles[one.kind].expressions.some((property) =>
        (one.properties[property] ?? "").includes("("),
      );
      if (isRetyped && isInExpression)
        return `column ${name} of ${qualifiedLabel(place)} has another type now`;
    }
  }
  return null;
}
