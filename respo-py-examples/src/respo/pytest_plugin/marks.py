"""Finds out what a test needs: from its marks, its parameters and the fixtures that it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from respo.pytest_plugin.need import BadNeed, Need, arguments_of

if TYPE_CHECKING:
    from respo.pytest_plugin.settings import Settings

MARK = "respo"
_FIXTURES = ("respo_lease", "respo_resource")
_REMEDY = (
    "mark the test, its class or its module with @pytest.mark.respo(...), "
    "or say it for all with --respo-needs or respo_needs in the ini file"
)


def need_of_item(item: pytest.Item, settings: Settings) -> Need | None:
    """Return what a test needs; ``None`` if it has nothing to do with respo.

    The closest mark counts and replaces all others: that of a parameter, of the function, of the
    class, of the module. A parameter of ``respo_lease`` replaces what the mark requires.

    Raises:
        BadNeed: If there is a mistake; the text names the test and how to mend it.

    """
    try:
        mark = _closest_mark(item)
        is_parametrised, wanted = _parameter(item)
        if is_parametrised:
            requirements, options = arguments_of(wanted)
            how = _how(mark)
            return Need.of(requirements, {**how, **options}, settings.terms)
        used = [name for name in getattr(item, "fixturenames", ()) if name in _FIXTURES]
        if mark is None and not used:
            return None
        what = f"uses {used[0]}" if mark is None else "has a mark"
        return _need_of_mark(mark, settings, f"the test {what}, and nothing says what it needs")
    except BadNeed as bad:
        message = f"{item.nodeid}: {bad}"
        raise BadNeed(message) from None


def need_of_node(node: pytest.Collector, settings: Settings, fixture: str) -> Need:
    """Return what a class, a module or the session needs, for a fixture of that scope.

    Raises:
        BadNeed: If nothing says it, or there is a mistake.

    """
    kind = type(node).__name__.lower()
    where = node.nodeid or "the session"
    try:
        mark = _closest_mark(node)
        missing = f"nothing says what the {kind} needs, which {fixture} is to lease"
        return _need_of_mark(mark, settings, missing)
    except BadNeed as bad:
        message = f"{where}: {bad}"
        raise BadNeed(message) from None


def _need_of_mark(mark: pytest.Mark | None, settings: Settings, missing: str) -> Need:
    requirements = mark.args if mark is not None else ()
    options = mark.kwargs if mark is not None else {}
    if not Need.says_what(requirements, options):
        requirements = settings.needs
        if not requirements:
            # A mistake in what is said comes first.
            Need.of(("1",), options, settings.terms)
            message = f"{missing}: {_REMEDY}"
            raise BadNeed(message)
    return Need.of(requirements, options, settings.terms)


def _how(mark: pytest.Mark | None) -> dict[str, Any]:
    """Return the keywords of a mark that do not say what is required."""
    if mark is None:
        return {}
    return {key: value for key, value in mark.kwargs.items() if not Need.says_what((), (key,))}


def _closest_mark(node: pytest.Item | pytest.Collector) -> pytest.Mark | None:
    for one in reversed(node.listchain()):
        marks = [mark for mark in one.own_markers if mark.name == MARK]
        if marks:
            _check_single(one)
            # Those of parameters stand behind those of the function, and those of a class behind
            # those of its base classes.
            return marks[-1]
    return None


def _check_single(node: Any) -> None:
    """Check that a function, a class or a module itself has one mark only."""
    owner = getattr(node, "obj", None)
    # A class inherits the attribute of its bases; what counts is its own.
    own = vars(owner).get("pytestmark") if isinstance(owner, type) else _marks_on(owner)
    marks = own if isinstance(own, (list, tuple)) else [own]
    if sum(getattr(mark, "name", None) == MARK for mark in marks) > 1:
        message = (
            "there are two respo marks at the same place; what is needed together goes into one: "
            "@pytest.mark.respo('bench-1', '2 +lte')"
        )
        raise BadNeed(message)


def _marks_on(owner: Any) -> Any:
    return getattr(owner, "pytestmark", None)


def _parameter(item: pytest.Item) -> tuple[bool, Any]:
    """Return whether ``respo_lease`` is parametrised, and with what."""
    callspec = getattr(item, "callspec", None)
    for name in _FIXTURES:
        if callspec is not None and name in callspec.params:
            _check_indirect(item, name)
            return True, callspec.params[name]
    return False, None


def _check_indirect(item: pytest.Item, name: str) -> None:
    for mark in item.iter_markers("parametrize"):
        said = dict(zip(("argnames", "argvalues", "indirect"), mark.args))
        said.update(mark.kwargs)
        names = said.get("argnames", ())
        names = names.replace(",", " ").split() if isinstance(names, str) else names
        indirect = said.get("indirect", False)
        if name in names and indirect is not True and name not in (indirect or ()):
            message = f"{name} is parametrised directly, which replaces it: add indirect=[{name!r}]"
            raise BadNeed(message)
