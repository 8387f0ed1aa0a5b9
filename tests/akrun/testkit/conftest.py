"""What pytest leaves alone here: test files of channels that fail on purpose."""

collect_ignore_glob = ["diffs/*"]
