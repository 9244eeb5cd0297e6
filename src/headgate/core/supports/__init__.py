"""The supports a state can give, one file each; a new one is added to `AnySupport`."""

from headgate.core.supports.compute import Compute
from headgate.core.supports.kind import Kind, Section

AnySupport = Compute

__all__ = ["AnySupport", "Compute", "Kind", "Section"]
