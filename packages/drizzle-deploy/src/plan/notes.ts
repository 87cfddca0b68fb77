import type { Catalog, Index } from "../catalog/index.ts";
import { plural } from "../findings/text.ts";
import type { Step } from "../model/step.ts";
import { isPending } from "../model/step.ts";
import type { Draft } from "../statements/index.ts";
import type { Facts } from "./facts.ts";

/** What is not the migrations' and matters to one of the steps. */
export function notesOf(
  planned: readonly { readonly step: Step; readonly draft: Draft }[],
  facts: Facts,
  { now, after }: { readonly now: Catalog | null; readonly after: Catalog | null },
): string[] {
  const notes = planned.flatMap(({ step }) => {
    if (!isPending(step)) return [];
    return [
      ...goneMeanwhile(step, planned),
      ...sameIndex(step, facts, after),
      ...dependents(step, facts, now),
    ];
  });
  return [...foreignMigrations(facts), ...new Set(notes)];
}

/** What other projects have in the journal, and what that means for Drizzle's own migrator. */
function foreignMigrations({ foreignJournal = [], state }: Facts): string[] {
  if (foreignJournal.length === 0) return [];
  const newest = Math.max(...foreignJournal.map(({ when }) => when));
  const passedOver = state.pending
    .filter(({ when, name }) => name === undefined && when <= newest)
    .map(({ tag }) => tag);
  const note = `The journal has ${plural(foreignJournal.length, "migration")} of other projects, left alone`;
  return [
    passedOver.length > 0
      ? `${note}; Drizzle's own migrator would pass over ${passedOver.join(", ")} for their sake.`
      : `${note}.`,
  ];
}

/** The part of a definition that says what is indexed and how: after the table's name. */
const substance = (definition: string): string => definition.slice(definition.indexOf(" USING "));

/** Indexes with another name that are there already and do what a new one will do, once all is deployed. */
function sameIndex({ kind, target, title }: Step, { catalog }: Facts, after: Catalog | null): string[] {
  if (kind !== "create index" || target?.kind !== "index") return [];
  const indexesIn = (one: Catalog | null): readonly Index[] =>
    one?.tables.find(({ schema, name }) => schema === target.schema && name === target.table)?.indexes ?? [];
  const wanted = indexesIn(after).find(({ name }) => name === target.name);
  return indexesIn(catalog)
    .filter(
      ({ name, unique, definition }) =>
        name !== target.name &&
        unique === wanted?.unique &&
        substance(definition) === substance(wanted.definition),
    )
    .map(
      ({ name }) =>
        `${title}: index ${name} on the same table has the same definition; one of them is enough.`,
    );
}

/** A view that is dropped and made again, with other steps between. */
function goneMeanwhile(step: Step, planned: readonly { readonly step: Step }[]): string[] {
  const { target, kind, id } = step;
  if (kind !== "drop view" || target === null) return [];
  const again = planned.find(
    ({ step: { kind: other, target: made } }) =>
      other === "create view" && made?.schema === target.schema && made.name === target.name,
  );
  return again
    ? [
        `${target.schema}.${target.name} is gone from step ${id} to ${again.step.id}: every client that reads it meanwhile fails.`,
      ]
    : [];
}

/** Views that are not the migrations' own and read what a step changes. */
function dependents({ kind, target, title }: Step, facts: Facts, expected: Catalog | null): string[] {
  if (target === null || target.schema === null || target.kind === "index") return [];
  if (
    ![
      "alter column",
      "drop column",
      "rename",
      "drop table",
      "drop view",
      "move table",
      "create view",
    ].includes(kind)
  )
    return [];
  const relation = target.table ?? target.name;
  const column = target.kind === "column" ? target.name : undefined;
  const views = facts.dependencies.filter(
    ({ view, on }) =>
      on.schema === target.schema &&
      on.name === relation &&
      (column === undefined || on.column === column) &&
      !expected?.views.some(({ schema, name }) => schema === view.schema && name === view.name),
  );
  return [...new Set(views.map(({ view }) => `${view.schema}.${view.name}`))].map(
    (view) => `${title}: the view ${view}, which is not the migrations', reads it.`,
  );
}
