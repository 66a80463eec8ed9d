"""The same examples of hypothesis in each run, whatever was loaded before: see :func:`fix`."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


def fix() -> None:
    """Let ``settings(derandomize=True)`` draw the same examples in each process."""
    settings.register_profile("fixed", settings(), derandomize=True)
    settings.load_profile("fixed")
    # In one draw of twenty hypothesis takes a constant, and it knows those of the project's modules that are
    # loaded at that time: with pytest-xdist, other ones in each run. No setting turns that off, and a backend
    # of our own does not either: hypothesis draws the first values of an example by its own class.
    none = Constants()
    providers._get_local_constants = lambda: none
