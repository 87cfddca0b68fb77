import { findTenant, generateData, softDeleteAfterDeployment } from "../../src/bench/index.ts";
import { mergeDuplicates } from "../../src/duplicates/index.ts";
import type { TestDatabase } from "./database.ts";
import { deploy } from "./deploy-by-statements.ts";

/** Two tenants of a filled database, by their ids. */
export interface Tenants {
  readonly largest: string;
  readonly median: string;
}

/** Fills a production with data in the shape that the screens are promised for, deploys it, and has it analysed. */
export async function fillAndDeploy(
  { url, sql }: TestDatabase,
  data: { readonly scale: number; readonly today: string },
): Promise<Tenants> {
  await generateData(url, data);
  await mergeDuplicates(sql);
  await deploy(sql);
  await softDeleteAfterDeployment(sql);
  await sql.unsafe("vacuum (analyze)");
  const tenant = async (size: keyof Tenants): Promise<string> => {
    const found = await findTenant(sql, size);
    if (found === undefined) throw new Error("there are no tenants");
    return found.userId;
  };
  return { largest: await tenant("largest"), median: await tenant("median") };
}
