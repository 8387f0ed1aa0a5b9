"""A message or job run on from one of its pipes, by an edited channel; nothing of it is recorded."""
