import { describe, expect, it } from "vitest";
import { namedError, TryAgain } from "../../../src/index.ts";

describe("errors of other forms", () => {
  const refused = (fields: object, message = "refused") =>
    Object.assign(new Error(message), { severity: "ERROR", ...fields });

  it.each([
    ["40001", "serialization"],
    ["40P01", "deadlock"],
    ["55P03", "lock timeout"],
  ])("%s can be run again", (code, reason) => {
    const named = namedError(refused({ code }));
    expect(named).toBeInstanceOf(TryAgain);
    expect(named).toMatchObject({ reason });
  });

  it("are found in what they are wrapped in", () => {
    const wrapped = new Error("query", { cause: new Error("pool", { cause: refused({ code: "40001" }) }) });
    expect(namedError(wrapped)).toMatchObject({ code: "TRY_AGAIN", cause: wrapped });
  });

  it("Node's own are none, nor what is wrapped in itself", () => {
    const network = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    expect(namedError(network)).toBe(network);
    const circle = new Error("circle");
    circle.cause = circle;
    expect(namedError(circle)).toBe(circle);
  });

  it.each([
    [
      "German",
      "Aktualisieren oder Löschen in Tabelle »accounts« verletzt Fremdschlüssel-Constraint »fk« von Tabelle »transactions«",
      "STILL_REFERENCED",
    ],
    [
      "German",
      "Einfügen oder Aktualisieren in Tabelle »transactions« verletzt Fremdschlüssel-Constraint »fk«",
      "MISSING_REFERENCE",
    ],
    [
      "Portuguese",
      'atualização ou exclusão em tabela "accounts" viola restrição de chave estrangeira "fk" em "transactions"',
      "STILL_REFERENCED",
    ],
  ])("a foreign key's side is told in %s: %s", (_, message, code) => {
    expect(namedError(refused({ code: "23503", table: "transactions" }, message))).toMatchObject({ code });
  });
});
