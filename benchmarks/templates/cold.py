"""What is paid once: compiling a template nobody has seen, importing the package, the first rendering."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from tempfile import TemporaryDirectory
from time import thread_time
from typing import Any

import aktmpl
from benchmarks.templates.work import CONDITION, DOCUMENT, LONG, SCOPE, SHORT

TARGETS = {
    "compile b": 0.002,
    "compile c": 0.005,
    "compile a channel of 200 leaves": 0.1,
    "import aktmpl": 0.03,
    "first text": 0.15,
    "first JSON document": 0.15,
    "first expression": 0.15,
}
"""Most seconds; those of the last four beyond a start of the interpreter."""

_PROGRAMS = {
    "import aktmpl": "import aktmpl",
    "first text": f"import aktmpl; aktmpl.compile_text({SHORT!r}).render({SCOPE!r})",
    "first JSON document": f"import aktmpl; aktmpl.compile_document([{SHORT!r}]).render_json({SCOPE!r})",
    "first expression": f"import aktmpl; aktmpl.compile_query({CONDITION!r}).evaluate({SCOPE!r})",
}


def channel() -> dict[str, Any]:
    """A channel's templates: 200 leaves, half of them texts with references, a few with expressions."""
    leaves: dict[str, Any] = {}
    for number in range(50):
        leaves[f"plain {number}"] = f"constant {number}"
        leaves[f"path {number}"] = "$profile.phone"
        leaves[f"text {number}"] = f"{number}: $profile.name, order $in.order.id of $in.order.date"
        leaves[f"more {number}"] = (
            f"${{in.order.carrier ?? 'post'}} {number}" if number < 10 else f"no {number}"
        )
    return leaves


def compile_times(rounds: int) -> dict[str, float]:
    """Seconds to parse, check and compile, and to render once; nothing is in any cache."""
    work: dict[str, Callable[[aktmpl.Environment], Any]] = {
        "compile b": lambda environment: environment.compile_text(LONG).render(SCOPE),
        "compile c": lambda environment: environment.compile_document(DOCUMENT).render_json(SCOPE),
        "compile a channel of 200 leaves": lambda environment: [
            environment.compile_text(each).render(SCOPE) for each in channel().values()
        ],
    }
    aktmpl.compile_query(CONDITION).evaluate(SCOPE)  # the parser's tables are not what is measured here
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            environment = aktmpl.Environment(cache_size=0)
            start = thread_time()
            run(environment)
            times[name].append(thread_time() - start)
    return {name: median(own) for name, own in times.items()}


def process_times(rounds: int) -> dict[str, float]:
    """Seconds of a fresh process beyond those of an interpreter that does nothing."""
    programs = {"nothing": "pass", **_PROGRAMS}
    times: dict[str, list[float]] = {name: [] for name in programs}
    with TemporaryDirectory() as folder:  # compiled modules are there, as they are of an installed package
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        for turn in range(rounds + 1):
            for name, program in programs.items():
                seconds = _seconds([sys.executable, "-c", program], environment)
                if turn:
                    times[name].append(seconds)
    base = median(times.pop("nothing"))
    return {name: median(own) - base for name, own in times.items()}


def _seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Processor time of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
