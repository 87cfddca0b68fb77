import { z } from "zod";
import { type Catalog, catalogSchema } from "./catalog.ts";

/** Objects of one kind, each once however many catalogs have it. */
class Versions<T> {
  readonly #at = new Map<string, number>();
  readonly objects: T[] = [];

  constructor(objects: readonly T[] = []) {
    this.places(objects);
  }

  /** The places of objects, which are kept where they are new. */
  places(objects: readonly T[]): number[] {
    return objects.map((object) => {
      const text = JSON.stringify(object);
      const known = this.#at.get(text);
      if (known !== undefined) return known;
      this.#at.set(text, this.objects.length);
      return this.objects.push(object) - 1;
    });
  }

  /** @throws RangeError for a place that has nothing */
  at(places: readonly number[]): T[] {
    return places.map((place) => {
      const object = this.objects[place];
      if (object === undefined) throw new RangeError(`nothing is at ${place}`);
      return object;
    });
  }
}

const places = z.array(z.int().min(0));

const entrySchema = z.strictObject({
  schemas: places,
  extensions: places,
  tables: places,
  views: places,
  functions: places,
  enums: places,
  domains: places,
  structures: places,
  sequences: places,
  defaultPrivileges: places,
  objects: places,
});

type Entry = z.infer<typeof entrySchema>;

const historySchema = z.strictObject({
  /** Every version of every object. */
  versions: catalogSchema,
  /** Of each catalog, which of them it has. */
  catalogs: z.array(entrySchema),
});

/**
 * The catalogs of one database, one after the other. What two of them have in common is one object, so that they take no
 * more memory than what changed between them.
 */
export class CatalogHistory {
  readonly #versions: { readonly [Kind in keyof Entry]: Versions<NonNullable<Catalog[Kind]>[number]> };
  readonly #server: Catalog["server"];
  readonly #entries: Entry[];

  constructor(versions: Catalog, entries: readonly Entry[] = []) {
    this.#server = versions.server;
    this.#entries = [...entries];
    this.#versions = {
      schemas: new Versions(versions.schemas),
      extensions: new Versions(versions.extensions),
      tables: new Versions(versions.tables),
      views: new Versions(versions.views),
      functions: new Versions(versions.functions),
      enums: new Versions(versions.enums),
      domains: new Versions(versions.domains),
      structures: new Versions(versions.structures ?? []),
      sequences: new Versions(versions.sequences),
      defaultPrivileges: new Versions(versions.defaultPrivileges),
      objects: new Versions(versions.objects ?? []),
    };
  }

  /** How many catalogs there are. */
  get length(): number {
    return this.#entries.length;
  }

  /** The catalogs in order. */
  catalogs(): Catalog[] {
    return this.#entries.map((entry) => this.#catalog(entry));
  }

  /** Adds the next catalog. */
  add(catalog: Catalog): void {
    const all = this.#versions;
    this.#entries.push({
      schemas: all.schemas.places(catalog.schemas),
      extensions: all.extensions.places(catalog.extensions),
      tables: all.tables.places(catalog.tables),
      views: all.views.places(catalog.views),
      functions: all.functions.places(catalog.functions),
      enums: all.enums.places(catalog.enums),
      domains: all.domains.places(catalog.domains),
      structures: all.structures.places(catalog.structures ?? []),
      sequences: all.sequences.places(catalog.sequences),
      defaultPrivileges: all.defaultPrivileges.places(catalog.defaultPrivileges),
      objects: all.objects.places(catalog.objects ?? []),
    });
  }

  #catalog(entry: Entry): Catalog {
    const all = this.#versions;
    return {
      server: this.#server,
      schemas: all.schemas.at(entry.schemas),
      extensions: all.extensions.at(entry.extensions),
      tables: all.tables.at(entry.tables),
      views: all.views.at(entry.views),
      functions: all.functions.at(entry.functions),
      enums: all.enums.at(entry.enums),
      domains: all.domains.at(entry.domains),
      structures: all.structures.at(entry.structures),
      sequences: all.sequences.at(entry.sequences),
      defaultPrivileges: all.defaultPrivileges.at(entry.defaultPrivileges),
      objects: all.objects.at(entry.objects),
    };
  }

  /** The history as JSON. */
  toText(): string {
    const all = this.#versions;
    const versions: Catalog = {
      server: this.#server,
      schemas: all.schemas.objects,
      extensions: all.extensions.objects,
      tables: all.tables.objects,
      views: all.views.objects,
      functions: all.functions.objects,
      enums: all.enums.objects,
      domains: all.domains.objects,
      structures: all.structures.objects,
      sequences: all.sequences.objects,
      defaultPrivileges: all.defaultPrivileges.objects,
      objects: all.objects.objects,
    };
    return JSON.stringify({ versions, catalogs: this.#entries } satisfies z.infer<typeof historySchema>);
  }

  /** A history from its JSON; null for a text that is none, or not a whole one. */
  static fromText(text: string): CatalogHistory | null {
    try {
      const { versions, catalogs } = historySchema.parse(JSON.parse(text));
      const history = new CatalogHistory(versions, catalogs);
      history.catalogs();
      return history;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError || error instanceof RangeError)
        return null;
      throw error;
    }
  }
}
