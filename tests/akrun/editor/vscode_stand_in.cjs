// Loads the packed extension as an editor does, with `vscode` a stand-in, and starts and ends it.
const Module = require("node:module");

/** Anything: a class to extend, a function to call, an object whose members are the same. */
function anything() {
  const Base = class {
    dispose() {}
  };
  return new Proxy(Base, {
    get: (target, name) => {
      if (name in target || typeof name === "symbol" || name === "then") return target[name];
      return (target[name] = anything());
    },
    apply: () => anything(),
  });
}

const [extension, ...command] = process.argv.slice(2);
const seen = { commands: [], errors: [] };
const disposable = { dispose() {} };
const event = () => disposable;
const vscode = new Proxy(
  {
    commands: { registerCommand: (name) => (seen.commands.push(name), disposable), executeCommand: async () => {} },
    window: new Proxy(
      {
        showErrorMessage: async (text) => void seen.errors.push(text),
        createOutputChannel: () => ({ appendLine() {}, append() {}, dispose() {}, show() {} }),
        visibleTextEditors: [], activeTextEditor: undefined,
        tabGroups: { all: [], onDidChangeTabs: event, onDidChangeTabGroups: event },
      },
      { get: (target, name) => name in target ? target[name] : event },
    ),
    workspace: new Proxy(
      {
        getConfiguration: () => ({ get: (name) => (name === "command" ? command : undefined), inspect: () => undefined }),
        textDocuments: [], notebookDocuments: [], workspaceFolders: undefined, fs: {}, isTrusted: true,
      },
      { get: (target, name) => name in target ? target[name] : event },
    ),
    languages: new Proxy({ match: () => 0 }, { get: (target, name) => name in target ? target[name] : () => disposable }),
    env: { language: "en", appName: "stand-in" },
    version: "1.82.0",
    extensions: { all: [], getExtension: () => undefined, onDidChange: event },
    Uri: { parse: (text) => ({ toString: () => text }), file: (path) => ({ toString: () => `file://${path}` }) },
    Disposable: class { dispose() {} },
    EventEmitter: class { event = event; fire() {} dispose() {} },
    CancellationTokenSource: class { token = { onCancellationRequested: event }; cancel() {} dispose() {} },
  },
  { get: (target, name) => (name in target ? target[name] : (target[name] = anything())) },
);

const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));

(async () => {
  const { activate, deactivate } = require(extension);
  const context = { subscriptions: [] };
  await activate(context);
  await deactivate();
  console.log(JSON.stringify({ ...seen, subscriptions: context.subscriptions.length }));
})().catch((error) => { console.error(error); process.exitCode = 1; });
