"""`akrun entity`: one operation on an entity of a channel."""

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from akrun.backend.memory import MemoryStore
from akrun.cli.database import make_directory, writing
from akrun.cli.log_file import log_file
from akrun.cli.options import LOG, parse_set, settings_option
from akrun.cli.text import plain
from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.operation import OperationError, OperationResult, find_operation, run_operation
from akrun.engine.result_mask import masked_result
from akrun.errors import AkrunError, FileFaults
from akrun.exact_json import decode, to_json
from akrun.model import Channel, load_channel_file, load_mailing_file, load_values
from akrun.model.entities import Entity
from akrun.model.fields import data_fields
from akrun.model.settings import Settings
from akrun.model.values import part
from akrun.services import opened_services, pipe_defaults
from aktmpl.cli.example import example

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _parse_inputs(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, Any]:
    """`key=text` and `key:=json` as an object; dots in a key lead into objects."""
    inputs: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        is_json = key.endswith(":")
        steps = key.removesuffix(":").split(".")
        if not equals or not all(steps):
            raise click.BadParameter(f"{pair[:80]!r} is not of the form key=text or key:=json")
        target = inputs
        for step in steps[:-1]:
            target = target.setdefault(step, {})
            if not isinstance(target, dict):
                raise click.BadParameter(f"{key} lies inside a value that is given as well")
        try:
            target[steps[-1]] = decode(text.encode()) if is_json else text
        except orjson.JSONDecodeError as error:
            raise click.BadParameter(f"the value of {key.removesuffix(':')} is no JSON: {error}") from error
    return inputs


@click.command(
    epilog=example(
        "akrun entity examples/crm/channel.json category create name=News --set sender.key=env:CRM_KEY"
    )
)
@click.argument("channel", type=_FILE)
@click.argument("entity")
@click.argument("operation")
@click.argument("inputs", nargs=-1, callback=_parse_inputs, metavar="[KEY=TEXT | KEY:=JSON]...")
@click.option("--mailing", type=_FILE, help="A mailing of the channel, for its values.")
@click.option(
    "--set",
    "given",
    multiple=True,
    callback=parse_set,
    metavar="PATH=TEXT",
    help="A value instead of the mailing's: sender.url=https://…, or campaign.size:=3 for JSON.",
)
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print the result, or the error, as JSON.")
def entity(  # noqa: PLR0913, PLR0917 - one parameter per argument and option
    channel: Path,
    entity: str,
    operation: str,
    inputs: dict[str, Any],
    mailing: Path | None,
    given: dict[str, Any],
    settings: Settings,
    *,
    as_json: bool,
) -> None:
    """Run OPERATION (create, delete, list, get or update) on ENTITY of CHANNEL and print its result.

    KEY names an input field of the operation. Secrets may be references: sender.key=env:NAME or file:PATH.
    """
    compiled, constants = _read(channel, mailing, given, settings)
    found, _ = find_operation(compiled.channel, entity, operation)
    make_directory(settings.data)
    try:
        result = asyncio.run(_run(compiled, (entity, operation), inputs, constants, settings))
    except OperationError as error:
        if as_json:
            click.echo(to_json(error.to_dict()))
            raise SystemExit(1) from error
        raise AkrunError(_words(error)) from error
    result = masked_result(found, result)
    if as_json:
        click.echo(to_json(result))
    else:
        _print(found, result)


def _read(
    channel_file: Path, mailing_file: Path | None, given: Mapping[str, Any], settings: Settings
) -> tuple[CompiledChannel, dict[str, Any]]:
    """The channel, and the constant roots of its templates; every fault of both at once."""
    channel, located = load_channel_file(channel_file)
    faults: list[Any] = []
    compiled: CompiledChannel | None = None
    constants: dict[str, Any] = {}
    try:
        compiled = compile_channel(channel, located, pipe_defaults(settings))
    except FileFaults as found:
        faults.extend(found.faults)
    try:
        constants = _constants(channel, mailing_file, given)
    except FileFaults as found:
        faults.extend(found.faults)
    if compiled is None or faults:
        raise FileFaults(faults)
    return compiled, constants


def _constants(channel: Channel, mailing_file: Path | None, given: Mapping[str, Any]) -> dict[str, Any]:
    about = {"id": channel.id, "string_id": channel.string_id, "name": channel.name}
    if mailing_file is None:
        return {**load_values(channel, given), "channel": about}
    mailing, _ = load_mailing_file(mailing_file, channel, given)
    return {**mailing.values(), "camp_schedule": mailing.schedule.to_scope(), "channel": about}


async def _run(
    compiled: CompiledChannel,
    named: tuple[str, str],
    inputs: Mapping[str, Any],
    constants: Mapping[str, Any],
    settings: Settings,
) -> OperationResult:
    # Only an operation that keeps something asks for the database, which one process at a time can have.
    store = writing(settings) if _uses_store(compiled, named) else nullcontext(MemoryStore())
    with log_file(settings.data / LOG) as log:
        async with opened_services(settings, log, compiled.masker(constants)) as services, store as kept:
            return await run_operation(compiled, *named, inputs, constants, services.keeping(kept))


def _uses_store(compiled: CompiledChannel, named: tuple[str, str]) -> bool:
    steps = compiled.operations[named].steps.values()
    return any(step.type in ("store_set", "store_get") for step in steps)


def _words(error: OperationError) -> str:
    lines = [str(error)]
    if error.error["kind"] == "input" and any(fault.rule == "type" for fault in error.faults):
        lines.append("numbers, true, false, lists and objects are given as key:=json")
    return "\n".join(lines)


def _print(entity: Entity, result: OperationResult) -> None:
    """A table with a row for each object; its columns are the fields that one of them has, in order."""
    items = [item for item in ([result] if isinstance(result, dict) else result) if item]
    if not items:
        click.echo(f"{entity.name}: nothing")
        return
    columns = {field.name: tuple(field.name.split(".")) for field in data_fields(entity.fields)}
    used = {
        name: path for name, path in columns.items() if any(part(item, path) is not None for item in items)
    }
    table = Table(*used)
    for item in items:
        table.add_row(*(plain(_text(part(item, path))) for path in used.values()))
    Console().print(table)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value, indent=None)
