// Parses the Lua programs on standard input, a list of texts; one that is faulty ends this with an error.

import luaparse from "luaparse";

let given = "";
for await (const part of process.stdin) given += part;
for (const text of JSON.parse(given)) luaparse.parse(text, { luaVersion: "LuaJIT" });
