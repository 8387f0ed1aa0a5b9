"""The catalogue of channels: built-in ones, those shipped with the package, and registered ones."""

from akrun.channels.built_in import BUILT_IN
from akrun.channels.catalogue import Entry, catalogue, channel_of, shipped

__all__ = ["BUILT_IN", "Entry", "catalogue", "channel_of", "shipped"]
