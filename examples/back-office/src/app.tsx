import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { csrf } from "hono/csrf";
import { secureHeaders } from "hono/secure-headers";
import { CursorInvalid, ParameterInvalid, TryAgain, ValueRefused } from "spfp-db";
import type { Database } from "./database.ts";
import { page } from "./layout.tsx";
import { automationPages } from "./pages/automation.tsx";
import { binPages } from "./pages/bin.tsx";
import { calendarPages } from "./pages/calendar.tsx";
import { categoryPages } from "./pages/categories.tsx";
import { historyPages } from "./pages/history.tsx";
import { overviewPage } from "./pages/overview.tsx";
import { pipelinePages } from "./pages/pipeline.tsx";
import { signInPages } from "./pages/sign-in.tsx";
import { taskPages } from "./pages/tasks.tsx";
import { type Env, requirePerson, whoIs } from "./session.ts";

const fileOf = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

const files = [
  ["/style.css", "text/css; charset=utf-8", fileOf("style.css")],
  ["/icon.svg", "image/svg+xml", fileOf("icon.svg")],
] as const;

/** What a page that cannot be shown says in its place; undefined for what nobody foresaw. */
function explain(error: Error) {
  if (error instanceof CursorInvalid || error instanceof ParameterInvalid)
    return {
      status: 400,
      title: "That page is not there",
      text: "Its address is not whole. Begin from the menu.",
    } as const;
  if (error instanceof TryAgain)
    return {
      status: 503,
      title: "Please try again",
      text: "Somebody changed the same at that moment. Nothing was kept.",
    } as const;
  if (error instanceof ValueRefused)
    return {
      status: 422,
      title: "That was not saved",
      text: "The database does not take one of the values. Go back and look at them once more.",
    } as const;
  return undefined;
}

/**
 * The back office.
 *
 * @param secret signs the cookies; who knows it can be anybody
 */
export function createApp(db: Database, secret: string): Hono<Env> {
  const app = new Hono<Env>();

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      // With none a browser does not say where a form was sent from, and csrf() would know by one header less.
      referrerPolicy: "same-origin",
      // It is served over HTTP, on this machine.
      strictTransportSecurity: false,
    }),
  );
  for (const [path, type, text] of files)
    app.get(path, (c) => c.body(text, 200, { "content-type": type, "cache-control": "no-cache" }));

  app.use(csrf());
  app.use(bodyLimit({ maxSize: 64 * 1024 }));
  app.use(async (c, next) => {
    c.set("secret", secret);
    c.header("cache-control", "no-store");
    await next();
  });
  app.route("/", signInPages());

  app.use(requirePerson);
  app.route("/", overviewPage(db));
  app.route("/tasks", taskPages(db));
  app.route("/pipeline", pipelinePages(db));
  app.route("/calendar", calendarPages(db));
  app.route("/history", historyPages(db));
  app.route("/categories", categoryPages(db));
  app.route("/automation", automationPages(db));
  app.route("/bin", binPages(db));

  app.notFound(async (c) => {
    const person = await whoIs(c);
    return page(
      c,
      { title: "Nothing here", status: 404, ...(person && { person }) },
      <>
        <h1>Nothing here</h1>
        <p>
          There is no such page, or what it showed is gone. <a href="/">To the overview</a>
        </p>
      </>,
    );
  });
  app.onError(async (error, c) => {
    if ("getResponse" in error && typeof error.getResponse === "function") return error.getResponse();
    const told =
      explain(error) ??
      ({
        status: 500,
        title: "Something went wrong",
        text: "It was not your fault, and nothing was kept. What happened is in the server's log.",
      } as const);
    if (told.status === 500) process.stderr.write(`${c.req.method} ${c.req.path}: ${error.stack ?? error}\n`);
    const person = await whoIs(c);
    return page(
      c,
      { title: told.title, status: told.status, ...(person && { person }) },
      <>
        <h1>{told.title}</h1>
        <p>{told.text}</p>
      </>,
    );
  });
  return app;
}
