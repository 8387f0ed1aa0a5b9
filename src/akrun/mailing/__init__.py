"""Mailings: from files to a launch, from a launch to outcomes, from outcomes to a report."""
