import type { PreflightItem } from "../item.ts";

/** Nothing in the data that a new rule would refuse, and nothing else that the project knows would end badly. */
export const duplicates: PreflightItem = {
  id: "duplicates",
  title: "Duplicates, and what else is refused",
  async run(context) {
    const findings = await context.duplicates(context.sql);
    const { length } = findings.filter(({ severity }) => severity === "error");
    return { evidence: length === 0 ? "none" : `${length} to put right`, findings };
  },
};
