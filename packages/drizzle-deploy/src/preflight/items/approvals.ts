import { rehearsalRemedy } from "../../approvals/rehearsal-record.ts";
import type { CheckId } from "../../findings/check-ids.ts";
import type { Finding } from "../../findings/finding.ts";
import type { Names } from "../../model/names.ts";
import type { Approvals, PreflightItem } from "../item.ts";

function enterpriseFindings(
  { approver, ticket, objection, unrehearsed }: Approvals,
  names: Names,
): Finding[] {
  const finding = (check: CheckId, object: string, expected: string, actual: string | null, remedy: string) =>
    ({ check, severity: "error", object, expected, actual, remedy }) as const;
  const findings: Finding[] = [];
  if (ticket === null) {
    findings.push(finding("approvals.ticket", "the change ticket", "named", null, "Name it: --ticket ID"));
  }
  if (approver === null) {
    const remedy = "Name who approved: --approved-by NAME";
    findings.push(finding("approvals.approver", "the approver", "named", null, remedy));
  }
  if (objection !== null) {
    const remedy = "Have another person approve: --approved-by NAME";
    findings.push(
      finding("approvals.approver", "the approver", "another person than the executor", objection, remedy),
    );
  }
  if (unrehearsed !== null) {
    const expected = "rehearsed within the last 7 days";
    findings.push(finding("approvals.rehearsal", "this plan", expected, unrehearsed, rehearsalRemedy(names)));
  }
  return findings;
}

const asked = {
  quick: "quick mode asks for none",
  guided: "guided mode asks for backup, window, notice and sign-off as it goes",
  enterprise: "enterprise mode asks for a ticket, a second person and a rehearsal",
} as const;

/** What the mode asks for before it begins. */
export const approvals: PreflightItem = {
  id: "approvals",
  title: "Approvals",
  run: async ({ mode, names, approvals: given }) => ({
    evidence: asked[mode],
    findings: mode === "enterprise" ? enterpriseFindings(given, names) : [],
  }),
};
