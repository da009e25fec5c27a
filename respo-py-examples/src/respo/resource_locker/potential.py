"""One thing that would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable


class Potential:
    """A thing, the key by which it is locked, and tags under which its use is counted.

    Args:
        item: The thing.
        key_gen: Makes the key of it; by default it is its own key.
        tag_gen: Makes more tags of it.
        tags: More tags.
        **more_tags: More tags. The tag ``key`` is always there.

    Example:
        >>> phone = Potential({"id": 7}, key_gen=lambda one: f"phone-{one['id']}", model="T1000")
        >>> phone.key, phone.tags
        ('phone-7', {'key': 'phone-7', 'model': 'T1000'})

    """

    def __init__(
        self,
        item: Any,
        key_gen: Callable[[Any], Any] | None = None,
        tag_gen: Callable[[Any], Mapping[str, Any]] | None = None,
        tags: Mapping[str, Any] | None = None,
        **more_tags: Any,
    ) -> None:
        self.item = item
        self._state: bool | None = None
        self._key = item if key_gen is None else key_gen(item)
        made = tag_gen(item) if tag_gen is not None else {}
        self._tags = {"key": self._key, **(tags or {}), **more_tags, **made}

    @property
    def key(self) -> Any:
        """What it is locked by."""
        return self._key

    @property
    def tags(self) -> dict[str, Any]:
        """What its use is counted under; ``key`` is among them."""
        return self._tags

    @property
    def is_fulfilled(self) -> bool:
        """Whether it is obtained."""
        return self._state is True

    @property
    def is_rejected(self) -> bool:
        """Whether it is not to be had."""
        return self._state is False

    def fulfill(self) -> Potential:
        """Take it for obtained."""
        self._state = True
        return self

    def reject(self) -> Potential:
        """Take it for something that is not to be had: it is not asked for."""
        self._state = False
        return self

    def reset(self) -> Potential:
        """Take it for neither."""
        self._state = None
        return self

    def __repr__(self) -> str:
        """Show the key, and how things stand."""
        state = {True: ", obtained", False: ", rejected", None: ""}[self._state]
        return f"<P {self._key!r}{state}>"
