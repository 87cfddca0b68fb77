import type { LeadStage, Platform, PostStatus, TaskPriority, TaskStatus } from "spfp-db/schema";

/*
 * What the values of the database are called on the pages. The types say when one is missing.
 */

export const statusNames: Readonly<Record<TaskStatus, string>> = {
  todo: "To do",
  in_progress: "In progress",
  done: "Done",
};

export const priorityNames: Readonly<Record<TaskPriority, string>> = {
  low: "Low",
  medium: "Medium",
  high: "High",
};

export const stageNames: Readonly<Record<LeadStage, string>> = {
  prospecting: "Prospecting",
  qualification: "Qualification",
  proposal: "Proposal",
  negotiation: "Negotiation",
  closed_won: "Won",
  closed_lost: "Lost",
};

export const platformNames: Readonly<Record<Platform, string>> = {
  instagram: "Instagram",
  linkedin: "LinkedIn",
  tiktok: "TikTok",
  youtube: "YouTube",
  twitter: "Twitter",
  facebook: "Facebook",
  other: "Other",
};

export const postStatusNames: Readonly<Record<PostStatus, string>> = {
  draft: "Draft",
  pending: "To be approved",
  approved: "Approved",
  posted: "Posted",
  rejected: "Rejected",
};

/** What rows of a table are called, by the name that errors of `spfp-db` give the table. */
const tableNames: Readonly<Record<string, readonly [one: string, many: string]>> = {
  accounts: ["account", "accounts"],
  categories: ["category", "categories"],
  investments: ["investment", "investments"],
  transactions: ["transaction", "transactions"],
};

export const rowOf = (table: string): string => tableNames[table]?.[0] ?? "entry";
export const rowsOf = (table: string): string => tableNames[table]?.[1] ?? "entries";
