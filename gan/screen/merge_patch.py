"""JSON merge patches (RFC 7396): what changes one JSON value into another. Pure Python.

In a patch, null says that a field is gone. So the values themselves hold no null.
"""

from typing import Any

Json = dict[str, Any]


def difference(before: Json, after: Json) -> Json:
    """The merge patch that makes `after` of `before`; objects that are the very same are not looked into."""
    patch: Json = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if value is old and name in before:
            continue
        if isinstance(value, dict) and isinstance(old, dict):
            inner = difference(old, value)
            if inner:
                patch[name] = inner
        elif value != old:
            patch[name] = value
    return patch


def patched(before: Any, patch: Any) -> Any:
    """A value after a merge patch."""
    if not isinstance(patch, dict):
        return patch
    after = dict(before) if isinstance(before, dict) else {}
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = patched(after.get(name), value)
    return after
