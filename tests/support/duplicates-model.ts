/*
 * What a merge of duplicates has to do, over plain values: written from the specification, and with nothing of the
 * SQL that does it. `deleted` says whether a row is soft-deleted; times are whole minutes, null where unknown.
 */

export interface Category {
  id: string;
  user: string;
  name: string;
  created: number | null;
  deleted: boolean;
}

export interface Budget {
  id: string;
  category: string;
  created: number | null;
  deleted: boolean;
}

export interface Transaction {
  id: string;
  category: string;
  deleted: boolean;
}

export interface Template {
  id: string;
  user: string;
  type: string;
  created: number;
  isDefault: boolean | null;
}

export interface State {
  categories: Category[];
  budgets: Budget[];
  transactions: Transaction[];
  templates: Template[];
}

function groupsOf<Value>(values: readonly Value[], key: (value: Value) => string): Value[][] {
  const groups = new Map<string, Value[]>();
  for (const value of values) groups.set(key(value), [...(groups.get(key(value)) ?? []), value]);
  return [...groups.values()];
}

const isBefore = (a: { id: string; created: number | null }, b: { id: string; created: number | null }) => {
  const [first, second] = [a.created ?? Number.POSITIVE_INFINITY, b.created ?? Number.POSITIVE_INFINITY];
  return first === second ? a.id < b.id : first < second;
};

function oldest<Value extends { id: string; created: number | null }>(values: readonly Value[]): Value {
  return values.reduce((best, value) => (isBefore(value, best) ? value : best));
}

/** The state after a merge. `fold` is what makes two names the same. */
export function merged(before: State, fold: (name: string) => string): State {
  const state = structuredClone(before);
  const live = state.categories.filter((category) => !category.deleted);
  for (const group of groupsOf(live, ({ user, name }) => `${user} ${fold(name)}`)) {
    if (group.length === 1) continue;
    const kept = oldest(group);
    const ids = new Set(group.map(({ id }) => id));
    const budgets = state.budgets.filter((budget) => ids.has(budget.category) && !budget.deleted);
    const own = budgets.filter((budget) => budget.category === kept.id);
    if (budgets.length > 0) {
      const stays = oldest(own.length > 0 ? own : budgets);
      for (const budget of budgets) budget.deleted = budget !== stays;
    }
    for (const row of [...state.budgets, ...state.transactions]) {
      if (ids.has(row.category)) row.category = kept.id;
    }
    for (const category of group) category.deleted = category !== kept;
  }
  const defaults = state.templates.filter((template) => template.isDefault);
  for (const group of groupsOf(defaults, ({ user, type }) => `${user} ${type}`)) {
    const newest = Math.max(...group.map(({ created }) => created));
    const stays = oldest(group.filter(({ created }) => created === newest));
    for (const template of group) template.isDefault = template === stays;
  }
  return state;
}
