"""`akrun migrate`: from the embedded database to a cluster."""

from typing import TYPE_CHECKING

import click

from akrun.backend.chosen import cluster_options, database
from akrun.backend.errors import NotFoundError
from akrun.cli.database import NoDataError
from akrun.cli.event_loop import run
from akrun.cli.options import SettingFlags, flags_option
from akrun.errors import AkrunError
from akrun.migrate.rows import Kind
from akrun.migrate.source import Source
from akrun.model.servers import servers_of
from akrun.model.settings import Settings, load_settings
from aktmpl.cli.example import example

if TYPE_CHECKING:
    from akrun.backend.cluster import ClusterOptions


class DifferenceError(AkrunError):
    """What was carried is not the same on both sides."""


@click.command(epilog=example("akrun migrate --data .akrun --to nats://127.0.0.1:4222"))
@click.option("--to", metavar="URL", required=True, help="Servers of the cluster: nats://host:4222.")
@click.option("--dry-run", is_flag=True, help="Count only, and see whether the cluster can be carried to.")
@flags_option
def migrate(to: str, flags: SettingFlags, *, dry_run: bool) -> None:
    """Carry everything from the database of the data directory over to a cluster.

    Channels, mailings, launches with their messages, jobs and schedules, store values, control runs, events,
    dead letters, traces and idempotency keys. Nothing may be running on the database or on the cluster,
    which must be empty. A migration that was interrupted goes on where it was when it is called again. In
    the end both sides are counted and compared.
    """
    if "backend" in flags.given:
        raise click.UsageError("--to names the servers, and the database of --data is what is carried")
    settings = load_settings(flags.config, {**flags.given, "backend": to})
    if not servers_of(to):
        raise click.UsageError(f"--to {to}: name the servers of a cluster: nats://host:4222")
    path = database(settings.data)
    if not path.exists():
        raise NoDataError(f"there is nothing to carry: there is no {path} (--data names another directory)")
    options = cluster_options(settings, create=not dry_run)
    run(_count(settings, options) if dry_run else _carry(settings, options))


def _source(settings: Settings) -> Source:
    return Source(database(settings.data), durability=settings.durability, max_attempts=settings.max_attempts)


async def _carry(settings: Settings, options: "ClusterOptions") -> None:
    from akrun.migrate.carry import carry  # noqa: PLC0415 - needs what is an extra
    from akrun.migrate.target import Target  # noqa: PLC0415

    async with _source(settings) as source, Target(options) as target:
        carried = await carry(source, target, _tell)
    if carried.before:
        click.echo("nothing to do: an earlier call has carried everything")
        return
    if carried.differences:
        raise DifferenceError("both sides are not the same:\n  " + "\n  ".join(carried.differences))
    click.echo(
        f"all is there, on both sides the same. From now on: --backend {settings.backend}; and put "
        f"{database(settings.data)} aside, so that nobody sends from it again"
    )


async def _count(settings: Settings, options: "ClusterOptions") -> None:
    from akrun.migrate.target import Target  # noqa: PLC0415 - needs what is an extra

    async with _source(settings) as source:
        contents = await source.contents()
        fingerprint = await source.fingerprint()
    target = Target(options)
    try:
        await target.open()
    except NotFoundError:
        stands = "the cluster is empty"
    else:
        try:
            marker = await target.look(fingerprint)
        finally:
            await target.close()
        if marker is None:
            stands = "the cluster is empty"
        elif marker.ended is None:
            stands = f"an earlier call has carried {sum(marker.carried.values()):,} of these"
        else:
            stands = "an earlier call has carried everything"
    for kind, count in contents.rows.items():
        _tell(kind, count)
    click.echo(f"nothing was carried; {stands}")


def _tell(kind: Kind, count: int) -> None:
    click.echo(f"{kind:<18}{count:>12,}")
