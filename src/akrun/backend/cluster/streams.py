"""The streams that akrun keeps on the servers: made when they are not there, else compared."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError
from nats.js.errors import NotFoundError as NoStreamError

from akrun.backend.cluster.connection import ClusterOptions, translate
from akrun.backend.cluster.outlast import outlasted
from akrun.backend.errors import BackendError, NotFoundError, RecordError

OLDEST_SERVER: Final = (2, 12, 0)
"""Has atomic batches, times to live for each message, and scheduled messages."""

DEDUPE_WINDOW: Final = 120.0
"""Seconds for which the servers know a message's id again."""

_PREFIX: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_NAME_IN_USE: Final = 10_058


def stream_name(prefix: str) -> str:
    """The stream of all transactions."""
    return prefix.upper()


def store_bucket(prefix: str) -> str:
    """The bucket of values with a time to live."""
    return f"{prefix}_store"


def registry_bucket(prefix: str) -> str:
    """The bucket of channels, connectors and mailings."""
    return f"{prefix}_registry"


def bucket_stream(bucket: str) -> str:
    """The stream that a bucket is, as key-value buckets are laid out."""
    return f"KV_{bucket}"


def bucket_subject(bucket: str) -> str:
    """What a bucket's subjects begin with."""
    return f"$KV.{bucket}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something of a stream that is not as akrun needs it.

    Attributes:
        stream: its name.
        setting: what differs, as the servers call it.
        found, wanted: its two values.
    """

    stream: str
    setting: str
    found: Any
    wanted: Any

    def __str__(self) -> str:
        return f"{self.stream}: {self.message}"

    @property
    def message(self) -> str:
        """What differs."""
        return f"{self.setting} is {_shown(self.found)}, not {_shown(self.wanted)}"

    @property
    def cure(self) -> str:
        """How to mend it."""
        if self.setting == "num_replicas":
            return f"set nats_replicas = {self.found}, or `nats stream edit STREAM --replicas {self.wanted}`"
        return "correct it by `nats stream edit`, or set another nats_prefix if another program made it"


def wanted(options: ClusterOptions) -> list[StreamConfig]:
    """The streams, as they are made.

    Raises:
        RecordError: the prefix cannot be part of a stream's name.
    """
    prefix = options.prefix
    if _PREFIX.fullmatch(prefix) is None:
        raise RecordError(
            f"{prefix[:40]!r} cannot be a prefix", cure="use a-z, 0-9, - and _, at most 32 of them"
        )
    common: dict[str, Any] = {
        "max_msgs_per_subject": 1,
        "storage": StorageType.FILE,
        "num_replicas": options.replicas,
        "duplicate_window": DEDUPE_WINDOW,
        "allow_direct": True,
        "allow_msg_ttl": True,
    }
    transactions = StreamConfig(
        name=stream_name(prefix),
        description="akrun: messages, jobs, launches, events",
        subjects=[f"{prefix}.>"],
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.OLD,
        allow_atomic=True,
        allow_msg_schedules=True,
        **common,
    )
    values = _bucket(store_bucket(prefix), "values of the pipes", common)
    common["allow_atomic"] = True
    registry = _bucket(registry_bucket(prefix), "channels, connectors and mailings", common)
    return [transactions, values, registry]


def _bucket(name: str, what: str, common: Mapping[str, Any]) -> StreamConfig:
    return StreamConfig(
        name=bucket_stream(name),
        description=f"akrun: {what}",
        subjects=[f"{bucket_subject(name)}.>"],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        allow_rollup_hdrs=True,
        deny_delete=True,
        **common,
    )


def differences(found: StreamConfig, needed: StreamConfig) -> Iterator[Difference]:
    """What is not as akrun needs it; what akrun says nothing about may be anything."""
    assert needed.name is not None
    for setting, value in vars(needed).items():
        if value is None or setting == "description" or value == getattr(StreamConfig, setting, None):
            continue
        has = getattr(found, setting)
        if has != value:
            yield Difference(needed.name, setting, has, value)


async def ensure(js: JetStreamContext, options: ClusterOptions) -> list[StreamInfo]:
    """Make what is not there, and compare what is.

    Raises:
        NotFoundError: a stream is not there, and the options do not let it be made.
        BackendError: a stream is not as akrun needs it; says everything that differs, and how to mend it.
        UnavailableError: the servers are too few for the replicas, or do not answer.
    """
    infos = [await _found_or_made(js, config, options) for config in wanted(options)]
    found = [
        difference
        for info, config in zip(infos, wanted(options), strict=True)
        for difference in differences(info.config, config)
    ]
    if found:
        cures = dict.fromkeys(difference.cure for difference in found)
        raise BackendError("; ".join(map(str, found)), cure="; ".join(cures))
    return infos


async def look(js: JetStreamContext, options: ClusterOptions) -> list[StreamInfo | None]:
    """The streams in the order of `wanted`, None where one is not there; nothing is made."""
    return [await _found(js, str(config.name), options) for config in wanted(options)]


def require_version(client: Client) -> None:
    """Refuse a server that lacks what akrun builds on.

    Raises:
        BackendError: it is too old.
    """
    version = client.connected_server_version
    if (version.major, version.minor, version.patch) < OLDEST_SERVER:
        oldest = ".".join(map(str, OLDEST_SERVER[:2]))
        raise BackendError(f"the server's version is {version_text(client)}", cure=f"use {oldest} or newer")


def version_text(client: Client) -> str:
    """The connected server's version: `2.12.1`."""
    version = client.connected_server_version
    return f"{version.major}.{version.minor}.{version.patch}"


async def _found(js: JetStreamContext, name: str, options: ClusterOptions) -> StreamInfo | None:
    try:
        return await js.stream_info(name)
    except NoStreamError:
        return None
    except Exception as error:
        raise translate(error, options) from error


async def _found_or_made(js: JetStreamContext, config: StreamConfig, options: ClusterOptions) -> StreamInfo:
    name = str(config.name)
    while True:
        info = await outlasted(lambda: js.stream_info(name), options)
        if info is None and not options.create:
            message = f"{options.place}: nothing was stored yet: there is no stream {name}"
            cure = "`akrun serve` and `akrun send` make it; nats_prefix names another"
            raise NotFoundError(message, cure=cure)
        info = info or await outlasted(partial(_made, js, config), options)
        if info is not None:
            return info


async def _made(js: JetStreamContext, config: StreamConfig) -> StreamInfo | None:
    """The stream as it was made; None when another process was first."""
    try:
        return await js.add_stream(config)
    except APIError as error:
        if error.err_code == _NAME_IN_USE:
            return None
        raise


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "not set" if value is None else str(getattr(value, "value", value)).lower()
