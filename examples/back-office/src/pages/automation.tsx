import { eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import type { FC } from "hono/jsx";
import { asUser, auditTimeline, auditTrail } from "spfp-db";
import { automationPermissions } from "spfp-db/schema";
import { validators } from "spfp-db/validation";
import type { Database } from "../database.ts";
import { longDay, timeZone } from "../format.ts";
import { type Faults, faultsOf, formOf, numeral, type Values } from "../forms.ts";
import { page } from "../layout.tsx";
import { Field, Nothing, Pager, tied } from "../parts.tsx";
import { personOf } from "../people.ts";
import { claimsOf, type Env, goTo, reading } from "../session.ts";

const switches = [
  ["enabled", "Automation may act for me"],
  ["requireConfirmation", "It asks before each action"],
  ["allowNavigation", "It may open pages"],
  ["allowClicks", "It may click"],
  ["allowTyping", "It may type"],
] as const;

const fields = [
  "enabled",
  "requireConfirmation",
  "allowNavigation",
  "allowClicks",
  "allowTyping",
  "maxActionsPerHour",
  "allowedDomains",
  "blockedDomains",
] as const;
type PermissionForm = Values<(typeof fields)[number]>;

const onPage = 10;

const linesOf = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");

const Switch: FC<{ name: string; label: string; on: boolean }> = ({ name, label, on }) => (
  <div class="switch">
    <input type="checkbox" id={name} name={name} value="on" checked={on} />
    <label for={name}>{label}</label>
  </div>
);

/** What automation may do, and what became of that: the trail is written by the database itself. */
export function automationPages(db: Database) {
  async function show(c: Context<Env>, sent?: PermissionForm, faults: Faults = {}) {
    const { person } = c.var;
    const after = c.req.query("after");
    const { saved, trail } = await asUser(
      db,
      claimsOf(person),
      async (tx) => ({
        saved: (
          await tx.select().from(automationPermissions).where(eq(automationPermissions.userId, person.id))
        )[0],
        trail: await auditTrail(tx, {
          userId: person.id,
          limit: onPage,
          ...(after === undefined ? {} : { after }),
        }),
      }),
      reading,
    );
    const on = (value: boolean | null | undefined) => (value === true ? "on" : "");
    const values: PermissionForm = sent ?? {
      enabled: on(saved?.enabled),
      requireConfirmation: on(saved?.requireConfirmation ?? true),
      allowNavigation: on(saved?.allowNavigation ?? true),
      allowClicks: on(saved?.allowClicks),
      allowTyping: on(saved?.allowTyping),
      maxActionsPerHour: String(saved?.maxActionsPerHour ?? 100),
      allowedDomains: (saved?.allowedDomains ?? []).join("\n"),
      blockedDomains: (saved?.blockedDomains ?? []).join("\n"),
    };
    const days = auditTimeline(trail.rows, { timeZone, nameOf: (id) => personOf(id)?.name });
    return page(
      c,
      { title: "Automation", person, status: Object.keys(faults).length === 0 ? 200 : 422 },
      <>
        <h1>Automation</h1>
        <div class="halves">
          <form class="sheet" method="post" action="/automation" novalidate>
            <fieldset>
              <legend>What it may do</legend>
              {switches.map(([name, label]) => (
                <Switch name={name} label={label} on={values[name] === "on"} />
              ))}
            </fieldset>
            <Field name="maxActionsPerHour" label="Actions per hour, at most" faults={faults}>
              <input
                {...tied("maxActionsPerHour", faults)}
                type="text"
                inputmode="numeric"
                value={values.maxActionsPerHour}
              />
            </Field>
            <Field name="allowedDomains" label="Allowed domains" hint="One a line" faults={faults}>
              <textarea {...tied("allowedDomains", faults, true)} rows={3}>
                {values.allowedDomains}
              </textarea>
            </Field>
            <Field name="blockedDomains" label="Blocked domains" hint="One a line" faults={faults}>
              <textarea {...tied("blockedDomains", faults, true)} rows={3}>
                {values.blockedDomains}
              </textarea>
            </Field>
            <button type="submit">Save</button>
          </form>
          <section aria-labelledby="trail">
            <h2 id="trail">What happened</h2>
            {days.length === 0 && <Nothing>Nothing was changed yet.</Nothing>}
            {days.map(({ day, entries }) => (
              <>
                <h3>{longDay(day)}</h3>
                <ol class="timeline">
                  {entries.map(({ time, text }) => (
                    <li>
                      <span class="muted">{time}</span> {text}
                    </li>
                  ))}
                </ol>
              </>
            ))}
            <Pager path="/automation" next={trail.next} first={after === undefined} of="changes" />
          </section>
        </div>
      </>,
    );
  }

  return new Hono<Env>()
    .get("/", (c) => show(c))
    .post("/", async (c) => {
      const { person } = c.var;
      const values = await formOf(c, fields);
      const settings = validators.automationPermissions.update.safeParse({
        ...Object.fromEntries(switches.map(([name]) => [name, values[name] === "on"])),
        maxActionsPerHour: numeral(values.maxActionsPerHour),
        allowedDomains: linesOf(values.allowedDomains),
        blockedDomains: linesOf(values.blockedDomains),
      });
      const faults: Faults = settings.success ? {} : faultsOf(settings.error, values);
      // The database takes any number: that none but these makes sense is the application's own rule.
      const most = Number(values.maxActionsPerHour);
      if (!settings.success || most < 1 || most > 10_000)
        return show(c, values, { maxActionsPerHour: "From 1 to 10000.", ...faults });
      await asUser(db, claimsOf(person), (tx) =>
        tx
          .insert(automationPermissions)
          .values({ ...settings.data, userId: person.id })
          .onConflictDoUpdate({ target: automationPermissions.userId, set: settings.data }),
      );
      return goTo(c, "/automation", {
        kind: "done",
        text: "Saved. The trail on this page says what changed.",
      });
    });
}
