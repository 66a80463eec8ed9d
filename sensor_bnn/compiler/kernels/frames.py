"""The call stack that TVM asks for when it parses a kernel.

``T.prim_func`` calls ``inspect.stack``, twice per kernel. That looks up the module and the source of each
function on the stack, among all modules of the process: a third of the time in which a kernel is built, and
more in a large program. TVM then uses the source of one of them, and the variables of the others.
"""

import inspect
import linecache
import sys
from types import FrameType, SimpleNamespace

from tvm.tirx.script.parser import entry

_WITH_SOURCE = 2
"""The frame whose source TVM looks at: a class there is parsed as a whole."""


def watch_few_frames() -> None:
    """Let ``T.prim_func`` ask :func:`stack` instead of ``inspect.stack``; nothing else is changed."""
    entry.inspect = SimpleNamespace(**{**vars(inspect), "stack": stack})


def stack() -> list[inspect.FrameInfo]:
    """Return the frames of the caller and of its callers as ``inspect.stack`` does.

    Only the one that TVM looks at has its line of source.
    """
    found: list[inspect.FrameInfo] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file, number = frame.f_code.co_filename, frame.f_lineno
        line = linecache.getline(file, number) if len(found) == _WITH_SOURCE else ""
        found.append(
            inspect.FrameInfo(
                frame, file, number, frame.f_code.co_name, [line] if line else None, 0 if line else None
            )
        )
        frame = frame.f_back
    return found
