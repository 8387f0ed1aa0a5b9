"""A scanner of YAML for which a tag in braces or brackets ends where the specification says."""

import re
from typing import Any, Final

from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tokens import TagToken

_NAME: Final = re.compile(r"!\w+(?=[,\[\]{}])")
_LONGEST: Final = 64


class FlowTagScanner(Scanner):
    """Reads `{id: !any, n: 1}`: flow indicators are no part of a tag (YAML 1.2.2, §6.9.1, `ns-tag-char`).

    ruamel.yaml takes them as characters of the tag.
    """

    def scan_tag(self) -> Any:
        """The tag at hand; called by ruamel.yaml."""
        found = _NAME.match(self.reader.prefix(_LONGEST)) if self.flow_level else None
        if found is None:
            return super().scan_tag()
        start = self.reader.get_mark()
        self.reader.forward(found.end())
        return TagToken(("!", found[0][1:]), start, self.reader.get_mark())
