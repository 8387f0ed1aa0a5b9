"""How many messages a second go out, beside what the HTTP work alone allows."""
