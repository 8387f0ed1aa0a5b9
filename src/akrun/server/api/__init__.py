"""The HTTP API: channels, mailings, messages, entities, dead letters, reports and the process's state."""
