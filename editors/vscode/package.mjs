// Makes akrun-VERSION.vsix in a new temporary folder, or in the folder that is named, and prints where it is.

import { createVSIX } from "@vscode/vsce";
import { copyFile, mkdir, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

// The same sources give the same file: entries of the archive carry this time (1 January 2020).
process.env.SOURCE_DATE_EPOCH ??= "1577836800";

const { name, version } = JSON.parse(await readFile("package.json", "utf8"));
const folder = process.argv[2] ? resolve(process.argv[2]) : await mkdtemp(join(tmpdir(), "akrun-vsix-"));
await mkdir(folder, { recursive: true });
const packagePath = join(folder, `${name}-${version}.vsix`);
await copyFile("../../LICENSE", "LICENSE.txt");
await createVSIX({ packagePath, dependencies: false, allowMissingRepository: true });
console.log(packagePath);
