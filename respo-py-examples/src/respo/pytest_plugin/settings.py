"""The options of the command line and of the ini file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pytest

from respo.address import DEFAULT_URL, Address
from respo.errors import Invalid
from respo.pytest_plugin.need import duration_mistake, priority_mistake
from respo.requirement import Requirement

_OPTIONS = (
    ("url", "URL", "where respod is (else RESPO_URL, else http://127.0.0.1:7373)"),
    ("pool", "NAME", "the pool to lease from, where respod serves several (else RESPO_POOL)"),
    ("name", "NAME", "who leases; others see it (else RESPO_NAME, else USER@HOST)"),
    ("description", "TEXT", "what for; others see it (else the name of the root directory)"),
    ("wait", "DURATION", "how long a test waits for its bench: 0, 10m, forever (the default)"),
    ("priority", "NUMBER", "-1000 to 1000, higher goes first (0 by default)"),
)
_MISSING = ("fail", "skip")
_MISSING_HELP = "what becomes of tests that need respod where it cannot be reached: fail or skip"
_GROUP_HELP = "run tests with equal needs one after the other, so that they share a lease"
_NEEDS_HELP = "what tests need that use the fixtures and do not say it; may be repeated"


def add_options(parser: pytest.Parser) -> None:
    """Add all options; each is there for the command line and for the ini file."""
    group = parser.getgroup("respo", "benches leased from respod")
    for name, metavar, text in _OPTIONS:
        group.addoption(f"--respo-{name}", metavar=metavar, help=text)
        parser.addini(f"respo_{name}", text)
    group.addoption("--respo-missing", choices=_MISSING, help=f"{_MISSING_HELP} (fail by default)")
    parser.addini("respo_missing", _MISSING_HELP, default="fail")
    group.addoption("--respo-group", action="store_true", default=None, help=_GROUP_HELP)
    parser.addini("respo_group", _GROUP_HELP, type="bool", default=False)
    group.addoption("--respo-needs", action="append", metavar="REQUIREMENT", help=_NEEDS_HELP)
    parser.addini("respo_needs", _NEEDS_HELP + ", one a line", type="linelist", default=[])


@dataclass(frozen=True)
class Settings:
    """What the options say, checked.

    Attributes:
        url: Where respod is.
        url_source: Who says so, for messages; ``None`` if nobody does.
        terms: What is passed on with every request that does not say it by itself.
        needs: What tests need that do not say it.
        skips_if_missing: Whether tests are skipped rather than failed where respod is not reached.
        groups: Whether tests are reordered.

    """

    url: str
    url_source: str | None
    terms: dict[str, Any]
    needs: tuple[str, ...]
    skips_if_missing: bool
    groups: bool

    @classmethod
    def of(cls, config: pytest.Config) -> Settings:
        """Read them.

        Raises:
            pytest.UsageError: If one has no valid value; it says which.

        """
        url, source = _url(config)
        missing, missing_source = _said(config, "missing")
        if missing not in _MISSING:
            message = f"{missing_source}: {missing!r} is neither 'fail' nor 'skip'"
            raise pytest.UsageError(message)
        return cls(
            url=url,
            url_source=source,
            terms=_terms(config),
            needs=_needs(config),
            skips_if_missing=missing == "skip",
            groups=bool(config.getoption("respo_group") or config.getini("respo_group")),
        )


def _said(config: pytest.Config, name: str) -> tuple[str | None, str]:
    """Return what is said, and where."""
    value = config.getoption(f"respo_{name}")
    if value is not None:
        return str(value), f"--respo-{name}"
    return str(config.getini(f"respo_{name}") or "") or None, f"respo_{name} in the ini file"


def _url(config: pytest.Config) -> tuple[str, str | None]:
    said, where = _said(config, "url")
    source: str | None = where
    if said is None:
        said = os.environ.get("RESPO_URL")
        source = "RESPO_URL" if said else None
    try:
        return Address.of(said or DEFAULT_URL).url, source
    except Invalid as mistake:
        message = f"{source}: {mistake}"
        raise pytest.UsageError(message) from None


def _terms(config: pytest.Config) -> dict[str, Any]:
    terms: dict[str, Any] = {}
    for name in ("pool", "name", "description", "wait", "priority"):
        value, source = _said(config, name)
        if value is None:
            continue
        terms[name] = value
        mistake = duration_mistake(value) if name == "wait" else None
        if name == "priority":
            terms[name] = int(value) if value.lstrip("+-").isdigit() else value
            mistake = priority_mistake(terms[name])
        if mistake:
            message = f"{source}: {mistake}"
            raise pytest.UsageError(message)
    return terms


def _needs(config: pytest.Config) -> tuple[str, ...]:
    option = config.getoption("respo_needs")
    source = "--respo-needs" if option else "respo_needs in the ini file"
    needs = tuple(option or config.getini("respo_needs"))
    for text in needs:
        try:
            Requirement.parse(text)
        except Invalid as mistake:
            message = f"{source}: {text!r}: {mistake}"
            raise pytest.UsageError(message) from None
    return needs
