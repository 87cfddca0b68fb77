import type { Context } from "hono";
import { html } from "hono/html";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Person } from "./people.ts";
import { type Env, takeNotice } from "./session.ts";

const places = [
  ["/", "Overview"],
  ["/tasks", "Tasks"],
  ["/pipeline", "Pipeline"],
  ["/calendar", "Calendar"],
  ["/history", "Transactions"],
  ["/categories", "Categories"],
  ["/automation", "Automation"],
  ["/bin", "Bin"],
] as const;

const isHere = (path: string, place: string): boolean =>
  place === "/" ? path === "/" : path === place || path.startsWith(`${place}/`);

/** What a page is besides its content. */
export interface PageOptions {
  readonly title: string;
  readonly person?: Person;
  readonly status?: ContentfulStatusCode;
}

/** A whole page, with what the request before has left to be said. */
export async function page(
  c: Context<Env>,
  { title, person, status = 200 }: PageOptions,
  content: Child,
): Promise<Response> {
  const notice = await takeNotice(c);
  const { path } = c.req;
  const body = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · Back office`}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to content
        </a>
        <header>
          <div class="inside">
            <a class="brand" href="/">
              Back office
            </a>
            {person && (
              <form class="who" method="post" action="/sign-out">
                <span>{person.name}</span>
                <button type="submit" class="small quiet">
                  Sign out
                </button>
              </form>
            )}
          </div>
          {person && (
            <nav class="inside places" aria-label="Main">
              {places.map(([place, name]) => (
                <a href={place} {...(isHere(path, place) ? { "aria-current": "page" as const } : {})}>
                  {name}
                </a>
              ))}
            </nav>
          )}
        </header>
        <main id="content" class="inside" tabindex={-1}>
          {notice && (
            <div class={`notice ${notice.kind}`} role={notice.kind === "problem" ? "alert" : "status"}>
              <p>{notice.text}</p>
              {notice.undo && (
                <form method="post" action={`/bin/${notice.undo.bin}/${notice.undo.id}/restore`}>
                  <input type="hidden" name="back" value={path} />
                  <button type="submit" class="small">
                    Undo
                  </button>
                </form>
              )}
            </div>
          )}
          {content}
        </main>
      </body>
    </html>
  );
  return c.html(html`<!doctype html>${body}`, status);
}
