"""An operator, accounts and users as `nsc` makes them: tokens signed by NKeys, and a server that knows them.

The tokens are JSON Web Tokens whose signature is that of an NKey (alg `ed25519-nkey`); see
https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt.
"""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

nkeys = pytest.importorskip("nkeys")

_UNLIMITED = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1)
_STORAGE = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)


class Key:
    """The key of an operator, an account or a user, by its prefix in `nkeys`."""

    def __init__(self, prefix: int) -> None:
        self.seed: bytes = nkeys.encode_seed(secrets.token_bytes(32), prefix)
        self._pair = nkeys.from_seed(bytearray(self.seed))
        self.public: str = self._pair.public_key.decode()

    def token(self, subject: str, claims: Mapping[str, Any]) -> str:
        """What this key says of the key of a subject."""
        now = int(time.time())
        said = {"jti": secrets.token_hex(16), "iat": now, "iss": self.public, "name": "tests", "sub": subject}
        head = {"typ": "JWT", "alg": "ed25519-nkey"}
        text = f"{_encoded(head)}.{_encoded({**said, 'nats': {**claims, 'version': 2}})}"
        return f"{text}.{_base64(self._pair.sign(text.encode()))}"


class Account:
    """An account that may use JetStream, of an operator of its own."""

    def __init__(self) -> None:
        self._operator = Key(nkeys.PREFIX_BYTE_OPERATOR)
        self._account, self._system = Key(nkeys.PREFIX_BYTE_ACCOUNT), Key(nkeys.PREFIX_BYTE_ACCOUNT)

    def config(self) -> dict[str, Any]:
        """The configuration of a server that knows this account, and one of its own, as JetStream wants."""
        limits = {"wildcards": True, **_UNLIMITED}
        known = {self._account: {**limits, **_STORAGE}, self._system: limits}
        return {
            "operator": self._operator.token(self._operator.public, {"type": "operator"}),
            "system_account": self._system.public,
            "resolver": "MEMORY",
            "resolver_preload": {
                key.public: self._operator.token(key.public, {"type": "account", "limits": each})
                for key, each in known.items()
            },
        }

    def write_credentials(self, file: Path) -> None:
        """The credentials of a new user of the account, as `nsc generate creds` writes them."""
        user = Key(nkeys.PREFIX_BYTE_USER)
        token = self._account.token(user.public, {"type": "user", "subs": -1, "data": -1, "payload": -1})
        file.write_text(
            f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n",
            encoding="ascii",
        )


def _encoded(value: Any) -> str:
    return _base64(json.dumps(value).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
