# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests that boot real Debian kernels on the pseries board."""
