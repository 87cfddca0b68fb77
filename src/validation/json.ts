import type { z } from "zod";

/** How deep a document may be: PostgreSQL and `JSON.stringify` end at some thousand levels, each at its own. */
const deepest = 500;

interface Fault {
  readonly path: PropertyKey[];
  readonly message: string;
}

/** Whether PostgreSQL can hold a text, and the driver send it: no NUL, and no half of a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes("\0") && !/\p{Surrogate}/u.test(text);

export const notStorable = "Invalid string: it has a NUL character or half of a surrogate pair";

/**
 * An object as `{…}` and `JSON.parse` make it, also in another realm: no Date, Map or instance of a class. None without
 * a prototype either, at which Drizzle fails.
 */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    Object.prototype.toString.call(value) === "[object Object]" &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null
  );
}

/** The first thing in a value that JSON would not carry or `jsonb` not take. */
function faultOf(value: unknown, path: PropertyKey[]): Fault | undefined {
  if (path.length > deepest) return { path, message: `Invalid JSON: deeper than ${deepest} levels` };
  if (value === null || typeof value === "boolean") return undefined;
  if (typeof value === "string") return isStorable(value) ? undefined : { path, message: notStorable };
  if (typeof value === "number" && Number.isFinite(value)) return undefined;
  if (Array.isArray(value)) {
    // By index, because a hole would be passed over.
    for (let at = 0; at < value.length; at += 1) {
      const fault = faultOf(value[at], [...path, at]);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (typeof value === "object" && isPlain(value)) {
    for (const [key, inner] of Object.entries(value)) {
      const fault = isStorable(key) ? faultOf(inner, [...path, key]) : { path, message: notStorable };
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  return { path, message: `Invalid JSON: ${typeof value} has no form in it` };
}

/** Whether Drizzle, which parses a text that it reads from a `jsonb` once more, would read another value. */
function isReadAsAnother(value: unknown): boolean {
  if (typeof value !== "string") return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

/** Adds the issue of a value that is not read from a `jsonb` as it was written. */
export function checkJson({ value, issues }: z.core.ParsePayload<unknown>): void {
  const fault = isReadAsAnother(value)
    ? { path: [], message: "Invalid JSON: a text that is JSON itself would be read as what it says" }
    : faultOf(value, []);
  if (fault !== undefined) issues.push({ code: "custom", input: value, ...fault });
}
