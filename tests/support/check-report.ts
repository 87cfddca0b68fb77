import { type Area, type AreaReport, type CheckReport, runChecks } from "../../src/checks/index.ts";
import { expectedCatalog } from "../../src/expected/index.ts";
import { spfp } from "../../src/spfp.ts";
import type { Sql, Transaction } from "./database.ts";

/** What the migrations make. */
export const expected = expectedCatalog(spfp.headTag);

/** Every check, or those of some areas. */
export function check(sql: Sql | Transaction, only?: readonly Area[]): Promise<CheckReport> {
  return runChecks(sql, expected, { schemas: spfp.schemas, ...(only ? { only } : {}) });
}

/** What a finding is of, in short: check and object. */
export type Found = readonly [check: string, object: string];

/** Every finding, in short. */
export function found(areas: readonly AreaReport[]): Found[] {
  return areas.flatMap(({ findings }) => findings.map(({ check, object }): Found => [check, object]));
}
