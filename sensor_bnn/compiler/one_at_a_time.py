"""The lock that every use of TVM takes which may come from several threads.

TVM's front end has one table of converters and LLVM one set of options, each for the whole process; neither
has a lock of its own.
"""

from __future__ import annotations

import threading

TVM = threading.RLock()
"""Held while a model is imported and compiled; the same thread may take it again."""
