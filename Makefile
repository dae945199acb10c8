# SPDX-License-Identifier: GPL-2.0-or-later
#
# The sPAPR board for QEMU: staging, building, running, testing.
# The work is done by the programs in scripts/.
#
#: make             build qemu-system-ppc64 with the board
#: make run         boot a guest: a shell (Ctrl-A x quits), or, without a
#:                  terminal, a short tour
#: make check       run the tests
#: make check-full  run the tests with all guests and combinations
#: make check-asan  build with sanitizers, and run the qtest suites so
#: make bench       compare with a stock qemu-system-ppc64: time, memory
#: make stock       build such a one, for `make bench`
#: make series      write all of it as patches for QEMU to mail: build/series
#: make docs        build our documents as HTML: build/docs/html
#: make install     install the emulator and its firmware: PREFIX, DESTDIR
#: make stage       only bring the staged QEMU tree up to date
#: make clean       remove what was built; downloads stay
#: make distclean   remove the whole build directory
#:
#: Settings:
#: V=1              show the commands and their output
#: JOBS=N           how many jobs to run at once (default: one for each CPU)
#: QEMU_SRC=DIR     use this QEMU 10.0.x tree, not Debian's source package
#: STOCK=FILE       what to compare with (default: what `make stock` has built,
#:                  or else Debian 13's qemu-system-ppc64)
#: PREFIX=DIR       where `make install` puts it (default: /usr/local)
#: DESTDIR=DIR      a directory that stands for / meanwhile
#: RUNS=N           how often `make bench` measures each thing (default: 3)

override BUILD_DIR := build
export BUILD_DIR V JOBS QEMU_SRC STOCK RUNS PREFIX DESTDIR
# What the user has set up for another Python must not leak in here.
unexport PYTHONPATH PYTHONHOME

.NOTPARALLEL:
.PHONY: all build stage run check check-full check-asan bench stock series \
    docs install clean distclean help
.DEFAULT_GOAL := all

all: build

stage:
	@scripts/packages
	@scripts/stage

build: stage
	@scripts/build

run: build
	@tests/functional/run-guest

check: build
	@scripts/check

check-full: build
	@scripts/check --full

check-asan: stage
	@scripts/build --asan
	@scripts/check --asan

bench: build
	@tests/bench/run-bench

stock: stage
	@scripts/stock

series: stage
	@scripts/series

docs: stage
	@scripts/docs

install: build
	@scripts/install

clean:
	@rm -rf $(addprefix $(BUILD_DIR)/, obj asan qemu qemu-orig qemu-work \
	    stage.json log check series series-work docs)

distclean:
	@rm -rf $(BUILD_DIR)

help:
	@sed -n "s/^#: \{0,1\}//p" Makefile
