"""Channels: files and registered ones, faults with frames, secrets of listeners."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import ChannelRecord, Embedded
from akrun.doctor.checks import channels
from akrun.doctor.finding import Level
from tests.akrun.doctor.scene import look, scope_of, told
from tests.akrun.server.scene import direct_channel


def write(folder: Path, channel: dict[str, Any], name: str = "chat.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(channel, indent=2))
    return file


async def register(path: Path, channel: dict[str, Any]) -> None:
    path.parent.mkdir(0o700, exist_ok=True)
    document = json.dumps(channel).encode()
    async with Embedded(path) as backend:
        await backend.register_channel(
            ChannelRecord(channel["id"], channel["string_id"], channel["name"], document, "0" * 64)
        )


def test_none_to_look_at(tmp_path: Path) -> None:
    [found] = look(channels.check, scope_of(tmp_path))
    assert (found.level, found.message) == (Level.OK, "none to look at")


def test_one_that_compiles(tmp_path: Path) -> None:
    file = write(tmp_path, direct_channel())
    assert told(look(channels.check, scope_of(tmp_path, files=(file,)))) == [f"{file}: `chat` compiles"]


def test_faults_have_their_frames(tmp_path: Path) -> None:
    broken = direct_channel(comunication="direct")
    twisted = direct_channel()
    twisted["pipelines"]["listener"][1]["params"]["event"]["send_message_id"] = "$im.data.id"
    files = (write(tmp_path, broken, "a.json"), write(tmp_path, twisted, "b.json"), tmp_path / "none.json")
    found = look(channels.check, scope_of(tmp_path, files=files))
    assert {each.level for each in found} == {Level.FAIL}
    key, template, none = found
    assert (key.subject, key.cure) == (f"{files[0]}:56:3", "did you mean `communication`?")
    assert template.message.startswith("E201 unknown root `im`")
    assert "^^" in template.message
    assert "in, origin, profile" in template.cure
    assert "there is no such file" in none.message


def test_a_registered_one_is_looked_at_unless_its_file_is(tmp_path: Path) -> None:
    channel = direct_channel()
    asyncio.run(register(tmp_path / "data" / "akrun.db", channel))
    assert told(look(channels.check, scope_of(tmp_path))) == ["chat: `chat` compiles"]
    file = write(tmp_path, channel)
    assert told(look(channels.check, scope_of(tmp_path, files=(file,)))) == [f"{file}: `chat` compiles"]


def test_secrets_of_the_listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAT_SECRET", raising=False)
    listener = {
        "secret_header": {"name": "X-Secret", "value": "env:CHAT_SECRET"},
        "signature": {"header": "X-Signature", "secret": "file:chat.key"},
    }
    file = write(tmp_path, direct_channel(listener=listener))
    scope = scope_of(tmp_path, files=(file,))
    assert told(look(channels.check, scope), Level.FAIL) == [
        f"{file}, listener.secret_header: the environment variable `CHAT_SECRET` is not set",
        f"{file}, listener.signature: the file `chat.key` cannot be read: No such file or directory",
    ]
    monkeypatch.setenv("CHAT_SECRET", "hunter22")
    key = tmp_path / "chat.key"
    key.write_text("hunter22")
    key.chmod(0o644)
    found = look(channels.check, scope)
    assert told(found, Level.WARN) == [f"{key}: others can read this secret"]
    assert told(found, Level.FAIL) == []
    assert "hunter22" not in str(found)


def test_a_secret_in_the_channel_is_in_no_frame(tmp_path: Path) -> None:
    listener = {"signature": {"header": "X", "secret": "hunter22"}, "method": ["POST"]}
    file = tmp_path / "chat.json"
    file.write_text(json.dumps(direct_channel(listener=listener)))
    found = look(channels.check, scope_of(tmp_path, files=(file,)))
    assert [each.level for each in found] == [Level.FAIL]
    assert "hunter22" not in str(found)
