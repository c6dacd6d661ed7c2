// Compresses what is built, and refuses a page that weighs more than its budget.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

/** What a page may weigh, and which files (beginnings of names) it loads only when somebody does something. */
interface Budget {
  bytes: number;
  later?: string[];
}

interface Built {
  text: string;
  compressed: number;
}

/** The best, 11, saves another 7% and takes fourteen times as long, of whoever builds. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** Writes `.br` and `.gz` beside each file of assets/, and `weights.json`: bytes over the wire at first, by page. */
export function weighing(budgets: string): Plugin {
  return {
    name: "weighing",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      async handler(_, bundle) {
        const files = new Map<string, Built>();
        const compress = async (name: string, content: Buffer) => {
          const [brotli, gzipped] = await Promise.all([
            promisify(brotliCompress)(content, BROTLI),
            promisify(gzip)(content, { level: 9 }),
          ]);
          files.set(name, { text: content.toString("latin1"), compressed: brotli.length });
          if (!name.startsWith("assets/")) return;
          this.emitFile({ type: "asset", fileName: `${name}.br`, source: brotli });
          this.emitFile({ type: "asset", fileName: `${name}.gz`, source: gzipped });
        };
        await Promise.all(
          Object.entries(bundle).map(([name, output]) =>
            compress(name, Buffer.from(output.type === "chunk" ? output.code : output.source)),
          ),
        );
        const allowed: Record<string, Budget> = JSON.parse(readFileSync(budgets, "utf-8"));
        const weights: Record<string, { bytes: number; budget: number; files: Record<string, number> }> = {};
        for (const page of [...files.keys()].filter((name) => name.endsWith("/index.html"))) {
          const name = page.slice(0, -"/index.html".length);
          const budget = allowed[name];
          if (!budget) this.error(`budgets.json says nothing of the page ${name}`);
          const loaded = reached(page, files, budget.later ?? []);
          const bytes = loaded.reduce((sum, file) => sum + files.get(file)!.compressed, 0);
          weights[name] = {
            bytes,
            budget: budget.bytes,
            files: Object.fromEntries(loaded.map((file) => [file, files.get(file)!.compressed])),
          };
          const report = `${name}: ${bytes.toLocaleString("en")} of ${budget.bytes.toLocaleString("en")} bytes`;
          if (bytes > budget.bytes) this.error(`${report}: too heavy (budgets.json)`);
          console.log(report);
        }
        this.emitFile({ type: "asset", fileName: "weights.json", source: JSON.stringify(weights, null, 2) });
      },
    },
  };
}

/** The page, and all files that it or one of those names, but the later ones: scripts, workers, styles, fonts. */
function reached(page: string, files: Map<string, Built>, later: string[]): string[] {
  const found = new Set([page]);
  for (const name of found) {
    for (const [other] of files) {
      const isLater = later.some((beginning) => basename(other).startsWith(beginning));
      if (!isLater && files.get(name)!.text.includes(basename(other))) found.add(other);
    }
  }
  return [...found];
}
