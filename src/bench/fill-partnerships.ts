import { quoteLiteral } from "drizzle-deploy/sql";
import { partners, partnershipClients, partnershipStatuses } from "../schema/index.ts";
import { type Fill, fill, type Ground, zoned } from "./tables.ts";

/** Fills of the partnership tables. A user's third partner, where there is one, has no clients. */
export function fillPartnerships(ground: Ground): Fill[] {
  const today = `${quoteLiteral(ground.today)}::date`;
  return [
    fill(ground, {
      table: partners,
      rows: { each: 3, where: "k < 2 + u % 2" },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        name: "(array['Contabilidade Aurora', 'Consultoria Ipê', 'Seguros Litoral'])[1 + k]",
        email: row.unless("email", 0.2, "'parceiro' || i || '@example.test'"),
        phone: row.unless("phone", 0.3, "'+55 21 9' || (60000000 + i)"),
        defaultCommissionRate: row.cents("rate", 0, 10_000),
        notes: row.unless("notes", 0.8, "'Contato pelo escritório.'"),
        isActive: row.chance("active", 0.9),
        createdAt: zoned(row.daysAgo("created", "760")),
        updatedAt: zoned(row.daysAgo("updated", row.integer("age", 1, 700))),
      }),
    }),
    fill(ground, {
      table: partnershipClients,
      rows: { skewed: 20_000 },
      columns: (row) => {
        const status = row.pick("status", partnershipStatuses);
        const age = row.integer("age", 1, 720);
        const closed = row.unless("closed", 0.3, `${today} - ${age}::int`);
        return {
          id: row.id,
          userId: row.userId,
          partnerId: row.idOf("partners_v2", `u * 100 + ${row.integer("partner", 0, 1)}`),
          clientName: row.pick("client", ["Mercado Bom Preço", "Ótica Visão", "Escola Ângulo"]),
          contractValue: row.cents("value", 0, 10_000_000),
          commissionRate: row.cents("rate", 0, 10_000),
          status,
          closedAt: closed,
          paidAt: `case when ${status} = 'paid' then ${zoned(row.daysAgo("paid", age))} end`,
          notes: row.unless("notes", 0.8, "'Indicado em evento.'"),
          createdAt: zoned(row.daysAgo("created", `${age} + 10`)),
          updatedAt: zoned(row.daysAgo("updated", age)),
        };
      },
    }),
  ];
}
