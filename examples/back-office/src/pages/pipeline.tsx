import { and, eq, isNull, sql } from "drizzle-orm";
import { Hono } from "hono";
import type { FC } from "hono/jsx";
import {
  asUser,
  type PipelineLead,
  pipelineBoard,
  pipelineFigures,
  pipelineStage,
  softDelete,
} from "spfp-db";
import { leadStages, salesLeads } from "spfp-db/schema";
import { z } from "zod";
import type { Database } from "../database.ts";
import { count, money, shortDay, shortened } from "../format.ts";
import { formOf, idSchema } from "../forms.ts";
import { page } from "../layout.tsx";
import { Act, Nothing, Pager } from "../parts.tsx";
import { claimsOf, type Env, goTo, reading } from "../session.ts";
import { stageNames } from "../words.ts";

const stageSchema = z.enum(leadStages);
const openStages = ["prospecting", "qualification", "proposal", "negotiation"] as const;

/** Leads of a stage that the board shows; a stage's own page has all. */
const onBoard = 3;
const onPage = 10;

const Lead: FC<{ lead: PipelineLead }> = ({ lead }) => (
  <li>
    <div class="grow">
      <p class="title">
        {lead.name}
        {lead.company && <span class="muted"> · {lead.company}</span>}
      </p>
      <p class="facts">
        <strong>{money(lead.value)}</strong> <span class="muted">{lead.probability} % likely</span>{" "}
        {lead.nextAction && (
          <span class="muted">
            next: {lead.nextAction}
            {lead.nextActionDate && `, ${shortDay(lead.nextActionDate)}`}
          </span>
        )}
      </p>
    </div>
    <div class="acts">
      <form class="move" method="post" action={`/pipeline/${lead.id}/stage`}>
        <label class="unseen" for={`stage-${lead.id}`}>
          Stage of {lead.name}
        </label>
        <select id={`stage-${lead.id}`} name="stage">
          {leadStages.map((stage) => (
            <option value={stage} selected={stage === lead.stage}>
              {stageNames[stage]}
            </option>
          ))}
        </select>
        <button type="submit" class="small">
          Move<span class="unseen"> {lead.name}</span>
        </button>
      </form>
      <Act to={`/pipeline/${lead.id}/delete`} about={lead.name} quiet>
        Delete
      </Act>
    </div>
  </li>
);

/** The sales pipeline: what its stages add up to, and their leads. */
export function pipelinePages(db: Database) {
  return new Hono<Env>()
    .get("/", async (c) => {
      const { person } = c.var;
      // One state of the database, so that figures and lists agree.
      const { figures, stages } = await asUser(
        db,
        claimsOf(person),
        async (tx) => ({
          figures: await pipelineFigures(tx, { userId: person.id }),
          stages: await pipelineBoard(tx, { userId: person.id, limit: onBoard }),
        }),
        { ...reading, isolationLevel: "repeatable read" },
      );
      return page(
        c,
        { title: "Pipeline", person },
        <>
          <h1>Pipeline</h1>
          <dl class="figures six">
            {figures.map(({ stage, leads, value, probability }) => (
              <div class="figure">
                <dt>
                  <a href={`/pipeline/${stage}`}>{stageNames[stage]}</a>
                </dt>
                <dd>
                  <strong>{money(value)}</strong>
                  <span class="muted">
                    {count(leads, "lead")}
                    {probability !== null && `, ${Math.round(Number(probability))} % on average`}
                  </span>
                </dd>
              </div>
            ))}
          </dl>
          {openStages.map((stage) => (
            <section aria-labelledby={`stage-${stage}`}>
              <h2 id={`stage-${stage}`}>{stageNames[stage]}</h2>
              {stages[stage].rows.length === 0 && <Nothing>No leads.</Nothing>}
              <ul class="list">
                {stages[stage].rows.map((lead) => (
                  <Lead lead={lead} />
                ))}
              </ul>
              {stages[stage].next && <a href={`/pipeline/${stage}`}>All in {stageNames[stage]} »</a>}
            </section>
          ))}
        </>,
      );
    })
    .get("/:stage", async (c) => {
      const { person } = c.var;
      const stage = stageSchema.safeParse(c.req.param("stage"));
      if (!stage.success) return c.notFound();
      const after = c.req.query("after");
      const { rows, next } = await asUser(
        db,
        claimsOf(person),
        (tx) => pipelineStage(tx, { userId: person.id, stage: stage.data, after, limit: onPage }),
        reading,
      );
      const name = stageNames[stage.data];
      return page(
        c,
        { title: name, person },
        <>
          <div class="heading">
            <h1>{name}</h1>
            <a href="/pipeline">All stages</a>
          </div>
          {rows.length === 0 && <Nothing>No leads.</Nothing>}
          <ul class="list">
            {rows.map((lead) => (
              <Lead lead={lead} />
            ))}
          </ul>
          <Pager path={`/pipeline/${stage.data}`} next={next} first={after === undefined} of={name} />
        </>,
      );
    })
    .post("/:id/stage", async (c) => {
      const { person } = c.var;
      const id = idSchema.safeParse(c.req.param("id"));
      const stage = stageSchema.safeParse((await formOf(c, ["stage"])).stage);
      if (!id.success || !stage.success) return c.notFound();
      const closed = stage.data === "closed_won" || stage.data === "closed_lost";
      const [lead] = await asUser(db, claimsOf(person), (tx) =>
        tx
          .update(salesLeads)
          .set({ stage: stage.data, closedAt: closed ? sql`now()` : null })
          .where(
            and(eq(salesLeads.userId, person.id), eq(salesLeads.id, id.data), isNull(salesLeads.deletedAt)),
          )
          .returning({ name: salesLeads.name }),
      );
      if (lead === undefined) return c.notFound();
      return goTo(c, "/pipeline", {
        kind: "done",
        text: `“${shortened(lead.name)}” is in ${stageNames[stage.data]}.`,
      });
    })
    .post("/:id/delete", async (c) => {
      const { person } = c.var;
      const id = idSchema.safeParse(c.req.param("id"));
      if (!id.success) return c.notFound();
      const [gone] = await asUser(db, claimsOf(person), (tx) => softDelete(tx, salesLeads, [id.data]));
      if (gone === undefined) return c.notFound();
      return goTo(c, "/pipeline", {
        kind: "done",
        text: "The lead is in the bin.",
        undo: { bin: "leads", id: gone },
      });
    });
}
