"""Which findings are wanted."""

from collections.abc import Iterable
from dataclasses import dataclass

from akrun.lint.finding import Finding


@dataclass(frozen=True, slots=True)
class Selection:
    """Ids or their beginnings, such as `L2` or `W`; what keeps a channel from running is always wanted.

    Attributes:
        select: only these, if there are any.
        ignore: not these.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def takes(self, finding: Finding) -> bool:
        """Whether a finding is wanted."""
        code = finding.code
        if code[0] in "CE":
            return True
        chosen = not self.select or code.startswith(self.select)
        return chosen and not (self.ignore and code.startswith(self.ignore))

    def of(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that are wanted."""
        return [each for each in findings if self.takes(each)]
