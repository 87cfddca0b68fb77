export { quoteIdentifier, quoteLiteral, quoteQualified } from "./quote.ts";
