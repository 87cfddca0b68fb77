import type { Context } from "hono";
import { deleteCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { UserClaims } from "spfp-db";
import { z } from "zod";
import type { BinName } from "./bins.ts";
import { type Person, personOf } from "./people.ts";

/** What a request has with it. */
export interface Env {
  readonly Variables: {
    /** Key of the signed cookies. */
    secret: string;
    /** Who is signed in; only the pages before the sign-in have nobody. */
    person: Person;
  };
}

/** As whom the database is to act: what the token of a real sign-in would say. */
export const claimsOf = ({ id, email }: Person): UserClaims => ({ sub: id, email });

/** How pages that only show something use their transaction. */
export const reading = { accessMode: "read only" } as const;

const cookie = { httpOnly: true, sameSite: "Lax", path: "/" } as const;

const signedIn = "person";

export const signIn = (c: Context<Env>, { id }: Person): Promise<void> =>
  setSignedCookie(c, signedIn, id, c.var.secret, cookie);

export function signOut(c: Context<Env>): void {
  deleteCookie(c, signedIn, cookie);
}

/** Who is signed in, by a cookie that only this server can have signed. */
export async function whoIs(c: Context<Env>): Promise<Person | undefined> {
  const id = await getSignedCookie(c, c.var.secret, signedIn);
  return id ? personOf(id) : undefined;
}

/** Lets nobody pass who is not signed in. */
export const requirePerson = createMiddleware<Env>(async (c, next) => {
  const person = await whoIs(c);
  if (person === undefined) return c.redirect("/sign-in", 303);
  c.set("person", person);
  return next();
});

const noticeSchema = z.object({
  kind: z.enum(["done", "problem"]),
  text: z.string(),
  /** What can be taken back: a row that was put into the bin. */
  undo: z.object({ bin: z.string(), id: z.string() }).optional(),
});

/** What the next page says at its top, once. */
export interface Notice {
  readonly kind: "done" | "problem";
  readonly text: string;
  readonly undo?: { readonly bin: BinName; readonly id: string };
}

const noticed = "notice";

/** Goes to another page, which says what was done or why it was not. */
export async function goTo(c: Context<Env>, path: string, notice?: Notice): Promise<Response> {
  if (notice !== undefined)
    await setSignedCookie(c, noticed, JSON.stringify(notice), c.var.secret, { ...cookie, maxAge: 60 });
  return c.redirect(path, 303);
}

/** What this page is to say; the next one does not say it again. */
export async function takeNotice(c: Context<Env>): Promise<z.infer<typeof noticeSchema> | undefined> {
  const text = await getSignedCookie(c, c.var.secret, noticed);
  if (!text) return undefined;
  deleteCookie(c, noticed, cookie);
  return noticeSchema.parse(JSON.parse(text));
}
