import { plural } from "../../text.ts";
import type { PreflightItem } from "../item.ts";

/** Nothing in the data that a new rule would refuse. */
export const duplicates: PreflightItem = {
  id: "duplicates",
  title: "Duplicates that the new rules refuse",
  async run(context) {
    const findings = await context.duplicates(context.sql);
    const { length } = findings.filter(({ severity }) => severity === "error");
    return { evidence: length === 0 ? "none" : plural(length, "group"), findings };
  },
};
