# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the build system share."""

import os
import struct
import subprocess
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = (TOP / os.environ.get('BUILD_DIR', 'build')).resolve()
TIMEOUT = 600           # seconds that a program may take


def run(*argv, code=0, cwd=TOP, **env):
    """Run a program of the repository, which is to exit with this code.

    Returns what it printed.  env: additions to the environment.
    """
    argv = [cwd / argv[0] if '/' in str(argv[0]) else argv[0], *argv[1:]]
    done = subprocess.run(argv, cwd=cwd, env=dict(os.environ, **env),
                          stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=TIMEOUT, check=False)
    if done.returncode != code:
        raise AssertionError(f'{argv[0]} exited with {done.returncode}, '
                             f'not {code}:\n{done.stdout}')
    return done.stdout


def kernel_image(code):
    """An ELF image of some big-endian code, which is entered at its start."""
    size = len(code)
    header = struct.pack('>16sHHIQQQIHHHHHH', b'\x7fELF\2\2\1', 2, 21, 1, 0,
                         64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack('>IIQQQQQQ', 1, 5, 64 + 56, 0, 0, size, size, 4)
    return header + segment + code


def tap_main():
    """Run the tests of the main module; print TAP."""
    # Private to the build: see scripts/build.
    from pycotap import LogMode, TAPTestRunner
    runner = TAPTestRunner(message_log=LogMode.LogToDiagnostics,
                           test_output_log=LogMode.LogToDiagnostics)
    sys.dont_write_bytecode = True
    unittest.main(testRunner=runner, verbosity=0)
