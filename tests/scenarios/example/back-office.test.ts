import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { chromiumPath, startBrowser } from "../../support/browser.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { backOffice, type Running } from "../../support/processes.ts";

if (chromiumPath === undefined)
  process.stderr.write("skipped: there is no chromium here (Debian: apt-get install chromium)\n");

const ana = "6f0f7d52-3c1a-4b7e-9c58-1d2f3a4b5c6d";

let database: TestDatabase;
let example: Running;
let address: string;

beforeAll(async () => {
  database = await createDatabase("deployed");
  example = backOffice({ DATABASE_URL: database.url, PORT: "0" });
  address = /http:\/\/127\.0\.0\.1:\d+/.exec(await example.line)?.[0] ?? "";
});

afterAll(async () => {
  example.child.kill("SIGTERM");
  await example.end;
});

const post = (path: string, body: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${address}${path}`, {
    method: "POST",
    body: new URLSearchParams(body),
    headers: { origin: address, ...headers },
    redirect: "manual",
  });

/** The cookie of a signed-in person. */
async function cookieOf(person: string): Promise<string> {
  const { headers } = await post("/sign-in", { person });
  return headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

describe("the back office's server", () => {
  it("shows nothing to who is not signed in, or has signed a cookie itself", async () => {
    for (const cookie of [
      "",
      `person=${ana}`,
      `person=${ana}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D`,
    ]) {
      const answer = await fetch(`${address}/tasks`, { headers: { cookie }, redirect: "manual" });
      expect([answer.status, answer.headers.get("location")]).toEqual([303, "/sign-in"]);
    }
    const cookie = await cookieOf(ana);
    expect((await fetch(`${address}/tasks`, { headers: { cookie } })).status).toBe(200);
  });

  it("does nothing for a form of another site", async () => {
    const cookie = await cookieOf(ana);
    const headers = { cookie, origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" };
    expect((await post("/categories", { name: "Forged" }, headers)).status).toBe(403);
    expect((await post("/categories", { name: "Sincere" }, { cookie })).status).toBe(303);
    const made = await database.sql`select name from categories where name in ('Forged', 'Sincere')`;
    expect([...made]).toEqual([{ name: "Sincere" }]);
  });

  it("answers what is not there, is another's or is damaged with a page that says so", async () => {
    const cookie = await cookieOf(ana);
    const [bruno] = await database.sql`select id from operational_tasks where user_id <> ${ana} limit 1`;
    const status = async (path: string) => (await fetch(`${address}${path}`, { headers: { cookie } })).status;
    expect(await status("/nowhere")).toBe(404);
    expect(await status("/pipeline/later")).toBe(404);
    expect(await status("/calendar/2026-02-30")).toBe(404);
    expect(await status("/history?after=tampered")).toBe(400);
    expect((await post(`/tasks/${bruno?.["id"]}/delete`, {}, { cookie })).status).toBe(404);
    expect((await post(`/tasks/${bruno?.["id"]}/status`, { status: "done" }, { cookie })).status).toBe(404);
  });

  it("says in one line that its port is taken, and ends", async () => {
    const port = new URL(address).port;
    const { status, out, err } = await backOffice({ DATABASE_URL: database.url, PORT: port }).end;
    expect([status, out, err]).toEqual([
      2,
      "",
      `back-office: Port ${port} is taken. Give another: PORT=3001 npm start\n`,
    ]);
  });

  it("says in one line that its database does not answer, or is not deployed", async () => {
    const empty = await createDatabase("empty");
    for (const [url, reason] of [
      ["postgresql://ana:secret@127.0.0.1:1/spfp", "connect ECONNREFUSED 127.0.0.1:1"],
      [empty.url, 'relation "operational_tasks" does not exist'],
    ] as const) {
      const { status, out, err } = await backOffice({ DATABASE_URL: url, PORT: "0" }).end;
      expect([status, out, err]).toEqual([
        2,
        "",
        `back-office: The database cannot be used: ${reason}. Has it been deployed?\n`,
      ]);
    }
  });

  it("ends when it is asked to", async () => {
    const other = backOffice({ DATABASE_URL: database.url, PORT: "0" });
    await other.line;
    other.child.kill("SIGINT");
    expect(await other.end).toMatchObject({ status: 0, err: "" });
  });
});

describe.skipIf(chromiumPath === undefined)("the back office in Chromium", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startBrowser(chromiumPath ?? "");
  });
  afterAll(() => browser?.close());

  /** A window of its own, in which somebody has signed in; what the console says of errors fails the test. */
  async function signedIn(name: "Ana" | "Bruno", options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL: address, ...options });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message) => {
      // Chromium says of every answer that is none of 2xx that it was an error; ours to a wrong form are meant.
      if (message.type() === "error" && !message.text().includes("422")) errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(error.message));
    onTestFinished(async () => {
      await context.close();
      expect(errors).toEqual([]);
    });
    await page.goto("/");
    await page.getByRole("button", { name }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: `Hello, ${name}` }).waitFor();
    return page;
  }

  const textOf = (page: Page, role: "alert" | "status") => page.getByRole(role).innerText();
  const column = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

  it("lets a task be added, moved, deleted and restored, and nobody else see it", async () => {
    const page = await signedIn("Ana");
    const title = `<b>Call</b> the "printer" & ask`;
    await page.getByRole("link", { name: "Tasks", exact: true }).click();
    await page.getByLabel("New task").fill(title);
    await page.getByLabel("Priority").selectOption("High");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    expect(await textOf(page, "status")).toBe(`“${title}” was added.`);

    await page.goto("/tasks/in/todo");
    const card = (at: Page) => at.getByRole("listitem").filter({ hasText: title });
    while (!(await card(page).isVisible())) await page.getByRole("link", { name: "Next page" }).click();
    await card(page).getByRole("button", { name: "In progress" }).click();
    expect(await column(page, "In progress").getByRole("listitem").first().innerText()).toContain(title);
    expect(await column(page, "To do").innerText()).not.toContain(title);

    await card(page).getByRole("button", { name: "Delete" }).click();
    expect(await textOf(page, "status")).toContain("The task is in the bin.");
    expect(await card(page).count()).toBe(0);
    await page.getByRole("link", { name: "Bin", exact: true }).click();

    const other = await signedIn("Bruno");
    for (const path of ["/tasks", "/bin"]) {
      await other.goto(path);
      expect(await other.locator("main").innerText()).not.toContain(title);
    }

    await card(page).getByRole("button", { name: "Restore" }).click();
    expect(await textOf(page, "status")).toBe("It is back where it was.");
    await page.getByRole("link", { name: "Tasks", exact: true }).click();
    expect(await column(page, "In progress").innerText()).toContain(title);
  });

  it("takes a deletion back at once", async () => {
    const page = await signedIn("Bruno");
    await page.goto("/tasks");
    const card = page.getByRole("listitem").filter({ hasText: "Sweep the workshop" });
    await card.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    expect(new URL(page.url()).pathname).toBe("/tasks");
    expect(await card.count()).toBe(1);
  });

  it("says which category has the name of one that is to be restored", async () => {
    const page = await signedIn("Bruno");
    const add = async (name: string) => {
      await page.getByLabel("New category").fill(name);
      await page.getByRole("button", { name: "Add", exact: true }).click();
    };
    await page.goto("/categories");
    await add("Presents");
    await page.getByRole("button", { name: "Delete Presents", exact: true }).click();
    await add("PRESENTS");
    await add("presents");
    expect(await page.getByText("You have a category of that name.").isVisible()).toBe(true);
    expect(await page.getByLabel("New category").inputValue()).toBe("presents");

    await page.goto("/bin");
    await page.getByRole("button", { name: "Restore Presents", exact: true }).click();
    expect(await textOf(page, "alert")).toContain("You have a category called “PRESENTS” now.");
    await page.goto("/categories");
    await page.getByRole("button", { name: "Delete PRESENTS", exact: true }).click();
    await page.goto("/bin");
    await page.getByRole("button", { name: "Restore Presents", exact: true }).click();
    expect(await textOf(page, "status")).toBe("It is back where it was.");
  });

  it("keeps an account that is in use, and has one restored before what was in it", async () => {
    const page = await signedIn("Ana");
    await page.goto("/categories");
    const used = (name: string) => {
      const button = page.getByRole("button", { name: `Delete ${name}`, exact: true });
      return page.getByRole("listitem").filter({ has: button }).innerText();
    };
    expect(await used("Rent")).toContain("6 transactions");
    expect(await used("Gifts")).toContain("not used");
    expect(await used("Credit card")).toMatch(/\d+ transactions/);
    await page.getByRole("button", { name: "Delete Credit card" }).click();
    expect(await textOf(page, "alert")).toBe(
      "This account still has transactions in it. Delete those first.",
    );

    await page.goto("/bin");
    await page.getByRole("button", { name: "Restore Flowers for Lúcia" }).click();
    expect(await textOf(page, "alert")).toContain("It belongs to the account “Old savings”");
    await page.getByRole("button", { name: "Restore Old savings" }).click();
    await page.getByRole("button", { name: "Restore Flowers for Lúcia" }).click();
    expect(await textOf(page, "status")).toBe("It is back where it was.");
  });

  it("says what is wrong beside the field, and keeps what was written", async () => {
    const page = await signedIn("Ana");
    await page.goto("/tasks");
    const title = page.getByLabel("New task");
    const told = async () => {
      const id = await title.getAttribute("aria-describedby");
      return page.locator(`[id="${id}"]`).innerText();
    };
    await page.getByRole("button", { name: "Add", exact: true }).click();
    expect(await told()).toBe("Please fill this in.");
    await title.fill("x".repeat(256));
    await page.getByRole("button", { name: "Add", exact: true }).click();
    expect(await told()).toBe("At most 255 characters.");
    expect(await title.inputValue()).toBe("x".repeat(256));

    await page.goto("/automation");
    const most = page.getByLabel("Actions per hour");
    for (const [written, answer] of [
      ["many", "Please write a whole number."],
      ["", "Please fill this in."],
      ["0", "From 1 to 10000."],
    ] as const) {
      await most.fill(written);
      await page.getByRole("button", { name: "Save" }).click();
      expect(await page.locator("#maxActionsPerHour-fault").innerText()).toBe(answer);
    }
  });

  it("tells in the trail what was changed of the permissions", async () => {
    const page = await signedIn("Ana");
    await page.goto("/automation");
    await page.getByLabel("It may click").check();
    await page.getByLabel("Allowed domains").fill("calendar.example\n<i>mail</i>.example");
    await page.getByRole("button", { name: "Save" }).click();
    const trail = page.getByRole("region", { name: "What happened" });
    const entries = (await trail.getByRole("listitem").allInnerTexts()).map((text) =>
      text.slice("03:00 ".length),
    );
    expect(entries.slice(0, 2).sort()).toEqual([
      "Ana Souza allowed <i>mail</i>.example",
      "Ana Souza changed allow clicks from false to true",
    ]);
    expect(await page.getByLabel("It may click").isChecked()).toBe(true);
  });

  it("pages through the transactions to the end, each of them once", async () => {
    const page = await signedIn("Bruno");
    await page.goto("/history");
    const seen: (string | null)[] = [];
    const next = page.getByRole("link", { name: "Next page" });
    for (;;) {
      for (const row of await page.locator(".ledger form").all()) seen.push(await row.getAttribute("action"));
      if ((await next.count()) === 0) break;
      await next.click();
    }
    const rows = await database.sql`
      select id from transactions where user_id <> ${ana} and deleted_at is null order by date desc, id desc`;
    expect(rows.length).toBeGreaterThan(50);
    expect(seen).toEqual(rows.map(({ id }) => `/history/${id}/delete`));
    expect(await page.getByText("That is all.").isVisible()).toBe(true);
  });

  it("saves a transaction, and does not save what the database would refuse", async () => {
    const page = await signedIn("Ana");
    await page.goto("/history");
    await page.getByRole("link", { name: "New transaction" }).click();
    await page.getByLabel("What for").fill("A stapler");
    await page.getByLabel("Account").selectOption("Current account");
    for (const amount of ["-3.00", "nothing"]) {
      await page.getByLabel("Amount").fill(amount);
      await page.getByRole("button", { name: "Save" }).click();
      expect(await page.locator(".fault").count()).toBe(1);
      expect(await page.getByLabel("What for").inputValue()).toBe("A stapler");
    }
    await page.getByLabel("Amount").fill("1234.50");
    await page.getByRole("button", { name: "Save" }).click();
    const row = page.getByRole("listitem").filter({ hasText: "A stapler" });
    expect(await row.innerText()).toContain("−R$ 1,234.50");
  });

  it("moves a lead to another stage, with its figures", async () => {
    const page = await signedIn("Bruno");
    await page.goto("/pipeline");
    await page.getByLabel("Stage of Rita Alves").selectOption("Won");
    await page.getByRole("button", { name: "Move Rita Alves" }).click();
    const won = page.locator(".figure").filter({ has: page.getByRole("link", { name: "Won" }) });
    expect(await won.innerText()).toMatch(/R\$ 15,400\.00\s+1 lead/);
    await page.getByRole("link", { name: "Won" }).click();
    expect(await page.getByRole("listitem").innerText()).toContain("Entregas Já");
  });

  it("goes from a stage's first page to its last", async () => {
    const page = await signedIn("Ana");
    await page.goto("/pipeline/prospecting");
    const leads = page.locator(".list > li");
    expect(await leads.count()).toBe(10);
    await page.getByRole("link", { name: "Next page" }).click();
    expect(await leads.count()).toBe(2);
  });

  it("shows the first posts of a day in the month, and all of them on the day's page", async () => {
    const page = await signedIn("Ana");
    await page.goto("/calendar");
    const day = page.locator(".month > .today");
    expect(await day.innerText()).toMatch(/5 posts[\s\S]*and 2 more/);
    await day.getByRole("link").click();
    expect(await page.locator(".list > li").count()).toBe(5);
  });

  it.each([
    [390, "light"],
    [390, "dark"],
    [1280, "light"],
  ] as const)("fits every page into %i pixels, %s", async (width, colorScheme) => {
    const page = await signedIn("Ana", { viewport: { width, height: 800 }, colorScheme });
    const wide: string[] = [];
    for (const path of [
      "/",
      "/tasks",
      "/tasks/in/done",
      "/tasks/overdue",
      "/pipeline",
      "/pipeline/proposal",
      "/calendar",
      "/history",
      "/history/new",
      "/categories",
      "/automation",
      "/bin",
    ]) {
      const answer = await page.goto(path);
      expect(answer?.status()).toBe(200);
      const beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      if (beyond !== 0) wide.push(`${path}: ${beyond}`);
    }
    expect(wide).toEqual([]);
  });
});
