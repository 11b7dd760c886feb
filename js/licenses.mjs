// The licenses of the packages inside a bundle: they ask to travel with every copy of the code.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Packages that come bundled: what they depend on is inside them, and in no metafile. */
const BUNDLED = ["regl-scatterplot"];

/** A copy that regl-scatterplot holds of a package that it does not depend on. */
const KDBUSH = `kdbush 4.0.2 (ISC)

ISC License

Copyright (c) 2018, Vladimir Agafonkin

Permission to use, copy, modify, and/or distribute this software for any purpose
with or without fee is hereby granted, provided that the above copyright notice
and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND
FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS
OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER
TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.
`;

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** One text of all licenses, from the metafiles of esbuild builds that ran in `root`. */
export async function licenses(metafiles, root) {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
  const folders = new Set(inputs.flatMap((path) => PACKAGE.exec(path)?.[0] ?? []));
  const bundled = BUNDLED.map((name) => `node_modules/${name}`).filter((path) => folders.has(path));
  for (const folder of bundled) await addDependencies(folder, folders, root);
  const texts = await Promise.all(
    [...folders].sort().map((folder) => describe(join(root, folder))),
  );
  if (bundled.length) texts.push(KDBUSH);
  return [...new Set(texts)].join(`\n${"-".repeat(80)}\n\n`);
}

async function addDependencies(folder, folders, root) {
  const { dependencies = {} } = JSON.parse(
    await readFile(join(root, folder, "package.json"), "utf8"),
  );
  for (const name of Object.keys(dependencies)) {
    const path = `node_modules/${name}`;
    if (folders.has(path)) continue;
    folders.add(path);
    await addDependencies(path, folders, root);
  }
}

async function describe(folder) {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  );
  const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file ? await readFile(join(folder, file), "utf8") : "";
  return `${name} ${version} (${license})\n\n${text}`;
}
