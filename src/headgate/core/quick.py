"""Values of frozen dataclasses made as quickly as those that anybody may change.

What `dataclass(frozen=True)` generates writes each field by a look-up in the class, six times as
slow as a plain assignment. A million rows of use are some six million values, so those that are
made row by row are made open and closed before anybody sees them.
"""

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from typing import Any, ParamSpec, TypeVar

Fields = ParamSpec("Fields")
Value = TypeVar("Value")


def quick(kind: Callable[Fields, Value]) -> Callable[Fields, Value]:
    """What makes the same values as a frozen, slotted dataclass does when it is called.

    Raises TypeError for another class, or for one that looks at its values when it is made.
    """
    told: Any = kind
    if "__slots__" not in vars(told) or hasattr(told, "__post_init__"):
        raise TypeError(f"{told.__name__} is not made of its fields alone")
    parts: list[Any] = [(field.name, field.type, field) for field in fields(told)]

    def close(value: Any) -> None:
        value.__class__ = told

    closing = {"__post_init__": close}
    opened: Any = make_dataclass(told.__name__, parts, slots=True, namespace=closing)
    return opened  # type: ignore[no-any-return]
