/*
 * Plans are kept in databases, and read again by later versions: what was called otherwise before is read as what it is
 * called now. Nothing else knows of these words.
 */

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A lock of before 0.2: `held` said `moment` or `size`. */
export function readLock(value: unknown): unknown {
  if (!isRecord(value) || !("held" in value)) return value;
  const { held, ...lock } = value;
  return { ...lock, duration: held === "size" ? "long" : "short" };
}

/** A target of before 0.2: types of every sort were called enums. */
export function readTarget(value: unknown): unknown {
  return isRecord(value) && value["kind"] === "enum" ? { ...value, kind: "type" } : value;
}

/** How the key of a type began before 0.2, and begins now: see `propertyKey` and `objectKey` of the catalog. */
const typeKey = { former: '["[\\"enum\\",', now: '["[\\"type\\",' } as const;

/** The key of what somebody accepted before 0.2: that of a type said `enum`. */
export const readPropertyKey = (about: string): string =>
  about.startsWith(typeKey.former) ? typeKey.now + about.slice(typeKey.former.length) : about;
