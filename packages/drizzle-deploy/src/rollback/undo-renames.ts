import type { Catalog } from "../catalog/index.ts";
import { functionLabel, functionSignature } from "../kinds/function.ts";
import { viewName, viewWords } from "../kinds/view.ts";
import { nameAside } from "../model/names.ts";
import type { Target } from "../model/step.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteLiteral, quoteName } from "../sql/quote.ts";
import { momentary } from "../statements/draft.ts";
import { dependentLabel, type RollbackContext } from "./context.ts";
import type { Locked } from "./draft.ts";
import { find } from "./find.ts";
import type { Rename } from "./renames.ts";
import {
  inGroups,
  isSame,
  placeLabel,
  type StandingRenames,
  titleOf,
  titleOfAll,
} from "./standing-renames.ts";

/** The statements that give something another name or schema. */
function statements(raw: Catalog, { kind, of }: Rename, from: QualifiedName, to: QualifiedName): string[] {
  if (of && kind === "column")
    return [
      `ALTER TABLE ${quoteName(of)} RENAME COLUMN ${quoteIdentifier(from.name)} TO ${quoteIdentifier(to.name)};`,
    ];
  if (of && kind === "attribute")
    return [
      `ALTER TYPE ${quoteName(of)} RENAME ATTRIBUTE ${quoteIdentifier(from.name)} TO ${quoteIdentifier(to.name)} CASCADE;`,
    ];
  if (of)
    return [
      `ALTER TYPE ${quoteName(of)} RENAME VALUE ${quoteLiteral(from.name)} TO ${quoteLiteral(to.name)};`,
    ];
  const view = find(raw.views, from);
  const routine = raw.functions.find((one) => one.schema === from.schema && functionLabel(one) === from.name);
  const words =
    kind === "view" && view
      ? viewWords(view)
      : kind === "function"
        ? routine?.kind === "procedure"
          ? "PROCEDURE"
          : "FUNCTION"
        : kind.toUpperCase();
  const bare = ({ name }: QualifiedName): string => (kind === "function" ? name.replace(/\(.*$/s, "") : name);
  const signature = routine ? functionSignature(routine) : "";
  const argumentsOf = routine
    ? signature.slice(signature.indexOf("(", quoteName({ schema: from.schema, name: bare(from) }).length))
    : "";
  const called = (schema: string, name: string): string =>
    // A publication is in no schema.
    schema === ""
      ? quoteIdentifier(name)
      : `${quoteName({ schema, name })}${kind === "function" ? argumentsOf : ""}`;
  return [
    ...(bare(from) === bare(to)
      ? []
      : [`ALTER ${words} ${called(from.schema, bare(from))} RENAME TO ${quoteIdentifier(bare(to))};`]),
    ...(from.schema === to.schema
      ? []
      : [`ALTER ${words} ${called(from.schema, bare(to))} SET SCHEMA ${quoteIdentifier(to.schema)};`]),
  ];
}

/** Clients do not name a view or function that is dropped and made anew either without a word. */
const isHazard = ({ kind, isAside = false }: Rename): boolean =>
  !isAside && kind !== "view" && kind !== "function" && kind !== "statistics";

const isInner = (kind: Rename["kind"]): kind is "column" | "label" | "attribute" =>
  kind === "column" || kind === "label" || kind === "attribute";

const targetNow = ({ kind, now, of }: Rename): Target =>
  of
    ? kind === "column"
      ? { kind, schema: of.schema, name: now.name, table: of.name }
      : { kind: "type", schema: of.schema, name: of.name, table: null }
    : kind === "publication"
      ? { kind, schema: null, name: now.name, table: null }
      : { kind: isInner(kind) ? "type" : kind, ...now, table: null };

/**
 * Gives back the names that the deployment changed, before anything else: all that follows is planned with those.
 */
export function undoRenames(context: RollbackContext, standing: StandingRenames): void {
  const { renames, clashes, inTheWay, raw, dependents } = standing;
  for (const view of inTheWay) {
    const others = dependents.filter(
      ({ on, kind, schema, name }) =>
        on.kind === "view" &&
        isSame(on, view) &&
        !(kind === "view" && inTheWay.some((one) => isSame(one, { schema, name }))),
    );
    context.add({
      kind: "drop view",
      title: `drop view ${qualifiedLabel(view)}`,
      sql: `DROP ${viewWords(view)} IF EXISTS ${viewName(view)};`,
      target: { kind: "view", schema: view.schema, name: view.name, table: null },
      locks: [[view, "ACCESS EXCLUSIVE"]],
      safety: "Only the catalog is changed; a view holds no rows.",
      blocked:
        others.length > 0
          ? `${[...new Set(others.map(dependentLabel))].join(", ")} depends on it: drop that first, or change it so that it can do without`
          : null,
    });
  }
  for (const one of clashes) {
    const name = one.of ? `${qualifiedLabel(one.of)}.${one.was.name}` : placeLabel(one.was);
    context.add({
      kind: "rename",
      title: titleOf(one),
      sql: "SELECT;",
      target: targetNow(one),
      safety: "It is not run.",
      blocked: `something else is called ${name} by now: give that another name by hand, then roll back`,
    });
  }
  // What a column or label belongs to has its name back by then.
  // A function is called by the names that the types of its arguments have now.
  const outer = renames
    .filter(({ of }) => of === null)
    .toSorted((one, other) => Number(other.kind === "function") - Number(one.kind === "function"));
  const inner = renames.filter(({ of }) => of !== null);
  for (const group of [...inGroups(outer), ...inGroups(inner)]) {
    const [first, ...rest] = group;
    if (!first) continue;
    const aside = { ...first.now, name: nameAside(first.now.name, context.names) };
    const sql =
      rest.length === 0
        ? statements(raw, first, first.now, first.was)
        : [
            ...statements(raw, first, first.now, aside),
            ...rest.toReversed().flatMap((one) => statements(raw, one, one.now, one.was)),
            ...statements(raw, first, aside, first.was),
          ];
    const locks = group.flatMap(({ kind, now, of }): Locked[] =>
      kind === "column" && of
        ? [[of, "ACCESS EXCLUSIVE"]]
        : kind === "table" || kind === "view" || kind === "sequence"
          ? [[now, "ACCESS EXCLUSIVE"]]
          : [],
    );
    const called = group.map(({ kind, of, now }) =>
      kind === "label" && of
        ? `'${now.name}' of ${qualifiedLabel(of)}`
        : `${kind} ${of ? `${qualifiedLabel(of)}.${now.name}` : placeLabel(now)}`,
    );
    context.add({
      kind: "rename",
      title: titleOfAll(group),
      sql: sql.join("\n"),
      target: targetNow(first),
      locks,
      safety: momentary,
      hazard: group.some(isHazard)
        ? {
            name: "breaks-clients",
            message: `Clients that use ${called.join(", ")} fail from the moment the former name is back.`,
            safeForm: "Bring back the clients that use the former name, and stop the others, first.",
          }
        : undefined,
    });
  }
}
