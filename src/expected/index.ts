import { readFileSync } from "node:fs";
import { type Catalog, catalogSchema } from "drizzle-deploy/catalog";
import { SpfpError } from "../errors.ts";
import type { expectedTags } from "./catalogs/tags.ts";

export { expectedTags } from "./catalogs/tags.ts";

/** A migration whose expected catalog is at hand. */
export type ExpectedTag = (typeof expectedTags)[number];

/** A JSON file below this module, in `src/` and in `dist/` alike: importing JSON warns on Node 20. */
function read(tag: ExpectedTag): Catalog {
  const file = new URL(`./catalogs/${tag}.json`, import.meta.url);
  try {
    return catalogSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new SpfpError(
      "FILE_INVALID",
      `the expected catalog of ${tag} cannot be read`,
      "Install the package again; in its repository, write the expected catalogs again.",
      { cause },
    );
  }
}

const catalogs = new Map<ExpectedTag, Catalog>();

/** What a database looks like after a migration. Read when first asked for, since a command needs one or two. */
export function expectedCatalog(tag: ExpectedTag): Catalog {
  const catalog = catalogs.get(tag) ?? read(tag);
  catalogs.set(tag, catalog);
  return catalog;
}
