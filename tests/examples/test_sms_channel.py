"""The SMS example's pipeline, run against the demo gateway."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from akrun.demo.gateway import Gateway, running_gateway
from akrun.engine.compile import compile_channel
from akrun.engine.event import Event, Services
from akrun.engine.run import Result, run
from akrun.model import load_channel_file, load_mailing_file, read_audience
from akrun.model.audience_row import AudienceRow
from akrun.net.client import HttpClient
from tests.akrun.http_server import loopback_client

SMS = Path(__file__).parents[2] / "examples" / "sms"
BODY = "This week's bread is rye with walnuts. $5 off on Friday."


class Sending:
    """The compiled channel with the mailing's values, sending to a gateway."""

    def __init__(self, gateway: Gateway, client: HttpClient, **changes: Any) -> None:
        self.gateway = gateway
        channel, located = load_channel_file(SMS / "channel.json")
        mailing, _ = load_mailing_file(SMS / "mailing.json", channel)
        values = mailing.values()
        values["sender"] |= {"url": gateway.messages_url}
        for name, value in changes.items():
            values[name] |= value
        self.pipeline = compile_channel(channel, located).pipeline("message", values)
        self.services = Services(http=client, log=lambda _: None)

    async def send(self, message_id: str, phone: str, **profile: Any) -> Result:
        """Send one message."""
        roots = {"profile": profile, "subscription": {"phone": phone}}
        return await run(self.pipeline, Event({"send_message_id": message_id}, self.services, roots=roots))

    def got(self) -> list[dict[str, Any]]:
        """The messages that the gateway settled."""
        return [entry.to_dict()["message"] for entry in self.gateway.ledger.entries()]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running_gateway() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with loopback_client() as opened:
        yield opened


async def test_an_accepted_message_registers_send(gateway: Gateway, client: HttpClient) -> None:
    sending = Sending(gateway, client)
    result = await sending.send("m-1", "+33639980001", first_name="Zoë")
    assert (result.state, result.error) == ("done", None)
    assert [(event.event_type, event.action_type, event.reason) for event in result.effects] == [
        ("send", 1, None)
    ]
    assert sending.got() == [
        {
            "id": "m-1",
            "to": "+33639980001",
            "from": "Bakery",
            "text": f"Good morning, Zoë! {BODY}",
            "category": "news",
            "attachments": [
                {"url": "https://bakery.example.com/menu", "title": "Menu of the week"},
                {"url": "https://bakery.example.com/unsubscribe", "title": "Unsubscribe"},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("95", "subscriber is out of reach"),
        ("96", "unknown subscriber"),
        ("97", "to: the number is barred"),
    ],
)
async def test_what_cannot_be_delivered_registers_undeliv_with_the_gateways_reason(
    gateway: Gateway,
    client: HttpClient,
    ending: str,
    reason: str,
) -> None:
    result = await Sending(gateway, client).send("m-1", f"+336399800{ending}", first_name="Zoë")
    assert result.state == "done"
    assert [(event.event_type, event.action_type, event.reason) for event in result.effects] == [
        ("undeliv", 2, reason)
    ]


@pytest.mark.parametrize(("ending", "status"), [("98", 500), ("99", 429)])
async def test_a_gateway_that_fails_or_throttles_fails_the_message(
    gateway: Gateway,
    client: HttpClient,
    ending: str,
    status: int,
) -> None:
    result = await Sending(gateway, client).send("m-1", f"+336399800{ending}", first_name="Zoë")
    assert (result.state, result.effects) == ("failed", [])
    assert result.error is not None
    assert (result.error["status"], result.error["pipe"]) == (status, 3)


async def test_a_wrong_key_fails_the_message_and_stays_out_of_its_error(
    gateway: Gateway,
    client: HttpClient,
) -> None:
    sending = Sending(gateway, client, sender={"api_key": "wrong-key-1"})
    result = await sending.send("m-1", "+33639980001", first_name="Zoë")
    assert result.error is not None
    assert result.error["status"] == 401
    assert "wrong-key-1" not in str(result.error)


async def test_a_profile_without_a_name_gets_the_impersonal_text(
    gateway: Gateway,
    client: HttpClient,
) -> None:
    sending = Sending(gateway, client)
    result = await sending.send("m-1", "+33639980001", last_name="Smith")
    assert result.state == "done"
    assert sending.got()[0]["text"] == f"Good morning from the bakery! {BODY}"


async def test_category_and_attachments_may_be_absent(gateway: Gateway, client: HttpClient) -> None:
    sending = Sending(gateway, client, campaign={"category": None}, template={"attachments": []})
    await sending.send("m-1", "+33639980001", first_name="Zoë")
    assert "category" not in sending.got()[0]
    assert sending.got()[0]["attachments"] == []


async def test_names_of_the_audience_arrive_as_they_are(gateway: Gateway, client: HttpClient) -> None:
    sending = Sending(gateway, client)
    channel, _ = load_channel_file(SMS / "channel.json")
    rows = [row for row in read_audience(SMS / "audience.jsonl", channel) if isinstance(row, AudienceRow)]
    names = sorted({str(row.profile["first_name"]) for row in rows if "first_name" in row.profile})
    for index, name in enumerate(names):
        await sending.send(f"m-{index}", "+33639980001", first_name=name)
    assert [message["text"] for message in sending.got()] == [
        f"Good morning, {name}! {BODY}" for name in names
    ]
