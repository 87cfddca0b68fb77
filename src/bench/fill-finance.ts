import { quoteLiteral } from "drizzle-deploy/sql";
import {
  accounts,
  accountTypes,
  categories,
  categoryBudgets,
  goals,
  investments,
  patrimonyItems,
  transactionGroups,
  transactionGroupTypes,
  transactions,
} from "../schema/index.ts";
import { textArray } from "./random.ts";
import { type Fill, fill, type Ground, type RowContext } from "./tables.ts";

interface CategoryKind {
  name: string;
  type: "income" | "expense" | "mixed" | null;
  icon: string | null;
}

/** What every user has. */
const baseCategories: readonly CategoryKind[] = [
  { name: "Salário", type: "income", icon: "briefcase" },
  { name: "Freelance", type: "income", icon: "laptop" },
  { name: "Rendimentos", type: "income", icon: "trending-up" },
  { name: "Moradia", type: "expense", icon: "home" },
  { name: "Alimentação", type: "expense", icon: "utensils" },
  { name: "Transporte", type: "expense", icon: "car" },
  { name: "Saúde", type: "expense", icon: "heart" },
  { name: "Educação", type: "expense", icon: "book" },
  { name: "Lazer", type: "expense", icon: "music" },
  { name: "Vestuário", type: "expense", icon: "shirt" },
  { name: "Assinaturas", type: "expense", icon: null },
  { name: "Impostos", type: "expense", icon: "receipt" },
  { name: "Presentes", type: "mixed", icon: "gift" },
  { name: "Outros", type: null, icon: null },
];

/** What some users have besides: another spelling of a base category, live (a duplicate) or deleted (none). */
const respelled: readonly { name: string; of: number; users: string; deleted?: true }[] = [
  { name: "MORADIA", of: 3, users: "u % 4 = 1" },
  { name: "alimentação", of: 4, users: "u % 4 = 1" },
  { name: "SAÚDE", of: 6, users: "u % 8 = 1" },
  { name: "saúde", of: 6, users: "u % 8 = 1" },
  { name: "LAZER", of: 8, users: "u % 3 = 0", deleted: true },
];

/**
 * The share of users who have categories equal but for case. Of them every one has two groups of two categories
 * (`Moradia`, `Alimentação`) and every second one a group of three (`Saúde`).
 */
export const shareWithDuplicateCategories = 1 / 4;

const spellings = baseCategories.length + respelled.length;
const firstDeleted = respelled.findIndex((category) => category.deleted) + baseCategories.length;

/** Base categories with a budget, then the respelled ones that have one too, so that a merge finds several. */
const budgeted = [
  3,
  4,
  5,
  6,
  7,
  8,
  ...respelled.flatMap((c, n) => (c.deleted ? [] : [baseCategories.length + n])),
];

const incomeCategories = baseCategories.filter((category) => category.type === "income").length;
const accountNames = ["Conta corrente", "Poupança", "Cartão de crédito", "Corretora"];
const merchants = [
  "Supermercado",
  "Padaria",
  "Farmácia",
  "Posto de combustível",
  "Aluguel",
  "Condomínio",
  "Pix recebido",
  "Pix enviado",
  "Boleto",
  "Restaurante",
];

/** A soft-deleted twentieth: users of these tables could delete long before the optimisation. */
const deleted = (row: RowContext) => row.unless("deleted", 0.95, row.daysAgo("deletedAt", "1 + i % 200"));

const times = (row: RowContext, createdAt: string, missing = 0.1) => ({
  createdAt: row.unless("createdAt", missing, createdAt),
  updatedAt: row.unless("updatedAt", missing, `${createdAt} + interval '1 hour'`),
});

const categoryOf = (index: number, key: "name" | "type" | "icon"): string => {
  const category = baseCategories[index];
  const value = category?.[key] ?? null;
  return value === null ? "null" : quoteLiteral(value);
};

function categoryColumn(key: "name" | "type" | "icon"): string {
  const respelledCases = respelled.map((category, n) => {
    const value = key === "name" ? quoteLiteral(category.name) : categoryOf(category.of, key);
    return `when ${baseCategories.length + n} then ${value}`;
  });
  const baseCases = baseCategories.map((_, n) => `when ${n} then ${categoryOf(n, key)}`);
  return `case k ${[...baseCases, ...respelledCases].join(" ")} end`;
}

/** Which users have the category with number `k`. */
const hasCategory = (k: string) =>
  `case ${k} ${respelled.map((c, n) => `when ${baseCategories.length + n} then ${c.users}`).join(" ")} else true end`;

/** Fills of the finance tables, in the order of their foreign keys. */
export function fillFinance(ground: Ground): Fill[] {
  return [
    fill(ground, {
      table: accounts,
      rows: { each: 4, where: "k < 2 + u % 3" },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        name: `(${textArray(accountNames)})[1 + k]`,
        type: `case k when 0 then 'checking' when 1 then 'savings' else ${row.pick("type", accountTypes)} end`,
        balance: row.cents("balance", 0, 5_000_000),
        currency: row.unless("currency", 0.1, "'BRL'"),
        color: row.unless("color", 0.2, row.pick("colour", ["#2563eb", "#16a34a", "#dc2626", "#9333ea"])),
        icon: row.unless("icon", 0.3, "'wallet'"),
        ...times(row, row.daysAgo("created", "1501 + k")),
        // The first account stays: somebody without one could not have transactions.
        deletedAt: `case when k > 0 then ${deleted(row)} end`,
      }),
    }),
    fill(ground, {
      table: categories,
      rows: { each: spellings, where: hasCategory("k") },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        name: categoryColumn("name"),
        type: categoryColumn("type"),
        icon: categoryColumn("icon"),
        color: row.unless("color", 0.2, row.pick("colour", ["#0ea5e9", "#f59e0b", "#10b981"])),
        orderIndex: row.unless("order", 0.1, "k"),
        ...times(row, row.daysAgo("created", row.integer("age", 1501, 1700))),
        deletedAt: `case when k >= ${firstDeleted} then ${row.daysAgo("deletedAt", "30 + i % 200")} end`,
      }),
    }),
    fill(ground, {
      table: categoryBudgets,
      rows: {
        each: budgeted.length,
        // Every second user with duplicates has no budget for Moradia but one for MORADIA.
        where: `${hasCategory(`(array[${budgeted.join(", ")}])[1 + k]`)} and not (k = 0 and u % 8 = 5)`,
      },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        categoryId: row.idOf("categories", `u * 100 + (array[${budgeted.join(", ")}])[1 + k]`),
        monthlyLimit: row.cents("limit", 10_000, 500_000),
        alertThreshold: row.unless("alert", 0.1, row.cents("threshold", 50, 95)),
        ...times(row, row.daysAgo("created", row.integer("age", 10, 700))),
        deletedAt: deleted(row),
      }),
    }),
    fill(ground, {
      table: transactionGroups,
      rows: { each: 4 },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        name: "(array['Aluguel mensal', 'Notebook parcelado', 'Academia', 'Viagem'])[1 + k]",
        type: row.unless("type", 0.1, row.pick("kind", transactionGroupTypes)),
        frequency: row.unless("frequency", 0.3, row.pick("every", ["monthly", "weekly", "yearly"])),
        createdAt: row.unless("createdAt", 0.1, row.daysAgo("created", "1501")),
        deletedAt: deleted(row),
      }),
    }),
    fill(ground, {
      table: transactions,
      rows: { skewed: 2_000_000 },
      columns: (row) => {
        const drawn = row.integer("category", 0, spellings - 1);
        const respelling = respelled.map((category, n) => {
          const k = baseCategories.length + n;
          return `when ${k} then case when ${category.users} then ${k} else ${category.of} end`;
        });
        const category = `case ${drawn} ${respelling.join(" ")} else ${drawn} end`;
        const day = row.integer("date", 0, 1_499);
        const grouped = row.chance("grouped", 0.1);
        return {
          id: row.id,
          userId: row.userId,
          accountId: row.idOf("accounts", `u * 100 + floor(${row.uniform("account")} * (2 + u % 3))::bigint`),
          categoryId: row.idOf("categories", `u * 100 + ${category}`),
          description: row.unless("description", 0.1, row.pick("merchant", merchants)),
          amount: row.cents("amount", 1, 500_000),
          type: `case when ${drawn} < ${incomeCategories} then 'INCOME' else 'EXPENSE' end`,
          date: `${quoteLiteral(ground.today)}::date - ${day}::int`,
          paid: row.unless("paid", 0.02, row.chance("settled", 0.85)),
          groupId: `case when ${grouped} then ${row.idOf("transaction_groups", `u * 100 + ${row.integer("group", 0, 3)}`)} end`,
          groupIndex: `case when ${grouped} then ${row.integer("instalment", 1, 12)} end`,
          spender: row.unless("spender", 0.7, row.pick("who", ["Ana", "Bruno", "Família"])),
          notes: row.unless("notes", 0.9, "'Conferir no extrato'"),
          ...times(row, row.daysAgo("created", `1 + ${day}`), 0.01),
          deletedAt: deleted(row),
        };
      },
    }),
    fill(ground, {
      table: goals,
      rows: { each: 3 },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        name: "(array['Reserva de emergência', 'Viagem para o Nordeste', 'Entrada do apartamento'])[1 + k]",
        description: row.unless("description", 0.5, "'Guardar todo mês'"),
        targetAmount: row.cents("target", 100_000, 20_000_000),
        currentAmount: row.unless("current", 0.1, row.cents("saved", 0, 5_000_000)),
        deadline: row.unless(
          "deadline",
          0.2,
          `${quoteLiteral(ground.today)}::date + ${row.integer("due", -90, 900)}::int`,
        ),
        category: row.unless("category", 0.3, row.pick("kind", ["Segurança", "Lazer", "Moradia"])),
        priority: row.unless("priority", 0.3, row.pick("rank", ["low", "medium", "high"])),
        ...times(row, row.daysAgo("created", row.integer("age", 1, 900))),
        deletedAt: deleted(row),
      }),
    }),
    fill(ground, {
      table: investments,
      rows: { each: 4 },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        accountId: row.unless("account", 0.2, row.idOf("accounts", "u * 100 + k % (2 + u % 3)")),
        symbol: "(array['PETR4', 'ITUB4', 'TESOURO-SELIC', 'BOVA11'])[1 + k]",
        name: "(array['Petrobras PN', 'Itaú Unibanco PN', 'Tesouro Selic 2029', 'ETF Ibovespa'])[1 + k]",
        type: row.unless("type", 0.1, "(array['stock', 'stock', 'bond', 'etf'])[1 + k]"),
        quantity: row.cents("quantity", 100, 100_000),
        averagePrice: row.cents("average", 500, 20_000),
        currentPrice: row.unless("current", 0.2, row.cents("price", 500, 20_000)),
        totalValue: row.unless("total", 0.2, row.cents("value", 10_000, 5_000_000)),
        currency: row.unless("currency", 0.1, "'BRL'"),
        ...times(row, row.daysAgo("created", row.integer("age", 1, 1_200))),
        deletedAt: deleted(row),
      }),
    }),
    fill(ground, {
      table: patrimonyItems,
      rows: { each: 2 },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        name: "(array['Apartamento', 'Carro'])[1 + k]",
        description: row.unless("description", 0.5, "'Avaliado pela tabela de referência'"),
        type: row.unless("type", 0.1, "(array['property', 'vehicle'])[1 + k]"),
        value: row.cents("value", 1_000_000, 90_000_000),
        acquisitionDate: row.unless(
          "acquired",
          0.2,
          `${quoteLiteral(ground.today)}::date - ${row.integer("owned", 1, 7_000)}::int`,
        ),
        acquisitionValue: row.unless("cost", 0.2, row.cents("paid", 1_000_000, 80_000_000)),
        currency: row.unless("currency", 0.1, "'BRL'"),
        ...times(row, row.daysAgo("created", row.integer("age", 1, 1_200))),
        deletedAt: deleted(row),
      }),
    }),
  ];
}
