// How the pages are built: one for each folder of src/ with an index.html, all into one folder that the API serves.

import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vite";

import { weighing } from "./weighing.ts";

const source = resolve(import.meta.dirname, "src");
const pages = readdirSync(source).filter((name) => existsSync(resolve(source, name, "index.html")));

export default defineConfig({
  root: source,
  logLevel: "warn",
  // What the recipes in docs/ import is found here.
  resolve: { dedupe: ["graphql-ws", "@urql/core", "@urql/exchange-graphcache", "@urql/exchange-retry"] },
  build: {
    outDir: resolve(import.meta.dirname, "../api/pages/built"),
    emptyOutDir: true,
    // A policy that allows what is served here allows nothing that is written into a page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: Infinity, // weighing.ts knows better
    rolldownOptions: {
      // "use client" in libraries means something to servers that render React, and nothing here.
      checks: { moduleLevelDirective: false, pluginTimings: false },
      input: Object.fromEntries(pages.map((name) => [name, resolve(source, name, "index.html")])),
    },
  },
  worker: { format: "es" },
  plugins: [weighing(resolve(import.meta.dirname, "budgets.json"))],
});
