import type { ColumnDef, Constraint, Node } from "libpg-query";
import type { HazardName, StepKind } from "../../model/step.ts";
import { nameOf } from "../../model/step.ts";
import { type QualifiedName, qualifiedLabel } from "../../sql/names.ts";
import { columnsIn } from "../../sql/tree.ts";
import type { Draft } from "../../statements/index.ts";
import { checkKey } from "../folder.ts";
import type { Act, Judgement } from "../rule.ts";

/** A statement as it can be pasted. */
export const code = (sql: string): string => `${sql.trim().replace(/;$/, "")};`;

/** The steps of an act as statements that can be pasted. */
export const steps = ({ drafts }: Pick<Act, "drafts">): string[] => drafts.map(({ sql }) => code(sql));

/** Whether a table may have rows, as no migration that is judged makes it. */
export const hasRows = ({ context }: Act, table: QualifiedName): boolean => !context.isNew(table);

/** The column that an `ALTER TABLE` adds, with its constraints; undefined where it does something else. */
export function addedColumn({
  command,
}: Act):
  | { readonly definition: ColumnDef; readonly name: string; readonly constraints: Constraint[] }
  | undefined {
  if (command?.subtype !== "AT_AddColumn" || !command.def || !("ColumnDef" in command.def)) return undefined;
  const definition = command.def.ColumnDef;
  return {
    definition,
    name: definition.colname ?? "",
    constraints: (definition.constraints ?? []).flatMap((node) =>
      "Constraint" in node ? [node.Constraint] : [],
    ),
  };
}

/** The constraints that an `ALTER TABLE` adds, to a table or with a column. */
export function addedConstraints(act: Act): Constraint[] {
  const { command } = act;
  if (command?.subtype === "AT_AddConstraint" && command.def && "Constraint" in command.def) {
    return [command.def.Constraint];
  }
  return addedColumn(act)?.constraints ?? [];
}

/** What a step is about, for a person. */
export const objectOf = ({ target, title }: Draft): string => (target ? nameOf(target) : title);

/** The hazards of an act's steps, of some kinds of steps, each as a judgement. */
export function ofSteps(
  { drafts }: Act,
  isMeant: (hazard: HazardName, kind: StepKind) => boolean,
  safeForm: (draft: Draft) => readonly string[],
): Judgement[] {
  return drafts.flatMap((draft) =>
    draft.hazards
      .filter(({ name }) => isMeant(name, draft.kind))
      .map(({ name, message }) => ({
        hazard: name,
        object: objectOf(draft),
        message,
        safeForm: safeForm(draft),
      })),
  );
}

/** The terms of a condition that all have to hold. */
const terms = (node: Node): Node[] =>
  "BoolExpr" in node && node.BoolExpr.boolop === "AND_EXPR"
    ? (node.BoolExpr.args ?? []).flatMap(terms)
    : [node];

/** The conditions that valid checks hold every row of a table to. */
export function provenOf({ folder }: Act, table: QualifiedName): Node[] {
  const known = folder.tables.get(qualifiedLabel(table));
  return (known?.constraints ?? [])
    .filter(({ type, validated }) => type === "c" && validated)
    .flatMap(({ name }) => folder.checks.get(checkKey(table, name)) ?? [])
    .flatMap(terms);
}

/** Whether a valid check says that a column is not null. PostgreSQL 17 manual, "ALTER TABLE", `SET NOT NULL`. */
export const isProvenNotNull = (act: Act, table: QualifiedName, column: string): boolean =>
  provenOf(act, table).some(
    (node) =>
      "NullTest" in node &&
      node.NullTest.nulltesttype === "IS_NOT_NULL" &&
      columnsIn(node.NullTest.arg).includes(column),
  );
