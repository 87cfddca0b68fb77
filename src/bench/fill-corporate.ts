import { quoteLiteral } from "drizzle-deploy/sql";
import {
  activityStatuses,
  corporateActivities,
  departments,
  leadStages,
  marketingPosts,
  operationalTasks,
  platforms,
  postStatuses,
  salesGoals,
  salesLeads,
  taskPriorities,
  taskStatuses,
} from "../schema/index.ts";
import { textArray } from "./random.ts";
import { type Fill, fill, type Ground, zoned } from "./tables.ts";

/** Fills of the virtual office's tables. */
export function fillCorporate(ground: Ground): Fill[] {
  const today = `${quoteLiteral(ground.today)}::date`;
  return [
    fill(ground, {
      table: operationalTasks,
      rows: { skewed: 1_000_000 },
      columns: (row) => {
        const status = row.pick("status", taskStatuses);
        const createdAt = row.arrival(180);
        return {
          id: row.id,
          userId: row.userId,
          title: `${row.pick("title", ["Revisar contrato", "Emitir nota fiscal", "Conciliar extrato", "Ligar para fornecedor", "Atualizar planilha"])} || ' #' || i`,
          description: row.unless("description", 0.4, "'Ver os detalhes com a equipe antes do prazo.'"),
          status,
          priority: row.pick("priority", taskPriorities),
          assignee: row.unless("assignee", 0.3, row.pick("who", ["Ana", "Bruno", "Carla", "Diego"])),
          dueDate: row.unless("due", 0.1, `${today} + ${row.integer("dueDate", -60, 60)}::int`),
          completedAt: `case when ${status} = 'done' then ${zoned(`${createdAt} + interval '6 hours'`)} end`,
          position: row.integer("position", 0, 1_000_000),
          tags: row.unless(
            "tags",
            0.1,
            `case when ${row.chance("tagged", 0.3)} then array['urgente', 'cliente'] else '{}' end`,
          ),
          createdAt: zoned(createdAt),
          updatedAt: zoned(`${createdAt} + interval '6 hours'`),
        };
      },
    }),
    fill(ground, {
      table: salesLeads,
      rows: { skewed: 1_000_000 },
      columns: (row) => {
        const stage = row.pick("stage", leadStages);
        const createdAt = row.arrival(720);
        return {
          id: row.id,
          userId: row.userId,
          name: `${row.pick("first", ["Ana", "Bruno", "Carla", "Diego", "Elisa", "Fábio"])} || ' ' || ${row.pick("last", ["Almeida", "Conceição", "Gonçalves", "Silva", "Souza"])}`,
          company: row.unless(
            "company",
            0.3,
            row.pick("firm", ["Padaria Aurora", "Construtora Horizonte", "Clínica São José"]),
          ),
          email: row.unless("email", 0.2, "'lead' || i || '@example.test'"),
          phone: row.unless("phone", 0.3, "'+55 11 9' || (40000000 + i)"),
          stage,
          value: row.cents("value", 0, 10_000_000),
          probability: row.integer("probability", 0, 100),
          source: row.unless("source", 0.3, row.pick("from", ["Indicação", "Instagram", "Site"])),
          notes: row.unless("notes", 0.7, "'Pediu proposta por e-mail.'"),
          nextAction: row.unless("next", 0.4, "'Retornar ligação'"),
          nextActionDate: row.unless("nextDate", 0.4, `${today} + ${row.integer("nextDay", -30, 30)}::int`),
          position: row.integer("position", 0, 1_000_000),
          lostReason: `case when ${stage} = 'closed_lost' then ${row.unless("lost", 0.2, "'Preço'")} end`,
          createdAt: zoned(createdAt),
          updatedAt: zoned(`${createdAt} + interval '6 hours'`),
          closedAt: `case when ${stage} in ('closed_won', 'closed_lost') then ${zoned(`${createdAt} + interval '6 hours'`)} end`,
        };
      },
    }),
    fill(ground, {
      table: salesGoals,
      rows: { each: 12 },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        month: `(date_trunc('month', ${today}::timestamp) - interval '1 month' * k)::date`,
        targetValue: row.cents("target", 0, 20_000_000),
        createdAt: zoned(row.daysAgo("created", "1 + 30 * k")),
      }),
    }),
    fill(ground, {
      table: marketingPosts,
      rows: { skewed: 1_000_000 },
      columns: (row) => {
        const status = row.pick("status", postStatuses);
        const createdAt = row.arrival(400);
        const scheduled = `${today} + ${row.integer("scheduled", -300, 60)}::int`;
        return {
          id: row.id,
          userId: row.userId,
          title: `${row.pick("title", ["Dica de economia", "Promoção da semana", "Bastidores", "Depoimento de cliente"])} || ' #' || i`,
          description: row.unless("description", 0.3, "'Texto da publicação, com chamada para o site.'"),
          platform: row.pick("platform", platforms),
          status,
          scheduledDate: `case when ${status} <> 'draft' or ${row.chance("planned", 0.75)} then ${scheduled} end`,
          postedDate: `case when ${status} = 'posted' then ${zoned(`${createdAt} + interval '12 hours'`)} end`,
          imageUrl: row.unless("image", 0.4, "'https://cdn.example.test/posts/' || i || '.png'"),
          metrics: row.unless(
            "metrics",
            0.1,
            `jsonb_build_object('likes', ${row.integer("likes", 0, 5_000)})`,
          ),
          rejectionReason: `case when ${status} = 'rejected' then ${row.unless("reason", 0.2, "'Fora do tom da marca'")} end`,
          createdAt: zoned(createdAt),
          updatedAt: zoned(`${createdAt} + interval '12 hours'`),
        };
      },
    }),
    fill(ground, {
      table: corporateActivities,
      rows: { skewed: 200_000 },
      columns: (row) => {
        const asks = row.chance("asks", 0.25);
        const approved = `(${asks} and ${row.chance("approved", 0.6)})`;
        const createdAt = row.arrival(120);
        return {
          id: row.id,
          userId: row.userId,
          department: row.pick("department", departments),
          agentName: `(${textArray(["Agente Fiscal", "Agente de Conteúdo", "Agente Comercial"])})[1 + i % 3]`,
          description: row.pick("description", [
            "Gerou relatório mensal",
            "Preparou rascunho",
            "Classificou lançamentos",
          ]),
          status: row.pick("status", activityStatuses),
          requiresApproval: row.unless("approval", 0.05, asks),
          approvedAt: `case when ${approved} then ${zoned(`${createdAt} + interval '1 hour'`)} end`,
          approvedBy: `case when ${approved} then ${row.userId} end`,
          metadata: row.unless("metadata", 0.5, "jsonb_build_object('run', i)"),
          createdAt: zoned(createdAt),
        };
      },
    }),
  ];
}
