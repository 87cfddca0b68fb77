import { z } from "zod";

/** What lives in a schema, by its name and the schema's. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** A `QualifiedName`, as a server answers with it. */
export const qualifiedNameSchema = z.object({ schema: z.string(), name: z.string() });

/** The name as a person writes it: `public.accounts`. */
export const qualifiedLabel = ({ schema, name }: QualifiedName): string => `${schema}.${name}`;
