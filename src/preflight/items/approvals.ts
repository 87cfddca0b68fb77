import type { Finding } from "../../finding.ts";
import type { Approvals, PreflightItem } from "../item.ts";

/** How old the rehearsal of a plan may be, in days. */
const rehearsalLife = 7;

const daysSince = (time: Date): number => (Date.now() - time.getTime()) / 86_400_000;

function enterpriseFindings({ executor, approver, ticket, rehearsedAt }: Approvals): Finding[] {
  const finding = (rule: string, object: string, expected: string, actual: string | null, remedy: string) =>
    ({ check: `approvals.${rule}`, severity: "error", object, expected, actual, remedy }) as const;
  return [
    ...(ticket === null
      ? [finding("ticket", "the change ticket", "named", null, "Name it: --ticket ID")]
      : []),
    ...(approver === null
      ? [finding("approver", "the approver", "named", null, "Name who approved: --approved-by NAME")]
      : []),
    ...(approver !== null && approver.trim().toLowerCase() === executor.trim().toLowerCase()
      ? [
          finding(
            "approver",
            "the approver",
            `somebody else than ${executor}, who deploys`,
            approver,
            "Have somebody else approve: --approved-by NAME",
          ),
        ]
      : []),
    ...(rehearsedAt === null || daysSince(rehearsedAt) > rehearsalLife
      ? [
          finding(
            "rehearsal",
            "this plan",
            `rehearsed within the last ${rehearsalLife} days`,
            rehearsedAt === null ? null : `rehearsed at ${rehearsedAt.toISOString()}`,
            "Rehearse it: spfp-db rehearse",
          ),
        ]
      : []),
  ];
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
  run: async ({ mode, approvals: given }) => ({
    evidence: asked[mode],
    findings: mode === "enterprise" ? enterpriseFindings(given) : [],
  }),
};
