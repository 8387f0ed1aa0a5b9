"""The prompt: a session that answers lines, completion, and the terminal around them."""
