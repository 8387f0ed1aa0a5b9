"""What is wrong with a channel, said before it runs: faults, and mistakes that show only with data.

    >>> from akrun.lint import check_channel
    >>> [finding.code for finding in check_channel("{}", "channel.json")][0]
    'C201'

`akrun.lint.rules` has the rules, `akrun.lint.flow` the analysis of the data that many of them stand on.
"""

from akrun.lint.check import check_channel
from akrun.lint.finding import Edit, Finding, Severity
from akrun.lint.fix import fixed
from akrun.lint.rules import RULES
from akrun.lint.select import Selection

__all__ = ["RULES", "Edit", "Finding", "Selection", "Severity", "check_channel", "fixed"]
