"""A channel as it is registered, read again."""

from pydantic import ValidationError

from akrun.backend import ChannelRecord
from akrun.errors import FileFaults
from akrun.model.channel import Channel
from akrun.model.explain import faults_of
from akrun.model.located import LocatedDocument, parse_located


def registered_channel(record: ChannelRecord) -> tuple[Channel, LocatedDocument]:
    """The channel and its file; frames name it by its string id.

    Raises:
        FileFaults: An older version took what this one refuses.
    """
    text = record.document.decode()
    located, faults = parse_located(text, record.string_id, is_json=text.lstrip().startswith("{"))
    if faults:
        raise FileFaults(faults)
    try:
        return Channel.model_validate(located.value), located
    except ValidationError as error:
        raise FileFaults(faults_of(error, located, "C2")) from error
