# SPDX-License-Identifier: GPL-2.0-or-later
"""The board side by side with a stock qemu-system-ppc64."""

import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent

# The guests are started with what the functional tests have for that.
sys.path.insert(0, str(BENCH.parent / 'functional'))
