// Makes the shop's types: for each operation its variables and its data, as the published schema has them.

import { codegen } from "@graphql-codegen/core";
import * as documents from "@graphql-codegen/typed-document-node";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse, validate, buildASTSchema } from "graphql";
import { readFileSync, writeFileSync } from "node:fs";

import * as recipes from "../docs/recipes/operations.js";

const SCHEMA = new URL("../docs/schema.graphql", import.meta.url);
const OPERATIONS = new URL("src/shop/operations.graphql", import.meta.url);
const GENERATED = new URL("src/shop/generated.ts", import.meta.url);

const schema = parse(readFileSync(SCHEMA, "utf-8"));
const document = parse([readFileSync(OPERATIONS, "utf-8"), ...Object.values(recipes)].join("\n"));
const faults = validate(buildASTSchema(schema), document);
if (faults.length) throw new AggregateError(faults, faults.map(String).join("\n\n"));

const text = await codegen({
  filename: GENERATED.pathname,
  schema,
  documents: [{ location: OPERATIONS.pathname, document }],
  plugins: [{ operations: {} }, { documents: {} }],
  pluginMap: { operations, documents },
  config: {
    enumsAsTypes: true,
    skipTypename: true,
    useTypeImports: true,
    defaultScalarType: "unknown",
    scalars: { ConsistencyToken: "string", CurrencyCode: "string", Date: "string", DateTime: "string", Decimal: "string" },
  },
});
writeFileSync(GENERATED, `// Made by generate.mjs.\n${text}`);
