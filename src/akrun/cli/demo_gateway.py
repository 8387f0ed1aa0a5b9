"""`akrun demo-gateway`: an SMS gateway on this machine to try channels against."""

from pathlib import Path

import click

from akrun.demo import gateway
from akrun.demo.callbacks import CALLBACK_KEY
from aktmpl.cli.example import example


@click.command("demo-gateway", epilog=example("akrun demo-gateway --port 8099"))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0: a free port.")
@click.option("--api-key", default=gateway.DEMO_KEY, show_default=True, help="What X-Api-Key must hold.")
@click.option(
    "--callback-key", default=CALLBACK_KEY, show_default=True, help="Signs the callbacks, in X-Signature."
)
@click.option(
    "--latency",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 60),
    help="Seconds before each message is answered.",
)
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to append settled messages to, as JSON lines.",
)
def demo_gateway(  # noqa: PLR0913, PLR0917 - one parameter per option
    host: str, port: int, api_key: str, callback_key: str, latency: float, log: Path | None
) -> None:
    """Run a small SMS gateway that validates messages and answers by the last digits of the number.

    The first line printed is the address to post messages to. Numbers that end in 95 and 96 are
    undeliverable, 97 is rejected, 98 makes the gateway fail, 99 is throttled; others are accepted.
    What becomes of accepted ones is reported by signed callbacks to their callback_url, or when asked at
    /v1/messages/ID. GET /v1/messages lists what was settled, GET /v1/stats counts. Beside it is a notice
    board, at /v1/reviews and /v1/posts. Ctrl-C ends it.
    """
    try:
        gateway.serve(host, port, api_key=api_key, callback_key=callback_key, latency=latency, log=log)
    except OSError as error:
        raise click.ClickException(str(error)) from error
