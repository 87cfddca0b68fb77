import type { Node } from "libpg-query";
import { z } from "zod";
import {
  type Catalog,
  compositeAttributes,
  compositeDefinition,
  type DescribedObject,
  type Index,
  isDescribed,
  onOthers,
  type Structure,
  type Table,
  type Trigger,
  type View,
} from "../catalog/index.ts";
import type { Target } from "../model/step.ts";
import type { Dependent } from "../plan/dependents.ts";
import type { QualifiedName } from "../sql/names.ts";
import { parseStatements, print } from "../sql/parser.ts";
import { walk } from "../sql/tree.ts";
import type { Rename } from "./renames.ts";

/*
 * A catalog as it will read once what was renamed has its name back. PostgreSQL stores what it was given parsed, so
 * that every text which names a renamed object reads otherwise from then on, though nobody touched it.
 */

type Fields = Readonly<Record<string, unknown>>;

const isFields = (tree: unknown): tree is Fields =>
  typeof tree === "object" && tree !== null && !Array.isArray(tree);

const stringOf = (tree: unknown): string | undefined => {
  const inner = isFields(tree) ? tree["String"] : undefined;
  const sval = isFields(inner) ? inner["sval"] : undefined;
  return typeof sval === "string" ? sval : undefined;
};

const string = (sval: string): unknown => ({ String: { sval } });
const strings = (tree: unknown): string[] =>
  Array.isArray(tree) ? tree.flatMap((one) => stringOf(one) ?? []) : [];

/** As `quote_ident` has it, of a name that is no key word. */
const quoteAsPrinted = (name: string): string =>
  /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

const nodeSchema = z.custom<Node>((value) => isFields(value) && Object.keys(value).length === 1);

/** What a text is about beside the relations that it names itself. */
interface Scope {
  /** The table whose columns stand there without a table, as it is called now. */
  readonly base: QualifiedName | null;
  readonly ranges: readonly { readonly alias: string; readonly relation: QualifiedName }[];
}

/** The names of after a deployment as they were before it, in catalogs and texts. */
export interface FormerNames {
  /** A statement. */
  text(sql: string): string;
  catalog(catalog: Catalog): Catalog;
  target(target: Target): Target;
  dependent(dependent: Dependent): Dependent;
}

const isSame = (one: QualifiedName, other: QualifiedName): boolean =>
  one.schema === other.schema && one.name === other.name;

/** @param schemas those through which names without a schema were printed, in their order */
export function formerNames(
  renames: readonly Rename[],
  { schemas, now }: { schemas: readonly string[]; now: Catalog },
): FormerNames {
  const top = (kinds: readonly Rename["kind"][]) => {
    const some = renames.filter(({ kind }) => kinds.includes(kind));
    return (name: QualifiedName): QualifiedName => some.find((one) => isSame(one.now, name))?.was ?? name;
  };
  const relation = top(["table", "view", "sequence"]);
  const type = top(["type", "domain"]);
  const routine = top(["function"]);
  const part = (kind: "column" | "label" | "attribute", of: QualifiedName, name: string): string =>
    renames.find((one) => one.kind === kind && one.of && isSame(one.of, of) && one.now.name === name)?.was
      .name ?? name;
  const column = (table: QualifiedName, name: string): string => part("column", relation(table), name);
  const label = (of: QualifiedName, name: string): string => part("label", type(of), name);

  const attribute = (of: QualifiedName, name: string): string => part("attribute", type(of), name);

  const relations = [...now.tables, ...now.views, ...now.sequences];
  const types = [...now.enums, ...now.domains, ...(now.structures ?? [])];
  const located = (
    list: readonly QualifiedName[],
    schema: string | undefined,
    name: string,
  ): QualifiedName => ({
    schema: schema ?? schemas.find((one) => list.some((other) => isSame(other, { schema: one, name }))) ?? "",
    name,
  });
  /** The schema to print, where one is needed to find the name. */
  const printed = ({ schema }: QualifiedName, isQualified: boolean): string | undefined =>
    isQualified && schemas[0] !== schema && !schemas.includes(schema)
      ? schema
      : schema === "" || schemas.includes(schema)
        ? undefined
        : schema;

  function columnPath(path: readonly string[], { base, ranges }: Scope): string[] {
    const last = path.at(-1) ?? "";
    const qualifier = path.at(-2);
    const found =
      qualifier === undefined
        ? [...(base ? [base] : []), ...ranges.map((one) => one.relation)]
        : [
            ...(base && [base.name, "old", "new"].includes(qualifier) ? [base] : []),
            ...ranges.filter((one) => one.alias === qualifier).map((one) => one.relation),
          ];
    const name = found.map((one) => column(one, last)).find((one) => one !== last) ?? last;
    if (qualifier === undefined) return [name];
    const itself = found.find((one) => one.name === qualifier);
    return [itself ? relation(itself).name : qualifier, name];
  }

  function changed(tree: unknown, scope: Scope): unknown {
    if (Array.isArray(tree)) return tree.map((one) => changed(one, scope));
    if (!isFields(tree)) return tree;
    if (typeof tree["relname"] === "string") {
      const schema = typeof tree["schemaname"] === "string" ? tree["schemaname"] : undefined;
      const was = relation(located(relations, schema, tree["relname"]));
      const { schemaname: _, ...rest } = tree;
      const shown = printed(was, schema !== undefined);
      return { ...rest, relname: was.name, ...(shown === undefined ? {} : { schemaname: shown }) };
    }
    const entries = Object.entries(tree).map(([key, value]): [string, unknown] => {
      if (!isFields(value)) return [key, changed(value, scope)];
      switch (key) {
        case "ColumnRef": {
          const path = strings(value["fields"]);
          const isStar = Array.isArray(value["fields"]) && value["fields"].length !== path.length;
          return [key, isStar ? value : { ...value, fields: columnPath(path, scope).map(string) }];
        }
        case "ResTarget":
          return [key, resultTarget(value, scope)];
        case "TypeCast":
          return [key, cast(value, scope)];
        case "FuncCall": {
          const path = strings(value["funcname"]);
          const was = renames.find(
            ({ kind, now: called }) =>
              kind === "function" && called.name.startsWith(`${path.at(-1)}(`) && path.length < 3,
          )?.was;
          const name = was?.name.slice(0, was.name.indexOf("("));
          const inner = changed(value, scope);
          if (was === undefined || name === undefined || !isFields(inner)) return [key, inner];
          const shown = printed(was, path.length > 1);
          return [key, { ...inner, funcname: [...(shown === undefined ? [] : [shown]), name].map(string) }];
        }
        case "A_Indirection": {
          // Which type it is that a field is taken of only the server could tell: the name has to do.
          const inner = changed(value, scope);
          const former = (name: string): string =>
            renames.find((one) => one.kind === "attribute" && one.now.name === name)?.was.name ?? name;
          return [
            key,
            isFields(inner) && Array.isArray(inner["indirection"])
              ? {
                  ...inner,
                  indirection: inner["indirection"].map((one: unknown) => {
                    const name = stringOf(one);
                    return name === undefined ? one : string(former(name));
                  }),
                }
              : inner,
          ];
        }
        case "IndexElem": {
          const inner = changed(value, scope);
          const name = value["name"];
          return [
            key,
            isFields(inner) && typeof name === "string" && scope.base
              ? { ...inner, name: column(scope.base, name) }
              : inner,
          ];
        }
        case "Constraint":
          return [key, constraint(value, scope)];
        case "CreateTrigStmt": {
          const inner = changed(value, scope);
          const { base } = scope;
          return [
            key,
            isFields(inner) && base && Array.isArray(value["columns"])
              ? { ...inner, columns: strings(value["columns"]).map((name) => string(column(base, name))) }
              : inner,
          ];
        }
        case "typeName":
        case "TypeName":
          return [key, typeName(value)];
        default:
          return [key, changed(value, scope)];
      }
    });
    return Object.fromEntries(entries);
  }

  /** A result keeps its name, so that a column behind it with another name gets an alias, or needs none any more. */
  function resultTarget(fields: Fields, scope: Scope): unknown {
    const inner = changed(fields, scope);
    const path = (tree: unknown): string[] => {
      const value = isFields(tree) ? tree["val"] : undefined;
      const reference = isFields(value) ? value["ColumnRef"] : undefined;
      return isFields(reference) ? strings(reference["fields"]) : [];
    };
    const [was, is] = [path(fields).at(-1), path(inner).at(-1)];
    if (scope.base !== null || was === undefined || was === is || !isFields(inner)) return inner;
    const alias = typeof fields["name"] === "string" ? fields["name"] : was;
    const { name: _, ...rest } = inner;
    return alias === is ? rest : { ...rest, name: alias };
  }

  function typeName(fields: Fields): unknown {
    const path = strings(fields["names"]);
    if (path.length === 0) return fields;
    const found = located(types, path.length > 1 ? path.at(-2) : undefined, path.at(-1) ?? "");
    const was = type(found);
    if (isSame(was, found)) return fields;
    const shown = printed(was, path.length > 1);
    return { ...fields, names: [...(shown === undefined ? [] : [shown]), was.name].map(string) };
  }

  function cast(fields: Fields, scope: Scope): unknown {
    const inner = changed(fields, scope);
    const { arg, typeName: to } = fields;
    const constant = isFields(arg) ? arg["A_Const"] : undefined;
    const outer = isFields(constant) ? constant["sval"] : undefined;
    const sval = isFields(outer) ? outer["sval"] : undefined;
    if (typeof sval !== "string" || !isFields(to) || !isFields(inner)) return inner;
    const path = strings(to["names"]);
    const last = path.at(-1) ?? "";
    const value =
      last === "regclass"
        ? regclass(sval)
        : label(located(types, path.length > 1 ? path.at(-2) : undefined, last), sval);
    return { ...inner, arg: { A_Const: { sval: { sval: value } } } };
  }

  function regclass(sval: string): string {
    let name: { schema: string | undefined; relname: string } | undefined;
    try {
      walk(parseStatements(`TABLE ${sval}`), ({ relname, schemaname }) => {
        if (typeof relname === "string")
          name ??= { relname, schema: typeof schemaname === "string" ? schemaname : undefined };
      });
    } catch {
      return sval;
    }
    if (!name) return sval;
    const found = located(relations, name.schema, name.relname);
    const was = relation(found);
    if (isSame(found, was)) return sval;
    const shown = printed(was, name.schema !== undefined);
    const range = {
      relname: was.name,
      inh: true,
      relpersistence: "p",
      ...(shown ? { schemaname: shown } : {}),
    };
    return print(
      nodeSchema.parse({
        SelectStmt: {
          targetList: [{ ResTarget: { val: { ColumnRef: { fields: [{ A_Star: {} }] } } } }],
          fromClause: [{ RangeVar: range }],
          limitOption: "LIMIT_OPTION_DEFAULT",
          op: "SETOP_NONE",
        },
      }),
    ).replace(/^SELECT \* FROM /, "");
  }

  function constraint(fields: Fields, scope: Scope): unknown {
    const inner = changed(fields, scope);
    if (!isFields(inner)) return inner;
    const { base } = scope;
    const pktable = fields["pktable"];
    const other =
      isFields(pktable) && typeof pktable["relname"] === "string"
        ? located(
            relations,
            typeof pktable["schemaname"] === "string" ? pktable["schemaname"] : undefined,
            pktable["relname"],
          )
        : null;
    const mapped = (key: string, table: QualifiedName | null): Fields =>
      table && Array.isArray(fields[key])
        ? { [key]: strings(fields[key]).map((name) => string(column(table, name))) }
        : {};
    return {
      ...inner,
      ...mapped("keys", base),
      ...mapped("including", base),
      ...mapped("fk_attrs", base),
      ...mapped("fk_del_set_cols", base),
      ...mapped("pk_attrs", other),
    };
  }

  const words = renames.map(({ kind, now: { name }, was }) =>
    kind === "function" ? name.slice(0, name.indexOf("(")) : name === was.name ? was.name : name,
  );

  /** A text with the former names; as it is where that cannot be printed. */
  function rewrite(text: string, base: QualifiedName | null, prefix = ""): string {
    if (!words.some((word) => text.includes(word))) return text;
    try {
      const tree = parseStatements(prefix + text)[0]?.node;
      const ranges: Scope["ranges"][number][] = [];
      walk(tree, ({ relname, schemaname, alias }) => {
        if (typeof relname !== "string") return;
        const called = isFields(alias) ? alias["aliasname"] : relname;
        ranges.push({
          alias: typeof called === "string" ? called : relname,
          relation: located(relations, typeof schemaname === "string" ? schemaname : undefined, relname),
        });
      });
      const node = nodeSchema.parse(changed(tree, { base, ranges }));
      const sql = print(node);
      return sql.startsWith(prefix) ? sql.slice(prefix.length) : text;
    } catch {
      return text;
    }
  }

  const expression = (text: string | null, base: QualifiedName): string | null =>
    text === null ? null : rewrite(text, base, "SELECT ");

  const typeText = (text: string): string => {
    const [plain = "", rest = ""] = text.split(/(?=\[)/);
    const path = plain.split(".").map((one) => one.replaceAll('"', ""));
    const found = located(types, path.length > 1 ? path.at(-2) : undefined, path.at(-1) ?? "");
    const was = type(found);
    if (isSame(found, was)) return text;
    const quote = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : JSON.stringify(name));
    const shown = printed(was, path.length > 1);
    return `${shown === undefined ? "" : `${quote(shown)}.`}${quote(was.name)}${rest}`;
  };
  const typeList = (text: string): string => text.split(", ").map(typeText).join(", ");
  const argument = (text: string): string =>
    text
      .split(", ")
      .map((one) => one.split(" ").map(typeText).join(" "))
      .join(", ");

  const indexOf = (index: Index, base: QualifiedName): Index => ({
    ...index,
    definition: rewrite(index.definition, base),
    keys: index.keys.map((key) => ({
      ...key,
      expression: expression(key.expression, base) ?? key.expression,
      column: key.column === null ? null : column(base, key.column),
    })),
    include: index.include.map((name) => column(base, name)),
    predicate: expression(index.predicate, base),
  });

  const triggerOf = (trigger: Trigger, base: QualifiedName): Trigger => {
    const { schema, name } = trigger.function;
    const was = renames.find(
      ({ kind, now: called }) =>
        kind === "function" && called.schema === schema && called.name === `${name}()`,
    )?.was;
    return {
      ...trigger,
      definition: rewrite(trigger.definition, base),
      function: was ? { schema: was.schema, name: was.name.replace(/\(\)$/, "") } : trigger.function,
    };
  };

  const tableOf = (table: Table): Table => ({
    ...table,
    ...relation(table),
    partition: table.partition && { ...table.partition, of: relation(table.partition.of) },
    columns: table.columns.map((one) => ({
      ...one,
      name: column(table, one.name),
      type: typeText(one.type),
      default: expression(one.default, table),
      generated: expression(one.generated, table),
    })),
    constraints: table.constraints.map((one) => ({
      ...one,
      definition: rewrite(one.definition, table, "ALTER TABLE of_this_constraint ADD "),
      columns: one.columns.map((name) => column(table, name)),
      references: one.references && referencesOf(one.references),
    })),
    indexes: table.indexes.map((one) => indexOf(one, table)),
    policies: table.policies.map((one) => ({
      ...one,
      using: expression(one.using, table),
      check: expression(one.check, table),
    })),
    triggers: table.triggers.map((one) => triggerOf(one, table)),
  });

  function referencesOf({
    schema,
    table: name,
    columns,
  }: {
    schema: string;
    table: string;
    columns: string[];
  }) {
    const was = relation({ schema, name });
    return {
      schema: was.schema,
      table: was.name,
      columns: columns.map((one) => column({ schema, name }, one)),
    };
  }

  const structureOf = (one: Structure): Structure => ({
    ...one,
    ...type(one),
    ...(one.kind === "composite"
      ? {
          definition: compositeDefinition(
            compositeAttributes(one.definition).map(({ name, type: of }) => ({
              name: attribute(one, name),
              type: typeText(of),
            })),
            quoteAsPrinted,
          ),
        }
      : {}),
  });

  const objectOf = (one: DescribedObject): DescribedObject => {
    const named = onOthers(one, {
      place: (on) => {
        if (on.table === null) return on;
        const place = { schema: on.schema, name: on.table };
        const was = relation(place);
        return {
          schema: was.schema,
          table: was.name,
          columns: on.columns.map((name) => column(place, name)).sort(),
        };
      },
      text: (expression_, on) =>
        expression(expression_, { schema: on.schema, name: on.table ?? "" }) ?? expression_,
    });
    const was = top([one.kind])({ schema: one.schema ?? "", name: one.name });
    const isRenamed = was.name !== one.name || was.schema !== (one.schema ?? "");
    const { of } = one;
    return {
      ...named,
      ...(isRenamed ? { schema: one.schema === null ? null : was.schema, name: was.name } : {}),
      of: of === null ? null : top(["publication"])({ schema: "", name: of }).name,
    };
  };

  const viewOf = (view: View): View => ({
    ...view,
    ...relation(view),
    definition: rewrite(view.definition, null),
    columns: view.columns.map((one) => ({
      ...one,
      name: column(view, one.name),
      type: typeText(one.type),
    })),
    indexes: view.indexes.map((one) => indexOf(one, view)),
    triggers: view.triggers.map((one) => triggerOf(one, view)),
  });

  const describedTarget = (target: Target): Target => {
    const { kind, schema, name, table } = target;
    if (!isDescribed(kind)) return target;
    if (table !== null) {
      // What it publishes is called by the table.
      const [, place = ""] = name.split("table ");
      const renamed = [...now.tables].find((one) => `${one.schema}.${one.name}` === place);
      const was = renamed && relation(renamed);
      return {
        ...target,
        name: was ? `table ${was.schema}.${was.name}` : name,
        table: top(["publication"])({ schema: "", name: table }).name,
      };
    }
    const was = top([kind])({ schema: schema ?? "", name });
    return { ...target, schema: schema === null ? null : was.schema, name: was.name };
  };

  return {
    text: (sql) => rewrite(sql, null),
    catalog: (catalog) =>
      renames.length === 0
        ? catalog
        : {
            ...catalog,
            tables: catalog.tables.map(tableOf),
            views: catalog.views.map(viewOf),
            functions: catalog.functions.map((one) => {
              const argumentTypes = typeList(one.argumentTypes);
              const was = routine({ schema: one.schema, name: `${one.name}(${one.argumentTypes})` });
              return {
                ...one,
                schema: was.schema,
                name: was.name.slice(0, was.name.indexOf("(")),
                argumentTypes,
                arguments: argument(one.arguments),
                fullArguments: argument(one.fullArguments),
                returns: one.returns === null ? null : typeText(one.returns),
              };
            }),
            enums: catalog.enums.map((one) => ({
              ...one,
              ...type(one),
              labels: one.labels.map((name) => label(one, name)),
            })),
            ...(catalog.structures ? { structures: catalog.structures.map(structureOf) } : {}),
            ...(catalog.objects ? { objects: catalog.objects.map(objectOf) } : {}),
            domains: catalog.domains.map((one) => ({ ...one, ...type(one), type: typeText(one.type) })),
            sequences: catalog.sequences.map((one) => {
              const owner = one.ownedBy && { schema: one.ownedBy.schema, name: one.ownedBy.table };
              const was = owner && relation(owner);
              // A table takes its own sequences along.
              const moved = owner && was && owner.schema === one.schema ? was.schema : one.schema;
              return {
                ...one,
                schema: moved,
                ...(isSame(relation(one), one) ? {} : relation(one)),
                ownedBy:
                  one.ownedBy && owner && was
                    ? {
                        ...one.ownedBy,
                        schema: was.schema,
                        table: was.name,
                        column: column(owner, one.ownedBy.column),
                      }
                    : one.ownedBy,
              };
            }),
          },
    target(target) {
      const { kind, schema, name, table } = target;
      if (isDescribed(kind)) return describedTarget(target);
      if (schema === null) return target;
      if (table !== null) {
        const was = relation({ schema, name: table });
        return {
          kind,
          schema: was.schema,
          name: kind === "column" ? column({ schema, name: table }, name) : name,
          table: was.name,
        };
      }
      const was =
        kind === "function"
          ? routine({ schema, name })
          : kind === "type" || kind === "domain"
            ? type({ schema, name })
            : relation({ schema, name });
      return { kind, ...was, table: null };
    },
    dependent(one) {
      const own = one.table === null ? null : relation({ schema: one.schema, name: one.table });
      const self =
        one.table !== null
          ? {
              schema: own?.schema ?? one.schema,
              name:
                one.kind === "column" ? column({ schema: one.schema, name: one.table }, one.name) : one.name,
            }
          : one.kind === "function"
            ? routine(one)
            : relation(one);
      const on =
        one.on.kind === "function"
          ? routine(one.on)
          : one.on.kind === "type"
            ? type(one.on)
            : one.on.kind === "index"
              ? one.on
              : relation(one.on);
      return {
        ...one,
        schema: self.schema,
        name: self.name,
        table: own?.name ?? null,
        on: { kind: one.on.kind, schema: on.schema, name: on.name },
      };
    },
  };
}
