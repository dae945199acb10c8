# SPDX-License-Identifier: GPL-2.0-or-later
"""NUMA: what -numa says is what numactl shows in the guest."""

import functools
import re
from dataclasses import dataclass

from . import images
from .board import Board, Config, booted, expect_equal, expect_true
from .logs import log_dir
from .suite import add, test

SOME = 64       # MiB of a node's memory that the kernel may keep to itself


@dataclass
class Nodes:
    """What numactl -H prints."""
    cpus: dict[int, list[int]]
    sizes: dict[int, int]           # MiB
    distances: dict[int, list[int]]


def numactl(board: Board) -> Nodes:
    """The guest's nodes as numactl sees them."""
    text = board.sh('numactl -H')
    print(text)
    return Nodes(
        {int(node): [int(cpu) for cpu in cpus.split()] for node, cpus
         in re.findall(r'^node (\d+) cpus:(.*)$', text, re.M)},
        {int(node): int(size) for node, size
         in re.findall(r'^node (\d+) size: (\d+) MB$', text, re.M)},
        {int(node): [int(one) for one in row.split()] for node, row
         in re.findall(r'^ +(\d+):((?: +\d+)+) *$', text, re.M)})


def config(args: str, **more: str) -> tuple[Config, list[str]]:
    """A machine with these nodes, and how it boots numactl."""
    made = Config(args=args.split(), **more)
    path = images.tools_initramfs([], log_dir() / 'initramfs.cpio')
    boot = made.boot_args()
    boot[boot.index('-initrd') + 1] = str(path)
    return made, boot


def expect_sizes(nodes: Nodes, want: dict[int, int]) -> None:
    """Nodes have so many MiB, less what the kernel keeps."""
    expect_equal('nodes with a size', sorted(nodes.sizes), sorted(want))
    for node, size in want.items():
        expect_true(f'node {node} has nearly {size} MiB: {nodes.sizes[node]}',
                    size - SOME - size // 8 <= nodes.sizes[node] <= size)


def backends(*sizes: str) -> str:
    """Memory backends m0, m1... of these sizes."""
    return ' '.join(f'-object memory-backend-ram,id=m{number},size={size}'
                    for number, size in enumerate(sizes))


DISTANCES = ((10, 21, 45, 80), (21, 10, 61, 90), (45, 61, 10, 119),
             (80, 90, 119, 10))
FOUR_NODES = backends(*['512M'] * 4) + ''.join(
    f' -numa node,nodeid={node},memdev=m{node},cpus={node}'
    for node in range(4)) + ''.join(
        f' -numa dist,src={a},dst={b},val={DISTANCES[a][b]}'
        for a in range(4) for b in range(a))


def distances(cpu: str, kernel: str, firmware: str) -> None:
    """Any distances reach a guest that knows form 2."""
    made, boot = config(FOUR_NODES, cpu=cpu, kernel=kernel, smp='4',
                        memory='2G', firmware=firmware)
    with booted(made, boot) as board:
        nodes = numactl(board)
        expect_equal('CPUs', nodes.cpus, {node: [node] for node in range(4)})
        expect_sizes(nodes, {node: 512 for node in range(4)})
        expect_equal('distances', nodes.distances,
                     {node: list(row) for node, row in enumerate(DISTANCES)})
        # Memory comes from the node that a program asks for.
        before = shared(board, 2)
        board.sh('numactl --membind=2 --cpunodebind=3 sh -c "'
                 'mkdir -p /tmp/fill && mount -t tmpfs -o size=128M fill '
                 '/tmp/fill && dd if=/dev/zero of=/tmp/fill/f bs=1M count=96"',
                 60)
        expect_equal('KiB that node 2 gave', shared(board, 2) - before,
                     96 << 10)


def shared(board: Board, node: int) -> int:
    """KiB of a node's memory that files in memory have."""
    return int(board.sh('echo 1 > /proc/sys/vm/stat_refresh; '
                        "awk '/Shmem:/ { print $4 }' "
                        f'/sys/devices/system/node/node{node}/meminfo'))


@test('numa/no-cpu-no-memory')
def no_cpu_no_memory() -> None:
    """Nodes without processors or without memory are what they are."""
    args = backends('1G', '512M') + (
        ' -numa node,nodeid=0,memdev=m0,cpus=0-1'
        ' -numa node,nodeid=1,memdev=m1'
        ' -numa node,nodeid=2,cpus=2-3')
    made, boot = config(args, smp='4', memory='1536M')
    with booted(made, boot) as board:
        nodes = numactl(board)
        expect_equal('CPUs', nodes.cpus, {0: [0, 1], 1: [], 2: [2, 3]})
        expect_sizes(nodes, {0: 1024, 1: 512, 2: 0})
        expect_equal('distances', nodes.distances,
                     {0: [10, 20, 20], 1: [20, 10, 20], 2: [20, 20, 10]})


@test('numa/one')
def one() -> None:
    """Without -numa there is one node with all that there is."""
    made, boot = config('', smp='2')
    with booted(made, boot) as board:
        nodes = numactl(board)
        expect_equal('CPUs', nodes.cpus, {0: [0, 1]})
        expect_sizes(nodes, {0: 1024})
        expect_equal('distances', nodes.distances, {0: [10]})


@test('numa/cpu-option')
def cpu_option() -> None:
    """-numa cpu gives cores to nodes, with all their threads."""
    args = backends('512M', '512M') + (
        ' -numa node,nodeid=0,memdev=m0 -numa node,nodeid=1,memdev=m1'
        ' -numa cpu,node-id=1,core-id=0 -numa cpu,node-id=0,core-id=2'
        ' -numa cpu,node-id=1,core-id=4')
    made, boot = config(args, smp='6,threads=2,cores=3', cpu='power9')
    with booted(made, boot) as board:
        nodes = numactl(board)
        expect_equal('CPUs', nodes.cpus, {0: [2, 3], 1: [0, 1, 4, 5]})
        expect_sizes(nodes, {0: 512, 1: 512})
        expect_equal('distances', nodes.distances, {0: [10, 20], 1: [20, 10]})


@test('numa/shared-processors')
def shared_processors() -> None:
    """A guest that shares its processors asks for their home nodes."""
    args = backends('512M', '512M') + (
        ' -numa node,nodeid=0,memdev=m0,cpus=1-2'
        ' -numa node,nodeid=1,memdev=m1,cpus=0 -numa node,cpus=3')
    made, boot = config(args, smp='4', machine='proc-mode=shared')
    with booted(made, boot) as board:
        nodes = numactl(board)
        expect_equal('CPUs', nodes.cpus, {0: [1, 2], 1: [0], 2: [3]})
        expect_sizes(nodes, {0: 512, 1: 512, 2: 0})
        answer = board.vm.cmd('query-stats', target='vm')
        calls = {one['name']: one['value'] for one in answer[0]['stats']}
        asked = calls['H_HOME_NODE_ASSOCIATIVITY']
        expect_true(f'home nodes were asked for, {asked} times', asked >= 4)


for _case in (('power10', '6.12-4k', 'vof'), ('power8', '6.1-64k', 'vof'),
              ('power9', '6.12-64k', 'slof')):
    add('numa/distances/' + '/'.join(_case),
        functools.partial(distances, *_case), check=_case[0] != 'power8')
