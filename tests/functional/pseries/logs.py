# SPDX-License-Identifier: GPL-2.0-or-later
"""The directory in which a test leaves its logs and files."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .paths import LOGS


def log_dir() -> Path:
    """The directory of the test that runs in this process."""
    path = LOGS / os.environ.get('FUNCTIONAL_TEST', 'guest')
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def own_logs() -> Iterator[None]:
    """Have the directory, emptied, for this process alone.

    Another run of the same test waits: its time counts all the same.
    """
    path = log_dir()
    with open(path.with_name(f'.{path.name}.lock'), 'w',
              encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(path, ignore_errors=True)
        yield
