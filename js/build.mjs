// Bundles src/ into imbxai_widgets/static/: one small ESM per widget, one style sheet per panel.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { licenses } from "./licenses.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "imbxai_widgets", "static");

const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  outdir: target,
  entryNames: "[name]",
  write: false,
  loader: {
    ".eot": "empty",
    ".svg": "dataurl",
    ".ttf": "empty",
    ".woff": "empty",
    ".woff2": "dataurl",
  },
};

/** The files of one folder with an extension: each panel brings its own. */
const inside = async (folder, extension) =>
  (await readdir(join(here, "src", folder)))
    .filter((name) => extname(name) === extension)
    .map((name) => `src/${folder}/${name}`);

const frame = ["linker", "tabs"].map((name) => `src/linker/${name}`);
const scripts = [
  ...(await inside("panels", ".ts")),
  ...frame.map((path) => `${path}.ts`),
  "src/anywhere/anywhere.ts",
  ...(await inside("lazy", ".ts")),
];
const styles = [
  ...(await inside("panels", ".css")),
  ...frame.map((path) => `${path}.css`),
  "src/anywhere/anywhere.css",
];

const results = await Promise.all([
  build({ ...shared, format: "esm", entryPoints: scripts, metafile: true }),
  build({ ...shared, entryPoints: styles }),
  // A classic script, for pages opened from disk, where modules may not load.
  build({ ...shared, format: "iife", entryPoints: ["src/page/page.ts"], metafile: true }),
]);
const files = results.flatMap((result) => result.outputFiles);
files.push({
  path: join(target, "page.licenses.txt"),
  contents: Buffer.from(
    await licenses(
      results.flatMap(({ metafile }) => metafile ?? []),
      here,
    ),
  ),
});

// Everything is bundled in memory before the old files go: a failing build leaves them alone, a
// good one leaves no file (and no hash kept by hatch_build.py) of an earlier build behind.
await mkdir(target, { recursive: true });
for (const name of await readdir(target)) await rm(join(target, name), { recursive: true });
for (const file of files) {
  await writeFile(file.path, file.contents);
  console.log(`${basename(file.path).padEnd(18)} ${(file.contents.length / 1024).toFixed(1)} kB`);
}
