"""The supports a state can give; a new kind is a file here and a word in `AnySupport`."""

from typing import Annotated, Final

from pydantic import Field

from headgate.core.supports.compute import Compute
from headgate.core.supports.kind import Kind, Section
from headgate.core.supports.places import Assistants, Datasets, People

AnySupport = Annotated[Compute | Datasets | People | Assistants, Field(discriminator="kind")]
"""A support's section, told apart by its `kind`."""

PLACES: Final = (Datasets, People, Assistants)
"""The kinds that are counted by heads."""

__all__ = [
    "PLACES",
    "AnySupport",
    "Assistants",
    "Compute",
    "Datasets",
    "Kind",
    "People",
    "Section",
]
