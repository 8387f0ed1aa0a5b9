"""The ids of a case's messages, which `!message` stands for."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from akrun.backend import ControlKind
from akrun.mailing.ids import control_id, launch_id, message_id
from akrun.mailing.job import Job
from akrun.testkit.bench import Bench
from akrun.testkit.format.cases import Case, CaseFile
from akrun.testkit.load import LoadedCase
from akrun.testkit.matchers import MESSAGE


def launch_of(job: Job) -> str:
    """The id of the launch of a case's mailing."""
    return launch_id(job.channel, job.mailing, 1)


def message_of(bench: Bench, case: LoadedCase, name: str | None = None) -> str | None:
    """The id of a message of the case; None where it has no mailing.

    Args:
        bench: the case's bench.
        case: the case.
        name: the id of the profile it is for; that of the case's first one when None. Of an indirect channel,
            `moderate` is the message that was handed in to moderation.
    """
    job = bench.job(case)
    if job is None:
        return None
    if name == ControlKind.MODERATE and job.channel.communication == "indirect":
        return message_id(control_id(job.channel, job.mailing, ControlKind.MODERATE, 1), "")
    return message_id(launch_of(job), next(_profiles(case.case), "") if name is None else name)


def with_messages(bench: Bench, case: LoadedCase) -> LoadedCase:
    """The case with ids in the place of `!message`.

    Raises:
        FileFaults: the case's mailing is at fault.
    """
    whole = bench.loaded.document.value
    raw, defaults = whole["cases"][case.index], whole.get("defaults", {})
    if not (_mentions(raw) or _mentions(defaults)):
        return case

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            if len(value) == 1 and MESSAGE in value:
                name = value[MESSAGE]
                return message_of(bench, case, None if name is None else str(name))
            return {key: put(each) for key, each in value.items()}
        return [put(each) for each in value] if isinstance(value, list) else value

    model = Case.model_validate(put(raw))
    shared = CaseFile.model_validate({"channel": "", "defaults": put(defaults), "cases": [put(raw)]}).defaults
    return replace(case, case=model, setup=model.over(shared))


def _mentions(value: Any) -> bool:
    if isinstance(value, dict):
        return MESSAGE in value or any(map(_mentions, value.values()))
    return isinstance(value, list) and any(map(_mentions, value))


def _profiles(case: Case) -> Iterator[str]:
    """The ids of the profiles that a case names."""
    for each in (case, *case.steps):
        if isinstance(each.profile, dict):
            yield str(each.profile.get("id", ""))
        elif each.profile is not None:
            yield str(each.profile)
        for row in each.profiles or ():
            yield str(row.profile.get("id", ""))
