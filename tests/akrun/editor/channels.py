"""Channels to edit, a mailing and tests of one, and texts with a mark `¦` where the cursor is."""

from dataclasses import replace
from functools import cache

from akrun.editor.documents import Document

MARK = "¦"

CHANNEL = """\
{
  "name": "Пример 🚀", "id": 7, "string_id": "example", "communication": "direct",
  "fields": {
    "sender": [
      {"type": "string", "name": "url", "label": "Address of the service", "required": true},
      [{"type": "string", "name": "key", "required": true, "secret": true},
       {"type": "string", "name": "button.url", "default": "x"}]
    ],
    "campaign": [{"type": "entity", "name": "category", "entity": "category", "required": true}],
    "subscription": [{"type": "string", "name": "phone", "required": true}]
  },
  "events": [{"id": 1, "string_id": "sent", "name": "Sent", "event_type": "send"}],
  "entities": [{
    "name": "Category", "shortname": "category", "primary": "id", "preview": "title",
    "fields": [{"type": "int", "name": "id"}, {"type": "string", "name": "title"}],
    "operations": {"list": {
      "input": [{"type": "string", "name": "query", "required": true}],
      "pipeline": [
        {"id": 11, "type": "pack", "params": {"template": [{"id": 1, "title": "$in.query"}]},
         "outs": {"success": 12}},
        {"id": 12, "type": "unpack", "params": {"type": "JSON"}, "outs": {"success": 13}},
        {"id": 13, "type": "result", "params": {}}]
    }}
  }],
  "pipelines": {
    "message": [
      {"id": 1, "type": "pack", "label": "Make it", "params": {"template": {
        "to": "$subscription.phone", "text": "🚀 Привет, ${profile.name ?? 'friend'}! $sender.key",
        "category": "$#campaign.category.id", "$?link": "$sender.button.url"
      }}, "outs": {"success": 2, "error": 4}},
      {"id": 2, "type": "http_request", "params": {"url": "$sender.url", "method": "POST",
        "content_type": "json", "headers": {"X-Key": "$sender.key"}}, "outs": {"success": 3, "error": 4}},
      {"id": 3, "type": "selector", "params": {"outs": [{"query": "$in.status = 200", "out": 4}]}},
      {"id": 4, "type": "event", "params": {"event_type": "send", "channel_id": 7, "action_type": 1,
        "event": {"send_message_id": "$origin.send_message_id"}}}
    ]
  }
}
"""

YAML = """\
name: Example
id: 7
string_id: example
communication: direct
fields:
  sender:
  - {type: string, name: url, required: true}
  subscription:
  - {type: string, name: phone, required: true}
pipelines:
  message:
  - id: 1
    type: pack
    params:
      template:
        to: $subscription.phone
        text: |
          🚀 Hello
          $profile.name, see ${sender.url}
    outs: {success: 2}
  - id: 2
    type: http_request
    params:
      url: '$sender.url'
      method: POST
      content_type: json
    outs: {error: 3}
  - {id: 3, type: log, params: {level: error, message: $error.message}}
"""


MAILING = """\
{
  "id": 1, "name": "May",
  "sender": {"url": "https://x.example", "key": "env:KEY", "button": {"url": "y"}},
  "campaign": {"category": {"id": 3, "title": "News"}},
  "schedule": {"start_time": "2030-01-31T09:00:00"},
  "audience": "audience.jsonl"
}
"""
TEST = """\
channel: channel.json
defaults:
  mailing: mailing.json
  set: {sender.url: "https://z.example", sender.button.url: y}
cases:
  - name: it is sent
    profile: {id: p}
    subscription: {phone: "+1"}
    http: [{respond: {json: !exact {id: 1}}}]
    expect:
      path: [1, 2, 3, 4]
      requests:
        - {url: !glob "https://*", pipe: 2}
  - name: categories are listed
    operation: category.list
    input: {query: n}
    expect: {path: [11, 12, 13]}
"""


@cache
def known(text: str = CHANNEL, name: str = "channel.json") -> Document:
    """A file with all that can be known of it."""
    return Document.examined(name, text)


def typed(before: str, after: str, text: str = CHANNEL, name: str = "channel.json") -> tuple[Document, int]:
    """A known file in which something was replaced, and where the mark in the new text is."""
    assert text.count(before) == 1, before
    new = text.replace(before, after)
    offset = new.index(MARK)
    return replace(known(text, name), text=new.replace(MARK, "")), offset


def at(marked: str, text: str = CHANNEL, name: str = "channel.json") -> tuple[Document, int]:
    """A known file as it is, and where the mark of a piece of it is."""
    piece = marked.replace(MARK, "")
    assert text.count(piece) == 1, piece
    return known(text, name), text.index(piece) + marked.index(MARK)
