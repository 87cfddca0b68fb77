/*
 * What a project is described with.
 */

export { wayOut } from "../kinds/way-out.ts";
export { defaultNames, type Names } from "../model/names.ts";
export type {
  PreflightOutcome,
  Project,
  ProjectPreflight,
  Prospect,
} from "../model/project.ts";
export type { Requirement } from "../model/requirement.ts";
export { excuseAccepted, readAccepted } from "../records/acceptance.ts";
export { expectedHere, readOrigin } from "../records/origin.ts";
