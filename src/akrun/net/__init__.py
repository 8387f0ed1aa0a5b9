"""HTTP as the pipes need it: one bounded, deadlined exchange, pooled by origin, limited by rate."""
