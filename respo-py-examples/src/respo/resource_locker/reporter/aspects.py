"""What is counted."""

from __future__ import annotations


class Aspects:
    """The names of what is counted: numbers of times, and seconds (``wait``) in all."""

    lock_request_count = "lock_request_count"
    lock_acquire_count = "lock_acquire_count"
    lock_release_count = "lock_release_count"
    lock_release_wait = "lock_release_wait"
    lock_acquire_wait = "lock_acquire_wait"
    lock_acquire_fail_count = "lock_acquire_fail_count"

    @staticmethod
    def validate(*aspects: str) -> None:
        """Check that these are names of what is counted.

        Raises:
            ValueError: If one is not.

        """
        known = [name for name in vars(Aspects) if name.startswith("lock_")]
        for aspect in aspects:
            if aspect not in known:
                message = f"there is no aspect {aspect!r}; there are {', '.join(known)}"
                raise ValueError(message)
