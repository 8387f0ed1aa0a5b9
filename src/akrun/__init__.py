"""The pipeline runtime of custom channels.

    >>> import akrun
    >>> compiled = akrun.load_channel("examples/sms/channel.json")
    >>> sorted(compiled.pipelines)
    ['listener', 'message', 'schedule']

What a program needs to run channels itself is exported here, and imported when it is first asked for. What
tests need is in `akrun.testkit`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from akrun import testkit
    from akrun.backend import Backend, Counts, Embedded
    from akrun.backend.errors import BackendError
    from akrun.engine.clock import Clock, SystemClock, VirtualClock
    from akrun.engine.compile import CompiledChannel, load_channel
    from akrun.engine.event import Event, Services
    from akrun.engine.log import LogRecord
    from akrun.engine.operation import run_operation
    from akrun.engine.run import DryRun, Result, dry_run, run
    from akrun.engine.trace import Trace
    from akrun.engine.trace_record import trace_to_dict
    from akrun.errors import AkrunError, Fault, FileFaults, PipeFailure
    from akrun.mailing.job import Job, JobError, read_job
    from akrun.mailing.launch import open_launch
    from akrun.mailing.run import End, MailingRun
    from akrun.model import load_values
    from akrun.model.settings import Settings, load_settings
    from akrun.net.client import HttpClient, Sender
    from akrun.net.failures import HttpFailure
    from akrun.net.guard import Guard
    from akrun.net.message import Request, Response
    from akrun.services import opened_services, pipe_defaults

_MODULES = {
    "backend": ("Backend", "Counts", "Embedded"),
    "backend.errors": ("BackendError",),
    "services": ("opened_services", "pipe_defaults"),
    "engine.clock": ("Clock", "SystemClock", "VirtualClock"),
    "engine.compile": ("CompiledChannel", "load_channel"),
    "engine.event": ("Event", "Services"),
    "engine.log": ("LogRecord",),
    "engine.operation": ("run_operation",),
    "engine.run": ("DryRun", "Result", "dry_run", "run"),
    "engine.trace": ("Trace",),
    "engine.trace_record": ("trace_to_dict",),
    "errors": ("AkrunError", "Fault", "FileFaults", "PipeFailure"),
    "mailing.job": ("Job", "JobError", "read_job"),
    "mailing.launch": ("open_launch",),
    "mailing.run": ("End", "MailingRun"),
    "model": ("load_values",),
    "model.settings": ("Settings", "load_settings"),
    "net.client": ("HttpClient", "Sender"),
    "net.failures": ("HttpFailure",),
    "net.guard": ("Guard",),
    "net.message": ("Request", "Response"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "testkit":
        return import_module("akrun.testkit")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"akrun.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "AkrunError",
    "Backend",
    "BackendError",
    "Clock",
    "CompiledChannel",
    "Counts",
    "DryRun",
    "Embedded",
    "End",
    "Event",
    "Fault",
    "FileFaults",
    "Guard",
    "HttpClient",
    "HttpFailure",
    "Job",
    "JobError",
    "LogRecord",
    "MailingRun",
    "PipeFailure",
    "Request",
    "Response",
    "Result",
    "Sender",
    "Services",
    "Settings",
    "SystemClock",
    "Trace",
    "VirtualClock",
    "dry_run",
    "load_channel",
    "load_settings",
    "load_values",
    "open_launch",
    "opened_services",
    "pipe_defaults",
    "read_job",
    "run",
    "run_operation",
    "testkit",
    "trace_to_dict",
]
