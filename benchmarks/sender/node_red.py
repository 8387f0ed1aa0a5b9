"""Node-RED on the same job: render JSON, POST it, parse the answer, route by it; so many at once."""

import json
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.sender.work import KEY, Work

VERSION = "4.1"
PORT = 18_800
_TEMPLATE = '{"id":"{{id}}","to":"{{to}}","from":"Demo","text":"Hi, {{name}}! {{text}}"}'
_START = """
const work = msg.payload;
flow.set('left', work.messages);
flow.set('open', work.messages);
flow.set('asked', {req: msg.req, res: msg.res});
flow.set('work', work);
const first = Math.min(work.concurrency, work.messages);
for (let i = 0; i < first; i++) node.send([{next: true}, null]);
"""
_NEXT = """
const left = flow.get('left');
if (left <= 0) return null;
flow.set('left', left - 1);
const work = flow.get('work');
const id = String(left);
return {url: work.url, headers: {'x-api-key': work.key, 'content-type': 'application/json'},
        id: id, to: '+4477' + id.padStart(8, '0'), name: 'Ann' + id, text: 'x'.repeat(work.text)};
"""
_COUNT = """
const open = flow.get('open') - 1;
flow.set('open', open);
if (open === 0) return [null, {...flow.get('asked'), payload: {}}];
return [{next: true}, null];
"""


def _flow() -> list[dict[str, Any]]:
    def node(name: str, kind: str, wires: list[list[str]], **rest: Any) -> dict[str, Any]:
        # Without a place it would be a configuration node.
        return {"id": name, "type": kind, "z": "tab", "x": 0, "y": 0, "wires": wires, **rest}

    accepted = [{"t": "eq", "v": "accepted", "vt": "str"}, {"t": "else"}]
    request = {"method": "use", "ret": "obj", "paytoqs": "ignore", "persist": True, "senderr": False}
    return [
        {"id": "tab", "type": "tab", "label": "mailing"},
        node("ready", "http in", [["end"]], url="/ready", method="get"),
        node("begin", "http in", [["start"]], url="/mailing", method="post"),
        node("start", "function", [["next"], []], func=_START, outputs=2),
        node("next", "function", [["render"]], func=_NEXT, outputs=1),
        node("render", "template", [["post"]], field="payload", fieldType="msg", template=_TEMPLATE,
             syntax="mustache", output="str"),
        node("post", "http request", [["route"]], **{**request, "method": "POST"}),
        node("route", "switch", [["count"], []], property="payload.status", propertyType="msg",
             rules=accepted, checkall="false", outputs=2),
        node("count", "function", [["next"], ["end"]], func=_COUNT, outputs=2),
        node("end", "http response", []),
    ]  # fmt: skip


class NodeRed:
    """Node-RED, running; installed from npm into a folder if it is not there."""

    def __init__(self, folder: Path) -> None:
        """Install, start and wait until it answers."""
        red = folder / "node_modules" / "node-red" / "red.js"
        if not red.exists():
            folder.mkdir(parents=True, exist_ok=True)
            install = ["npm", "install", "--silent", "--no-fund", "--no-audit", f"node-red@{VERSION}"]
            subprocess.run(install, cwd=folder, check=True)
        data = folder / "data"
        data.mkdir(exist_ok=True)
        (data / "flows.json").write_text(json.dumps(_flow()))
        settings = {"httpAdminRoot": False, "logging": {"console": {"level": "warn"}}, "uiHost": "127.0.0.1"}
        (data / "settings.js").write_text(f"module.exports = {json.dumps(settings)}")
        command = ["node", str(red), "-u", str(data), "-p", str(PORT), str(data / "flows.json")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self._wait()

    def _wait(self) -> None:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/ready", timeout=1)
            except OSError:  # not listening, or the flow is not there yet
                time.sleep(0.2)
            else:
                return
        self.close()
        raise RuntimeError("Node-RED does not answer")

    def send(self, url: str, work: Work) -> float:
        """Seconds that so many messages take."""
        asked = {
            "url": url,
            "key": KEY,
            "messages": work.messages,
            "concurrency": work.concurrency,
            "text": work.text,
        }
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}/mailing",
            json.dumps(asked).encode(),
            {"content-type": "application/json"},
        )
        begun = time.perf_counter()
        urllib.request.urlopen(request, timeout=300).read()
        return time.perf_counter() - begun

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
