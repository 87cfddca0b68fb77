import { expect, test } from "vitest";
import { DeployError } from "../../../packages/drizzle-deploy/src/findings/errors.ts";
import {
  parseDatabaseUrl,
  redactUrl,
  siblingUrl,
} from "../../../packages/drizzle-deploy/src/postgres/index.ts";

test.each([
  ["postgres://u:s3cret@h/d", "postgresql://u@h:5432/d"],
  ["postgresql://u:s3cret@h:6543/d?sslmode=require", "postgresql://u@h:6543/d?sslmode=require"],
  ["postgresql://u:s3cret@h:80/d", "postgresql://u@h:80/d"],
  ["postgresql://u@h/d?password=s3cret", "postgresql://u@h:5432/d"],
  ["postgresql://u@h/d?sslpassword=s3cret&pgbouncer=true", "postgresql://u@h:5432/d"],
  ["postgresql://u:s3cret@[::1]:5432/d", "postgresql://u@[::1]:5432/d"],
  ["postgresql://a%40b:s3cret%2F%23@h/my%20data", "postgresql://a%40b@h:5432/my%20data"],
  ["  postgresql://u:s3cret@h/d\n", "postgresql://u@h:5432/d"],
  ["postgresql:///d?host=/run/postgresql&user=x&password=s3cret", "postgresql://x@/d?host=/run/postgresql"],
  ["postgresql:///?host=h&port=5433&user=x&dbname=d&password=s3cret", "postgresql://x@h:5433/d"],
  ["postgresql://u:s3cret@/d?host=/cloudsql/a:b:c", "postgresql://u@/d?host=/cloudsql/a:b:c"],
  ["postgresql://a%40b:s3cret%2F@:5433/d?host=h", "postgresql://a%40b@h:5433/d"],
  ["postgresql://u@h:5432/d?port=5433", "postgresql://u@h:5433/d"],
])("shows %s without its password", (text, shown) => {
  const redacted = redactUrl(parseDatabaseUrl(text));
  expect(redacted).toContain(shown);
  expect(redacted).not.toContain("s3cret");
});

test.each([
  ["nothing", ""],
  ["no scheme", "u:s3cret@h/d"],
  ["a key and values", "host=h password=s3cret"],
  ["another database", "mysql://u:s3cret@h/d"],
  ["a port that is no number", "postgres://u:s3cret@h:x/d"],
  ["a port out of range", "postgres://u:s3cret@h:99999/d"],
  ["a malformed escape", "postgres://u:s3cret%zz@h/d"],
  ["a password with a bare number sign", "postgres://u:12#s3cret@h/d"],
  ["a password with a bare question mark", "postgres://u:12?s3cret@h/d"],
  ["a password with a bare slash", "postgres://u:12/s3cret@h/d"],
  ["a wrong sslmode", "postgres://u:s3cret@h/d?sslmode=s3cret"],
  ["a wrong timeout", "postgres://u:s3cret@h/d?connect_timeout=s3cret"],
  ["a wrong port", "postgres://u:s3cret@h/d?port=s3cret"],
  ["several hosts", "postgres://u:s3cret@h1,h2/d"],
  ["a NUL", "postgres://u:s3cret@h/d%00"],
])("refuses %s, and repeats no password", (_, text) => {
  let refused: unknown;
  try {
    parseDatabaseUrl(text);
  } catch (error) {
    refused = error;
  }
  expect(refused).toBeInstanceOf(DeployError);
  expect(refused).toMatchObject({ code: "URL_INVALID" });
  expect(`${refused} ${JSON.stringify(refused)}`).not.toContain("s3cret");
});

test("what is shown of a socket can be read again", () => {
  const shown = redactUrl(parseDatabaseUrl("postgresql:///d?host=/run/postgresql&user=x&port=5433"));
  expect(redactUrl(parseDatabaseUrl(shown))).toBe(shown);
  expect(redactUrl(siblingUrl(parseDatabaseUrl(shown), "other"))).toContain("postgresql://x@/other?");
});

test("another database of the same server is another one, wherever the first was named", () => {
  const url = parseDatabaseUrl("postgresql:///one?host=h&user=x&dbname=two");
  expect(redactUrl(siblingUrl(url, "three"))).toBe("postgresql://x@h:5432/three");
});
