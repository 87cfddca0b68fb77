export * from "./automation.ts";
export * from "./corporate.ts";
export * from "./crm.ts";
export * from "./finance.ts";
export * from "./partnerships.ts";
