import sys
from types import ModuleType

# `cel` imports its own command line, and with it a toolkit for terminals that nothing here uses:
# a third of a second of every start. An empty module in its place is all that it asks for.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
