import type { FunctionObject } from "../../catalog/index.ts";
import { quoteQualified } from "../../sql.ts";

/** A function's name with what tells overloads apart, as DROP and GRANT want it. */
export function functionSignature({ schema, name, argumentTypes }: FunctionObject): string {
  return `${quoteQualified(schema, name)}(${argumentTypes})`;
}
