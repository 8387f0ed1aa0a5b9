"""The data model of channels and mailings, and the files they are read from."""

from akrun.model.audience import read_audience, validate_audience
from akrun.model.audience_row import AudienceRow
from akrun.model.channel import Channel
from akrun.model.elements import DataField
from akrun.model.entities import Entity, Operation
from akrun.model.events import Event
from akrun.model.fields import Fields, Layout, data_fields
from akrun.model.listener import Listener
from akrun.model.load import load_channel_file, load_mailing, load_mailing_file, load_values
from akrun.model.located import LocatedDocument, parse_located, read_located
from akrun.model.mailing import Audience, Mailing, MailingState, Options, Schedule
from akrun.model.pipelines import PIPELINES, Pipeline, Pipelines
from akrun.model.pipes import ALIASES, Outs, PipeModel, Retry
from akrun.model.values import Form, ValueFault

__all__ = [
    "ALIASES",
    "PIPELINES",
    "Audience",
    "AudienceRow",
    "Channel",
    "DataField",
    "Entity",
    "Event",
    "Fields",
    "Form",
    "Layout",
    "Listener",
    "LocatedDocument",
    "Mailing",
    "MailingState",
    "Operation",
    "Options",
    "Outs",
    "PipeModel",
    "Pipeline",
    "Pipelines",
    "Retry",
    "Schedule",
    "ValueFault",
    "data_fields",
    "load_channel_file",
    "load_mailing",
    "load_mailing_file",
    "load_values",
    "parse_located",
    "read_audience",
    "read_located",
    "validate_audience",
]
