/*
 * Migrations in the manner of projects that have gone on for years, written for the purpose: several schemas, enums made
 * again with other values, tables swapped for new ones, data moved by code, temporary tables, partitions.
 */

/** What a team does to one of its entities over some months, a list of statements for each migration. */
function years(n: number): string[][] {
  const [app, audit] = [`app.item_${n}`, `audit.item_${n}_log`];
  const state = `app.state_${n}`;
  return [
    [
      `CREATE TYPE ${state} AS ENUM ('draft', 'open', 'closed')`,
      `CREATE TABLE ${app} (id serial PRIMARY KEY, owner_id integer NOT NULL REFERENCES owners(id) ON DELETE CASCADE, name text NOT NULL, state ${state} NOT NULL DEFAULT 'draft', amount integer, created_at timestamptz NOT NULL DEFAULT now())`,
      `CREATE INDEX item_${n}_owner_idx ON ${app} (owner_id)`,
    ],
    [
      `ALTER TABLE ${app} ADD COLUMN IF NOT EXISTS slug varchar(80)`,
      `UPDATE ${app} SET slug = lower(name) WHERE slug IS NULL`,
      `CREATE UNIQUE INDEX IF NOT EXISTS item_${n}_slug ON ${app} (owner_id, slug)`,
    ],
    [
      `CREATE TABLE ${audit} (id bigserial, item_id integer NOT NULL, at timestamptz NOT NULL, what text) PARTITION BY RANGE (at)`,
      `CREATE TABLE ${audit}_2025 PARTITION OF ${audit} FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')`,
      `CREATE TABLE ${audit}_2026 PARTITION OF ${audit} FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`,
      `CREATE INDEX item_${n}_log_item ON ${audit} (item_id, at DESC)`,
    ],
    // An enum with other values: a new one, the column, the name.
    [
      `ALTER TABLE ${app} ALTER COLUMN state DROP DEFAULT`,
      `CREATE TYPE app.state_${n}_new AS ENUM ('draft', 'active', 'closed', 'archived')`,
      `ALTER TABLE ${app} ALTER COLUMN state TYPE app.state_${n}_new USING (CASE state::text WHEN 'open' THEN 'active' ELSE state::text END)::app.state_${n}_new`,
      `DROP TYPE ${state}`,
      `ALTER TYPE app.state_${n}_new RENAME TO state_${n}`,
      `ALTER TABLE ${app} ALTER COLUMN state SET DEFAULT 'draft'`,
    ],
    [
      `DO $$ BEGIN CREATE TYPE app.kind_${n} AS ENUM ('a', 'b'); EXCEPTION WHEN duplicate_object THEN null; END $$`,
      `ALTER TABLE ${app} ADD COLUMN kind app.kind_${n} DEFAULT 'a' NOT NULL`,
    ],
    // The same block again, as drizzle-kit once wrote it into every migration.
    [
      `DO $$ BEGIN CREATE TYPE app.kind_${n} AS ENUM ('a', 'b'); EXCEPTION WHEN duplicate_object THEN null; END $$`,
      `ALTER TYPE app.kind_${n} ADD VALUE IF NOT EXISTS 'c' BEFORE 'b'`,
    ],
    // Data on its way through a temporary table.
    [
      `CREATE TEMP TABLE moved_${n} ON COMMIT DROP AS SELECT id, coalesce(amount, 0) * 100 AS cents FROM ${app}`,
      `ALTER TABLE ${app} ADD COLUMN cents bigint`,
      `UPDATE ${app} SET cents = moved.cents FROM moved_${n} AS moved WHERE moved.id = ${app}.id`,
      `ALTER TABLE ${app} DROP COLUMN amount`,
    ],
    [
      `DO $$ DECLARE one record; BEGIN FOR one IN SELECT id FROM ${app} WHERE cents IS NULL LOOP UPDATE ${app} SET cents = 0 WHERE id = one.id; END LOOP; END $$`,
      `ALTER TABLE ${app} ALTER COLUMN cents SET NOT NULL`,
      `ALTER TABLE ${app} ADD CONSTRAINT item_${n}_cents_positive CHECK (cents >= 0)`,
    ],
    // A table in the place of another.
    [
      `CREATE TABLE app.item_${n}_next (id integer PRIMARY KEY, owner_id integer NOT NULL, title text NOT NULL, cents bigint NOT NULL DEFAULT 0, state app.state_${n} NOT NULL DEFAULT 'draft')`,
      `INSERT INTO app.item_${n}_next (id, owner_id, title, cents, state) SELECT id, owner_id, name, cents, state FROM ${app}`,
      `ALTER TABLE ${app} RENAME TO item_${n}_old`,
      `ALTER TABLE app.item_${n}_next RENAME TO item_${n}`,
    ],
    [
      `DROP TABLE app.item_${n}_old`,
      `ALTER INDEX app.item_${n}_next_pkey RENAME TO item_${n}_pkey`,
      `ALTER TABLE ${app} ADD CONSTRAINT item_${n}_owner_fk FOREIGN KEY (owner_id) REFERENCES owners(id)`,
      `CREATE INDEX item_${n}_owner_idx ON ${app} (owner_id)`,
    ],
    [
      `CREATE VIEW app.item_${n}_totals AS SELECT owner_id, sum(cents) AS cents FROM ${app} GROUP BY owner_id`,
      `ALTER TABLE ${app} ENABLE ROW LEVEL SECURITY`,
      `CREATE POLICY item_${n}_own ON ${app} USING (owner_id = nullif(current_setting('app.owner', true), '')::integer)`,
      `GRANT SELECT ON ${app} TO authenticated`,
    ],
    [
      `DROP VIEW app.item_${n}_totals`,
      `ALTER TABLE ${app} RENAME COLUMN title TO label`,
      `CREATE VIEW app.item_${n}_totals AS SELECT owner_id, label, sum(cents) AS cents FROM ${app} GROUP BY owner_id, label`,
      `CREATE OR REPLACE FUNCTION audit.note_${n}() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN INSERT INTO ${audit} (item_id, at, what) VALUES (NEW.id, '2026-02-03', TG_OP); RETURN NEW; END$f$`,
      `CREATE TRIGGER item_${n}_noted AFTER INSERT ON ${app} FOR EACH ROW EXECUTE FUNCTION audit.note_${n}()`,
    ],
  ];
}

/** A project's migrations, twelve for each of its entities and two more. */
export function manyMigrations(entities: number): string[][] {
  return [
    [
      "CREATE SCHEMA app",
      "CREATE SCHEMA IF NOT EXISTS audit",
      "CREATE TABLE owners (id serial PRIMARY KEY, email text NOT NULL UNIQUE)",
    ],
    ["ALTER TABLE owners ADD COLUMN locale text DEFAULT 'pt' NOT NULL", "ANALYZE owners"],
    ...Array.from({ length: entities }, (_, at) => years(at + 1)).flat(),
  ];
}
