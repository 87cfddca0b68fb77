/** What lives in a schema, by its name and the schema's. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** The name as a person writes it: `public.accounts`. */
export const qualifiedLabel = ({ schema, name }: QualifiedName): string => `${schema}.${name}`;
