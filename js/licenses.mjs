// The licenses of the packages inside a bundle: they ask to travel with every copy of the code.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** One text of all licenses, from the metafile of an esbuild build that ran in `root`. */
export async function licenses(metafile, root) {
  const inputs = Object.keys(metafile.inputs);
  const folders = new Set(inputs.flatMap((path) => PACKAGE.exec(path)?.[0] ?? []));
  const texts = await Promise.all(
    [...folders].sort().map((folder) => describe(join(root, folder))),
  );
  return [...new Set(texts)].join(`\n${"-".repeat(80)}\n\n`);
}

async function describe(folder) {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  );
  const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file ? await readFile(join(folder, file), "utf8") : "";
  return `${name} ${version} (${license})\n\n${text}`;
}
