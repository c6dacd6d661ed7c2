// Makes the types of pages: for each operation its variables and its data, as the published schema has them.

import { codegen } from "@graphql-codegen/core";
import * as documents from "@graphql-codegen/typed-document-node";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse, validate, buildASTSchema } from "graphql";
import { readFileSync, writeFileSync } from "node:fs";

import * as recipes from "../docs/recipes/operations.js";

/** Beside its operations, those of the recipes; and whether it sends operations as text, or has a library that parses them. */
const PAGES = {
  shop: { others: Object.values(recipes), documentMode: "documentNode" },
  console: { others: [], documentMode: "string" },
};

const schema = parse(readFileSync(new URL("../docs/schema.graphql", import.meta.url), "utf-8"));
for (const [page, { others, documentMode }] of Object.entries(PAGES)) await generate(page, others, documentMode);

async function generate(page, others, documentMode) {
  const source = new URL(`src/${page}/operations.graphql`, import.meta.url);
  const generated = new URL(`src/${page}/generated.ts`, import.meta.url);
  const document = parse([readFileSync(source, "utf-8"), ...others].join("\n"));
  const faults = validate(buildASTSchema(schema), document);
  if (faults.length) throw new AggregateError(faults, faults.map(String).join("\n\n"));
  const text = await codegen({
    filename: generated.pathname,
    schema,
    documents: [{ location: source.pathname, document }],
    plugins: [{ operations: {} }, { documents: {} }],
    pluginMap: { operations, documents },
    config: {
      documentMode,
      enumsAsTypes: true,
      skipTypename: true,
      useTypeImports: true,
      defaultScalarType: "unknown",
      scalars: {
        ConsistencyToken: "string",
        CurrencyCode: "string",
        Date: "string",
        DateTime: "string",
        Decimal: "string",
      },
    },
  });
  writeFileSync(generated, `// Made by generate.mjs.\n${text}`);
}
