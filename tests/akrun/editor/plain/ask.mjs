// Asks the JSON language service of Visual Studio Code about files, as that editor does without any extension.
// Standard input: a list of {uri, text, offset}; output: a list of {faults, labels, hover}.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import service from "vscode-json-languageservice";

const json = service.getLanguageService({
  schemaRequestService: (uri) => readFile(fileURLToPath(uri), "utf8"),
  workspaceContext: { resolveRelativePath: (path, from) => new URL(path, from).href },
});
json.configure({ validate: true });

async function answer({ uri, text, offset }) {
  const file = service.TextDocument.create(uri, "json", 1, text);
  const parsed = json.parseJSONDocument(file);
  const faults = await json.doValidation(file, parsed, { schemaValidation: "error" });
  const completion = await json.doComplete(file, file.positionAt(offset), parsed);
  const hover = await json.doHover(file, file.positionAt(offset), parsed);
  return {
    faults: faults.map((each) => each.message),
    labels: completion.items.map((each) => each.label),
    hover: (hover?.contents ?? []).join("\n"),
  };
}

let given = "";
for await (const part of process.stdin) given += part;
console.log(JSON.stringify(await Promise.all(JSON.parse(given).map(answer))));
