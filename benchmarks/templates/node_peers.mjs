// Engines on Node. One process for the whole comparison: it reads a line of JSON, answers with one.
//   {"make": name, "engine": …, "source": …, "kind": …, "scope": …}  -> {"result": …} or {"error": …}
//   {"turn": name, "seconds": s}                                     -> {"seconds": per call}
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const load = createRequire(process.env.NODE_PEERS + "/");
const made = new Map();
let sink;

const engines = {
  nunjucks(source, kind) {
    const environment = new (load("nunjucks").Environment)(null, { autoescape: false });
    environment.addFilter("json", (value) => JSON.stringify(value));
    const template = new (load("nunjucks").Template)(source, environment);
    return (scope) => template.render(scope);
  },
  eta(source) {
    const eta = new (load("eta").Eta)({ autoEscape: false, useWith: false, varName: "s", autoTrim: false });
    const template = eta.compile(source).bind(eta);
    return (scope) => template(scope);
  },
  jsonata(source) {
    const expression = load("jsonata")(source);
    return (scope) => expression.evaluate(scope);
  },
};

async function turn(name, seconds) {
  const { run, asynchronous } = made.get(name);
  let count = 0;
  const start = process.cpuUsage();
  const end = performance.now() + seconds * 1000;
  do {
    for (let i = 0; i < 50; i++) sink = asynchronous ? await run() : run();
    count += 50;
  } while (performance.now() < end);
  const taken = process.cpuUsage(start);
  return (taken.user + taken.system) / 1e6 / count;
}

async function answer({ make, engine, source, kind, scope, turn: name, seconds }) {
  if (name) return { seconds: await turn(name, seconds) };
  const render = engines[engine](source, kind);
  const asynchronous = engine === "jsonata";
  const finish = asynchronous && kind === "document" ? async (s) => JSON.stringify(await render(s)) : render;
  made.set(make, { run: () => finish(scope), asynchronous });
  return { result: await finish(scope) };
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = await answer(JSON.parse(line));
  } catch (error) {
    reply = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(reply) + "\n");
}
