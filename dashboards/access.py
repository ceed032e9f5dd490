"""How readers sign in: the operator's settings, from a file, the environment or both.

`MHHS_ACCESS` names a TOML file; `MHHS_ACCESS_<SECTION>_<KEY>` sets one value and wins over the
file, so secrets need not lie in it. Without any of them there is no sign-in.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pipeline.errors import PipelineError

FILE_VARIABLE = "MHHS_ACCESS"
Role = Literal["leadership", "analyst", "compliance", "admin"]
ROLES: tuple[Role, ...] = ("leadership", "analyst", "compliance", "admin")
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
SHORTEST_COOKIE_SECRET = 32

_TEXT, _HOURS, _YES, _TEXTS = "text", "hours", "yes or no", "list of texts"
# Settings at the top of the file have no section.
_SETTINGS: dict[str, dict[str, str]] = {
    "": {"address": _TEXT, "contact": _TEXT},
    "provider": {
        "metadata_url": _TEXT,
        "client_id": _TEXT,
        "client_secret": _TEXT,
        "scope": _TEXT,
        "prompt": _TEXT,
    },
    "session": {"cookie_secret": _TEXT, "hours": _HOURS, "end_with_token": _YES},
    "roles": {"claim": _TEXT, **dict.fromkeys(ROLES, _TEXTS)},
}
_NEEDED = (
    ("", "address"),
    ("provider", "metadata_url"),
    ("provider", "client_id"),
    ("provider", "client_secret"),
    ("session", "cookie_secret"),
)
_SECRETS = (("provider", "client_secret"), ("session", "cookie_secret"))
# Docker, Podman and Kubernetes; systemd (LoadCredential=). Elsewhere a read-only mount is one.
SECRET_MOUNTS = tuple(
    Path(folder).resolve() for folder in ("/run/secrets", "/var/run/secrets", "/run/credentials")
)


class AccessRefused(PipelineError):
    """The settings of the sign-in are incomplete or unsafe, so the dashboards do not start."""

    exit_code = 2


@dataclass(frozen=True)
class Access:
    """A provider of identities, and which values of its role claim are which role."""

    address: str
    metadata_url: str
    client_id: str
    client_secret: str = field(repr=False)
    cookie_secret: str = field(repr=False)
    role_values: Mapping[str, frozenset[Role]]
    role_claim: str = "roles"
    scope: str = "openid email profile"
    prompt: str = "select_account"
    session_hours: float = 8.0
    end_with_token: bool = True
    contact: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.address).hostname or ""

    @property
    def is_https(self) -> bool:
        return self.address.startswith("https://")

    def secrets(self) -> dict[str, Any]:
        """What Streamlit's `st.login` reads."""
        return {
            "auth": {
                "redirect_uri": f"{self.address}/oauth2callback",
                "cookie_secret": self.cookie_secret,
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "server_metadata_url": self.metadata_url,
                "client_kwargs": {"scope": self.scope, "prompt": self.prompt},
            }
        }


def settings(environment: Mapping[str, str] = os.environ) -> Access | None:
    """The settings in force, None without a provider. Raises AccessRefused."""
    given = tuple(sorted(each for each in environment.items() if each[0].startswith(FILE_VARIABLE)))
    return _read(given) if given else None


# Read once: the app asks for it in every run, and the file does not change under it.
@lru_cache(maxsize=4)
def _read(given: tuple[tuple[str, str], ...]) -> Access | None:
    environment = {name: text for name, text in given if text}
    path = environment.pop(FILE_VARIABLE, None)
    values = _of_file(Path(path)) if path else {}
    values |= _of_environment(environment)
    return _checked(values) if values or path else None


_Values = dict[tuple[str, str], Any]


def _of_file(path: Path) -> _Values:
    try:
        with path.open("rb") as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read()
        document = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise AccessRefused(f"The access file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AccessRefused(f"The access file {path} is not valid TOML: {error}.") from error
    values: _Values = {}
    for name, value in document.items():
        section = value if isinstance(value, dict) else {name: value}
        for key, each in section.items():
            place = (name if isinstance(value, dict) else "", key)
            values[place] = _fitting(place, each, f"in {path}")
    _refuse_open_file(path, mode, values)
    return values


def _refuse_open_file(path: Path, mode: int, values: _Values) -> None:
    """Others must not change who has which role, nor read a secret.

    Kubernetes, Docker and systemd mount secrets that everybody inside may read: the mount is what
    keeps others out, so there only writing is refused.
    """
    others = f"Its mode is {mode & 0o777:04o}: run `chmod 600 {path}`."
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise AccessRefused(
            f"Other accounts can change the access file {path}, and with it who has which role. "
            + others
        )
    secrets = [".".join(place) for place in _SECRETS if values.get(place)]
    if secrets and mode & (stat.S_IRGRP | stat.S_IROTH) and not _is_mounted_secret(path):
        raise AccessRefused(
            f"Other accounts can read the access file {path}, which holds {' and '.join(secrets)}. "
            + others
        )


def _is_mounted_secret(path: Path) -> bool:
    whole = path.resolve()
    if any(whole.is_relative_to(folder) for folder in SECRET_MOUNTS):
        return True
    is_mounted = whole.stat().st_dev != Path("/").stat().st_dev
    return is_mounted and bool(os.statvfs(whole).f_flag & os.ST_RDONLY)


def _of_environment(environment: Mapping[str, str]) -> _Values:
    places = {
        "_".join(filter(None, (FILE_VARIABLE, section.upper(), key.upper()))): (section, key)
        for section, keys in _SETTINGS.items()
        for key in keys
    }
    values: _Values = {}
    for variable, text in environment.items():
        if variable not in places:
            raise AccessRefused(f"Unknown variable {variable}; there is: {', '.join(places)}.")
        place = places[variable]
        kind = _SETTINGS[place[0]][place[1]]
        value: Any = text
        if kind == _TEXTS:
            value = [part.strip() for part in text.split(",") if part.strip()]
        elif kind == _HOURS:
            value = _number(text)
        elif kind == _YES:
            value = {"true": True, "false": False}.get(text.lower(), text)
        values[place] = _fitting(place, value, f"in the environment ({variable})")
    return values


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _fitting(place: tuple[str, str], value: Any, where: str) -> Any:
    section, key = place
    name = ".".join(filter(None, place))
    kind = _SETTINGS.get(section, {}).get(key)
    if kind is None:
        known = ", ".join(
            ".".join(filter(None, (group, each)))
            for group, keys in _SETTINGS.items()
            for each in keys
        )
        raise AccessRefused(f"Unknown setting {name} {where}; there is: {known}.")
    is_right = {
        _TEXT: isinstance(value, str),
        _HOURS: isinstance(value, int | float) and not isinstance(value, bool),
        _YES: isinstance(value, bool),
        _TEXTS: isinstance(value, list) and all(isinstance(each, str) for each in value),
    }[kind]
    if not is_right:
        raise AccessRefused(f"The setting {name} {where} must be a {kind}.")
    return value


def _checked(values: _Values) -> Access:
    missing = [".".join(filter(None, place)) for place in _NEEDED if not values.get(place)]
    if missing:
        raise AccessRefused(
            f"Sign-in is set up in part: {', '.join(missing)} is missing. Without any setting the "
            "dashboards run without sign-in, on this machine alone."
        )
    role_values: dict[str, frozenset[Role]] = {}
    for role in ROLES:
        for value in values.get(("roles", role), ()):
            role_values[value] = role_values.get(value, frozenset()) | {role}
    if not role_values:
        raise AccessRefused(
            "No value of the role claim is given a role, so nobody could see anything: name the "
            f"values under [roles], for one or more of {', '.join(ROLES)}."
        )
    access = Access(
        address=_origin(values["", "address"]),
        metadata_url=_web_address("provider.metadata_url", values["provider", "metadata_url"]),
        client_id=values["provider", "client_id"],
        client_secret=values["provider", "client_secret"],
        cookie_secret=values["session", "cookie_secret"],
        role_values=role_values,
        role_claim=values.get(("roles", "claim"), "roles"),
        scope=values.get(("provider", "scope"), "openid email profile"),
        prompt=values.get(("provider", "prompt"), "select_account"),
        session_hours=values.get(("session", "hours"), 8),
        end_with_token=values.get(("session", "end_with_token"), True),
        contact=values.get(("", "contact"), ""),
    )
    if len(access.cookie_secret) < SHORTEST_COOKIE_SECRET:
        raise AccessRefused(
            f"session.cookie_secret must have {SHORTEST_COOKIE_SECRET} characters or more. "
            'Make one: python -c "import secrets; print(secrets.token_hex(32))"'
        )
    if not 0 < access.session_hours <= 24:
        raise AccessRefused("session.hours must be more than 0 and at most 24.")
    return access


def _origin(address: str) -> str:
    """The address as a browser writes the origin of its pages."""
    parts = urlsplit(_web_address("address", address))
    if parts.path.strip("/"):
        raise AccessRefused(
            f"The address {address} has a path; the dashboards need a host of their own."
        )
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    is_usual = parts.port in {None, {"http": 80, "https": 443}[parts.scheme]}
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}")


def _web_address(name: str, text: str) -> str:
    """Identities travel in cookies and tokens, so beyond this machine they need TLS."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port  # raises ValueError for one that is none
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise AccessRefused(f"{name} must be a full address, https://..., not {text!r}.")
    if parts.scheme == "http" and not is_local(host):
        raise AccessRefused(f"{name} must begin with https://, not {text!r}.")
    return text


def is_local(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    if host.lower() in LOCAL_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
