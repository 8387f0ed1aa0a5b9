"""The engines that are compared, each with the features that it has for the work.

An engine makes a function of a piece of work, or None where it lacks the feature. Those that are not
installed are left out.
"""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import orjson

import aktmpl
from benchmarks.templates import rewrite
from benchmarks.templates.hand_written import PYTHON_CONDITION, leaf_source, subscripts, text_of
from benchmarks.templates.work import MIXED, Work

Run = Callable[[], Any]

_C_LIKE = PYTHON_CONDITION.replace(" and ", " && ").replace(" or ", " || ")


def ours(work: Work) -> Run:
    """Aktmpl itself."""
    environment = aktmpl.Environment(cache_size=0)
    scope = {root: value for root, value in work.scope.items() if root not in work.known}
    known = {root: work.scope[root] for root in work.known}
    if work.kind == "condition":
        run: Any = environment.compile_query(work.template).evaluate
    elif work.kind == "document":
        template = environment.compile_document(work.template)
        run = (template.specialize(known) if known else template).render_json
    else:
        run = environment.compile_text(work.template).render
    return lambda: run(scope)


def jinja2(work: Work) -> Run | None:
    """Jinja2, without auto-escaping; JSON by a filter that calls orjson."""
    engine = import_module("jinja2")
    finalize = text_of if work.scope is MIXED else None
    environment = engine.Environment(undefined=engine.StrictUndefined, autoescape=False, finalize=finalize)
    environment.filters["json"] = lambda value: orjson.dumps(value).decode()
    scope = rewrite.scope_of(work.scope)
    if work.kind == "condition":
        condition = environment.compile_expression(PYTHON_CONDITION, undefined_to_none=False)
        return lambda: condition(**scope)
    if work.kind == "value":
        value = environment.compile_expression(rewrite.path(work.template), undefined_to_none=False)
        return lambda: value(**scope)
    template = environment.from_string(jinja_source(work))
    return lambda: template.render(**scope)


def minijinja(work: Work) -> Run | None:
    """minijinja; JSON by its own filter. It has no compiled expressions: a condition is a text with `if`."""
    engine = import_module("minijinja")
    environment = engine.Environment(undefined_behavior="strict", auto_escape_callback=lambda _: None)
    if work.scope is MIXED:
        environment.finalizer = text_of
    scope = rewrite.scope_of(work.scope)
    sources = {
        "condition": f"{{% if {PYTHON_CONDITION} %}}yes{{% endif %}}",
        "value": f"{{{{ {rewrite.path(str(work.template))} }}}}",
    }
    environment.add_template("t", sources.get(work.kind) or jinja_source(work).replace("| json", "| tojson"))
    if work.kind == "condition":
        return lambda: environment.render_template("t", **scope) == "yes"
    return lambda: environment.render_template("t", **scope)


def jinja_source(work: Work) -> str:
    """A text or document in the syntax of Jinja2 and its relatives."""
    if work.kind == "text":
        return rewrite.text(work.template, lambda path: f"{{{{ {path} }}}}")
    return rewrite.document(
        work.template,
        lambda leaf: f"{{{{ ({rewrite.joined(leaf, ' ~ ')}) | json }}}}",
        lambda path, body: (
            f"[{{% for item in {path} %}}{body}{{% if not loop.last %}}, {{% endif %}}{{% endfor %}}]"
        ),
    )


def mako(work: Work) -> Run | None:
    """Mako, whose expressions are Python: over subscripts, as its own data would be."""
    if work.kind not in ("text", "document"):
        return None
    engine = import_module("mako.template")
    scope = {"s": rewrite.scope_of(work.scope), "dumps": orjson.dumps}
    if work.kind == "text":
        source = rewrite.text(work.template, lambda path: f"${{{subscripts(path)}}}")
    else:
        source = rewrite.document(
            work.template,
            lambda leaf: f"${{dumps({leaf_source(leaf)}).decode()}}",
            lambda path, body: (
                f"[\n% for item in {subscripts(path)}:\n{body}\n% if not loop.last:\n,\n% endif\n% endfor\n]"
            ),
        )
    filters = ["text_of"] if work.scope is MIXED else ["str"]
    imports = ["from benchmarks.templates.hand_written import text_of"]
    template = engine.Template(source, default_filters=filters, imports=imports)
    return lambda: template.render(**scope)


def python_liquid(work: Work) -> Run | None:
    """python-liquid; in JSON it inserts values without a look at them."""
    if work.kind == "condition":
        return None
    engine = import_module("liquid")
    scope = rewrite.scope_of(work.scope)
    insert = "{{{{ {} }}}}".format
    if work.kind in ("text", "value"):
        source = rewrite.text(str(work.template).replace("$#", "$"), insert)
    else:
        source = rewrite.document(
            work.template,
            lambda leaf: (
                insert(rewrite.path(leaf)) if leaf.startswith("$#") else f'"{rewrite.text(leaf, insert)}"'
            ),
            lambda path, body: (
                f"[{{% for item in {path} %}}{body}"
                "{% unless forloop.last %}, {% endunless %}{% endfor %}]"
            ),
        )
    template = engine.Environment(undefined=engine.StrictUndefined).from_string(source)
    return lambda: template.render(**scope)


def str_format(work: Work) -> Run | None:
    """`str.format`."""
    if work.kind != "text":
        return None
    scope = rewrite.scope_of(work.scope)
    render = rewrite.text(
        work.template, lambda path: "{" + path.replace(".", "[", 1).replace(".", "][") + "]}"
    ).format
    return lambda: render(**scope)


def cel_cpp(work: Work) -> Run | None:
    """CEL by its C++ runtime."""
    cel = import_module("cel_expr_python.cel")
    if work.kind == "document":
        return None
    expressions = {"condition": _C_LIKE, "value": rewrite.path(str(work.template))}
    source = expressions.get(work.kind) or rewrite.joined(work.template, " + ")
    scope = rewrite.scope_of(work.scope)
    environment = cel.NewEnv(variables=dict.fromkeys(scope, cel.Type.DYN))
    expression = environment.compile(source)
    return lambda: expression.eval(data=scope).plain_value()


def cel_python(work: Work) -> Run | None:
    """CEL in Python."""
    celpy = import_module("celpy")
    if work.kind not in ("condition", "value"):
        return None
    environment = celpy.Environment()
    source = _C_LIKE if work.kind == "condition" else rewrite.path(work.template)
    program = environment.program(environment.compile(source))
    scope = rewrite.scope_of(work.scope)
    return lambda: _plain(program.evaluate({root: celpy.json_to_cel(value) for root, value in scope.items()}))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else bool(value)


def simpleeval(work: Work) -> Run | None:
    """Simpleeval with the expression parsed beforehand."""
    engine = import_module("simpleeval")
    if work.kind not in ("condition", "value"):
        return None
    evaluator = engine.EvalWithCompoundTypes(names=rewrite.scope_of(work.scope))
    source = PYTHON_CONDITION if work.kind == "condition" else rewrite.path(work.template)
    parsed = evaluator.parse(source)
    return lambda: evaluator.eval(source, previously_parsed=parsed)


def rule_engine(work: Work) -> Run | None:
    """rule-engine."""
    engine = import_module("rule_engine")
    if work.kind not in ("condition", "value"):
        return None
    rule = engine.Rule(PYTHON_CONDITION if work.kind == "condition" else rewrite.path(work.template))
    scope = rewrite.scope_of(work.scope)
    return lambda: rule.evaluate(scope)


def jsonata(work: Work) -> Run | None:
    """JSONata in Python."""
    engine = import_module("jsonata")
    source = jsonata_source(work)
    if source is None:
        return None
    expression = engine.Jsonata.jsonata(source)
    scope = rewrite.scope_of(work.scope)
    if work.kind == "document":
        return lambda: orjson.dumps(expression.evaluate(scope))
    return lambda: expression.evaluate(scope)


def jsonata_source(work: Work) -> str | None:
    """The work in JSONata, for its runtimes in Python and on Node."""
    if work.kind == "condition":
        return PYTHON_CONDITION.replace("==", "=")
    if work.kind == "text":
        return rewrite.joined(work.template, " & ")
    if work.kind == "value":
        return rewrite.path(work.template)
    return rewrite.document(
        work.template,
        lambda leaf: rewrite.joined(leaf, " & ").replace("item.", ""),
        lambda path, body: f"[{path}.({body})]",
    )


PEERS: dict[str, tuple[str, Callable[[Work], Run | None]]] = {
    "Jinja2": ("jinja2", jinja2),
    "minijinja": ("minijinja", minijinja),
    "Mako": ("mako", mako),
    "python-liquid": ("liquid", python_liquid),
    "str.format": ("string", str_format),
    "CEL (C++)": ("cel_expr_python", cel_cpp),
    "CEL (Python)": ("celpy", cel_python),
    "simpleeval": ("simpleeval", simpleeval),
    "rule-engine": ("rule_engine", rule_engine),
    "jsonata (Python)": ("jsonata", jsonata),
}
"""Every engine with the module that must be there."""


def same(left: Any, right: Any) -> bool:
    """Whether two results are the same: text and values as they are, JSON by its meaning."""
    if isinstance(right, bytes):
        return bool(json.loads(left) == json.loads(right))
    return bool(left == right)
