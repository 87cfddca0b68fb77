import type { Constraint } from "libpg-query";

const separate = ["CONSTR_CHECK", "CONSTR_FOREIGN", "CONSTR_UNIQUE", "CONSTR_PRIMARY"];

/** What says more of the constraint before it, as the grammar has it at a column: each with what that gets. */
const attributes: Partial<Record<NonNullable<Constraint["contype"]>, Partial<Constraint>>> = {
  CONSTR_ATTR_DEFERRABLE: { deferrable: true },
  CONSTR_ATTR_NOT_DEFERRABLE: {},
  CONSTR_ATTR_DEFERRED: { deferrable: true, initdeferred: true },
  CONSTR_ATTR_IMMEDIATE: {},
  CONSTR_ATTR_ENFORCED: {},
  CONSTR_ATTR_NOT_ENFORCED: { is_enforced: false, initially_valid: false, skip_validation: true },
};

/** A constraint of its own, with the nodes that say it. */
export interface Separate {
  readonly constraint: Constraint;
  readonly nodes: readonly Constraint[];
}

/** The constraints written at a column that a table has beside it, each with what is said of it after it. */
export function separated(constraints: readonly Constraint[]): Separate[] {
  const found: Separate[] = [];
  let isOpen = false;
  for (const one of constraints) {
    const attribute = one.contype && attributes[one.contype];
    const last = found.at(-1);
    if (attribute && last && isOpen) {
      found.splice(-1, 1, {
        constraint: withoutFalse({ ...last.constraint, ...attribute }),
        nodes: [...last.nodes, one],
      });
      continue;
    }
    isOpen = separate.includes(one.contype ?? "");
    if (isOpen) found.push({ constraint: one, nodes: [one] });
  }
  return found;
}

/** As the grammar leaves it: what is false is not there. */
function withoutFalse({ is_enforced, initially_valid, ...rest }: Constraint): Constraint {
  return {
    ...rest,
    ...(is_enforced ? { is_enforced } : {}),
    ...(initially_valid ? { initially_valid } : {}),
  };
}
