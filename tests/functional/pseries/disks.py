# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks and CD drives at the virtual SCSI adapter."""

import contextlib
import functools
import json
import time
from collections.abc import Iterator
from dataclasses import replace

from . import images, iso
from .blocks import MIB, Disk, device, noise, options, remove, sha256
from .board import Board, BoardError, Config, booted, expect_equal, \
    expect_true, wait
from .logs import log_dir
from .migration import moved
from .snapshot import disk_args, load_state, save_state
from .suite import add

JOB_TIME = 60
RESCAN = ('for host in /sys/class/scsi_host/host*/scan; do '
          "echo '0 - -' > $host; done")
# Block sizes, and how many of them: some less than a page, some more than
# what goes into one request.
PIECES = ((512, 7), (1024, 100), (4096, 33), (65536, 17), (MIB, 4),
          (3 * MIB + 512, 3))
FILES = 12


def _sum(board: Board, what: str) -> str:
    """The checksum of what the guest reads, from the disk and no cache."""
    return board.sh('echo 3 > /proc/sys/vm/drop_caches; '
                    f'sha256sum < {what}', 60).split()[0]


def _copy_pieces(board: Board, source: str, target: str, data: bytes
                 ) -> bytes:
    """Copy pieces of many sizes; return what the target holds now."""
    copy = bytearray(len(data))
    start = 0
    for size, count in PIECES:
        length, begin = size * count, start // size * size
        where = f'bs={size} count={count} skip={begin // size}'
        board.sh(f'dd if={source} of={target} {where} iflag=direct '
                 f'oflag=direct seek={begin // size} conv=notrunc', 60)
        copy[begin:begin + length] = data[begin:begin + length]
        start = begin + length
    return bytes(copy)


def _mount(board: Board, path: str) -> None:
    board.sh(f'mkdir -p /mnt && mount {path} /mnt', 60)


def _fill(board: Board, path: str, source: str, data: bytes) -> None:
    """Make a file system and fill it with parts of the source."""
    board.sh(f'mkfs.ext4 -q {path}', 90)
    _mount(board, path)
    size = len(data) // FILES // 512 * 512
    board.sh(f'''
for n in $(seq 0 {FILES - 1}); do
    mkdir -p /mnt/d$n
    dd if={source} bs={size} skip=$n count=1 of=/mnt/d$n/file 2>/dev/null ||
        exit 1
done
sync; umount /mnt''', 120)


def _check_files(board: Board, path: str, data: bytes) -> None:
    """The file system is sound, and has what was put there."""
    board.sh(f'e2fsck -fn {path}', 60)
    _mount(board, path)
    size = len(data) // FILES // 512 * 512
    want = [sha256(data[n * size:(n + 1) * size]) for n in range(FILES)]
    sums = board.sh(f'''
echo 3 > /proc/sys/vm/drop_caches
for n in $(seq 0 {FILES - 1}); do sha256sum /mnt/d$n/file; done''', 120)
    expect_equal('sums of the files',
                 [line.split()[0] for line in sums.splitlines()], want)
    board.sh('umount /mnt')


def _check_sizes(board: Board, *disks: Disk) -> None:
    for disk in disks:
        path = device(board, disk.name)
        expect_equal(f'size of {disk.name}',
                     int(board.sh(f'blockdev --getsize64 {path}')),
                     disk.size)


def _expect_contents(what: str, got: bytes, want: bytes) -> None:
    """The same, with no page of bytes on the console when not."""
    if got == want:
        return
    expect_equal(f'size of {what}', len(got), len(want))
    first = next(n for n in range(0, len(want), 512)
                 if got[n:n + 512] != want[n:n + 512])
    raise BoardError(f'{what} differs at {first:#x}: '
                     f'{got[first:first + 16].hex()}, not '
                     f'{want[first:first + 16].hex()}')


def filesystem(config: Config) -> None:
    """Write and read disks at several places; the images must have it."""
    data = noise(24 * MIB, 1)
    source = Disk('source').create(data)
    target = Disk('target', len(data), where='scsi-id=3,lun=5').create()
    files = Disk('files', 256 * MIB, 'qcow2', where='scsi-id=3,lun=2'
                 ).create()
    far = Disk('far', MIB, where='channel=1,scsi-id=7,lun=0').create()
    disks = (source, target, files, far)
    with booted(replace(config, extra=images.DISK,
                        args=options(*disks))) as board:
        _check_sizes(board, *disks)
        paths = {disk.name: device(board, disk.name) for disk in disks}
        expect_equal('disks', len(set(paths.values())), len(disks))
        expect_equal('sum of the source', _sum(board, paths['source']),
                     sha256(data))
        copy = _copy_pieces(board, paths['source'], paths['target'], data)
        expect_equal('sum of the copy', _sum(board, paths['target']),
                     sha256(copy))
        board.sh(f'''
dd if={paths['source']} of={paths['far']} bs={MIB} count=1 && sync''')
        _fill(board, paths['files'], paths['source'], data)
        _check_files(board, paths['files'], data)
    _expect_contents('the copy', target.read(), copy)
    _expect_contents('the disk far away', far.read(), data[:MIB])
    _expect_contents('the source', source.read(), data)
    # What another machine finds
    with booted(replace(config, extra=images.DISK,
                        args=options(files))) as board:
        _check_files(board, device(board, files.name), data)
    remove(*disks)


def _plug(board: Board, disk: Disk) -> str:
    """Give the machine another disk; return its path in the guest."""
    board.vm.cmd('blockdev-add', disk.node())
    board.vm.cmd('device_add', disk.device_options())
    board.sh(RESCAN, 60)
    return device(board, disk.name)


def _unplug(board: Board, disk: Disk, path: str) -> None:
    """Take it away, the guest first."""
    name = path.rpartition('/')[2]
    board.sh(f'echo 1 > /sys/block/{name}/device/delete')
    board.vm.cmd('device_del', id=disk.id)
    board.event('DEVICE_DELETED')
    board.vm.cmd('blockdev-del', node_name=disk.name)
    board.sh(RESCAN, 60)
    expect_true(f'{path} is gone',
                board.console.run(f'[ -e /sys/block/{name} ]').status)


def hotplug(config: Config) -> None:
    """Disks come and go while the guest runs, in use and not."""
    data = noise(8 * MIB, 2)
    source = Disk('source').create(data)
    new = Disk('new', len(data), where='scsi-id=9,lun=1').create()
    other = Disk('other', 16 * MIB, where='scsi-id=9,lun=1').create()
    with booted(replace(config, extra=images.DISK,
                        args=options(source))) as board:
        start = device(board, source.name)
        for _ in range(2):
            path = _plug(board, new)
            _check_sizes(board, new)
            board.sh(f'dd if={start} of={path} bs={MIB} oflag=direct', 60)
            expect_equal('sum', _sum(board, path), sha256(data))
            _unplug(board, new, path)
        # In its place one of another size
        path = _plug(board, other)
        _check_sizes(board, other)
        # Pulled out while it is read: what comes is an error, and no end.
        command = board.console.begin(
            f'while dd if={path} of=/dev/null bs=64k iflag=direct '
            '2>/dev/null; do :; done')
        time.sleep(1)
        board.vm.cmd('device_del', id=other.id)
        board.event('DEVICE_DELETED')
        board.console.end(command, 60)
        expect_equal('sum of the source', _sum(board, start), sha256(data))
    _expect_contents('the new disk', new.read(), data)
    remove(source, new, other)


def _change(board: Board, drive: Disk, medium: Disk | None) -> None:
    """Take the medium out of a drive, and put another one in."""
    board.vm.cmd('blockdev-open-tray', id=drive.id, force=True)
    board.vm.cmd('blockdev-remove-medium', id=drive.id)
    if medium:
        board.vm.cmd('blockdev-add', medium.node())
        board.vm.cmd('blockdev-insert-medium', id=drive.id,
                     node_name=medium.name)
    board.vm.cmd('blockdev-close-tray', id=drive.id)


def _cd(name: str, files: dict[str, bytes]) -> Disk:
    disk = Disk(name, kind='raw', device='scsi-cd')
    iso.write(disk.path, name.upper(), files)
    disk.size = disk.path.stat().st_size
    return disk


def _check_cd(board: Board, path: str, disk: Disk, files: dict[str, bytes]
              ) -> None:
    """A CD is read raw and as a file system."""
    # A CD is read to its end: not a block more, not one less.
    expect_equal('sum of the CD', _sum(board, path), sha256(disk.read()))
    board.sh(f'mkdir -p /cd && mount -t iso9660 -o ro {path} /cd')
    for name, data in files.items():
        expect_equal(f'sum of {name}', _sum(board, f'/cd/{name.lower()}'),
                     sha256(data))
    board.sh('umount /cd')


def cdrom(config: Config) -> None:
    """A CD is read, ejected by the guest and by the host, and changed."""
    first = {'DIR/FIRST.BIN': noise(5 * MIB + 77, 3), 'README.TXT': b'one\n'}
    second = {'SECOND.BIN': noise(3 * MIB, 4)}
    one, two = _cd('one', first), _cd('two', second)
    with booted(replace(config, extra=images.DISK,
                        args=options(one))) as board:
        # Not all kernels ask a CD drive for its serial number.
        path = '/dev/sr0'
        board.sh(f'until [ -b {path} ]; do usleep 50000; done')
        _check_cd(board, path, one, first)
        expect_true('nothing is written to a CD', board.console.run(
            f'dd if=/dev/zero of={path} bs=2048 count=1').status)
        _change(board, one, two)
        _check_cd(board, path, two, second)
        board.vm.get_qmp_events()       # of the trays that we have moved
        # Else the kernel closes it for whoever wants to read.
        board.sh('echo 0 > /proc/sys/dev/cdrom/autoclose')
        board.sh(f'eject {path}')
        expect_equal('the tray is open', board.event(
            'DEVICE_TRAY_MOVED')['tray-open'], True)
        expect_true('there is nothing to read', board.console.run(
            f'dd if={path} of=/dev/null bs=2048 count=1').status)
        board.sh(f'eject -t {path}')
        expect_equal('the tray is closed', board.event(
            'DEVICE_TRAY_MOVED')['tray-open'], False)
        _check_cd(board, path, two, second)
        _change(board, one, None)
        expect_true('the drive is empty', board.console.run(
            f'dd if={path} of=/dev/null bs=2048 count=1').status)
    remove(one, two)


def _faulty(disk: Disk, **rule: object) -> list[str]:
    """A disk whose image fails as blkdebug's rule says."""
    node = disk.node()
    node['file'] = {'driver': 'blkdebug', 'inject-error': [rule],
                    'image': node['file']}
    return ['-blockdev', json.dumps(node),
            '-device', json.dumps(disk.device_options())]


def errors(config: Config) -> None:
    """What fails on the host stops the machine, or is told to the guest."""
    data = noise(4 * MIB, 5)
    source = Disk('source').create(data)
    full = Disk('full', len(data), more='werror=stop').create()
    torn = Disk('torn', more='rerror=stop').create(data)
    bad = Disk('bad', more='rerror=report,werror=report').create(data)
    args = [*options(source),
            *_faulty(full, event='pwritev', errno=28, once=True),
            *_faulty(torn, event='read_aio', errno=5, once=True,
                     sector=4096),
            *_faulty(bad, event='none', errno=5, sector=2048)]
    with booted(replace(config, extra=images.DISK, args=args)) as board:
        start = device(board, source.name)
        for disk, copy in (
                (full, f'dd if={start} of={{}} bs=256k oflag=direct'),
                (torn, 'sha256sum {}')):
            command = board.console.begin(copy.format(
                device(board, disk.name)))
            event = board.event('BLOCK_IO_ERROR')
            expect_equal('action', event['action'], 'stop')
            board.event('STOP')
            expect_equal('status', board.vm.cmd('query-status')['status'],
                         'io-error')
            board.vm.cmd('cont')
            result = board.console.end(command, 60)
            expect_equal(f'status of {copy}', result.status, 0)
        expect_equal('sum of what was torn', result.output.split()[0],
                     sha256(data))
        path = device(board, bad.name)
        board.sh(f'dd if={path} of=/tmp/good bs=512 count=2048 iflag=direct')
        expect_equal('sum before the bad block', _sum(board, '/tmp/good'),
                     sha256(data[:MIB]))
        for how in (f'if={path} of=/dev/null iflag=direct',
                    f'if=/dev/zero of={path} oflag=direct'):
            result = board.console.run(
                f'dd {how} bs=512 count=1 '
                f"{'skip' if 'null' in how else 'seek'}=2048", 60)
            expect_true(f'{how} fails', result.status)
        # What QEMU's SCSI layer makes of EIO
        expect_true('it tells of the error', 'I/O process terminated'
                    in board.sh('dmesg | tail -n 50'))
        # The rest of it is well.
        board.sh(f'dd if={path} of=/dev/null bs=512 skip=2049 iflag=direct',
                 60)
    _expect_contents('the disk that was full', full.read(), data)
    remove(source, full, torn, bad)


def _await_job(board: Board, status: str) -> None:
    deadline = time.monotonic() + JOB_TIME
    while True:
        job, = board.vm.cmd('query-jobs')
        if job['status'] == status:
            return
        if 'error' in job or time.monotonic() > deadline:
            raise BoardError(f'the job is not {status}: {job}')
        time.sleep(0.05)


def copy_and_sum(source: str, target: str) -> str:
    """A command that copies a disk in large pieces, and prints the sum.

    tee has small ones: on a disk each would be a read first.
    """
    return ('mkfifo /tmp/copy; sha256sum < /tmp/copy & '
            f'dd if={source} bs=64k iflag=direct 2>/dev/null | '
            f'tee /tmp/copy | dd of={target} bs=48k iflag=fullblock '
            '2>/dev/null; wait; sync; rm /tmp/copy')


@contextlib.contextmanager
def _writing(board: Board, source: str, target: str, times: int
             ) -> Iterator[None]:
    """The guest copies a disk, again and again, meanwhile."""
    command = board.console.begin(f'''
n=0
while [ $n -lt {times} ]; do
    {copy_and_sum(source, target)}
    n=$((n + 1))
done''')
    yield
    expect_equal('status', board.console.end(command, 120).status, 0)


def live(config: Config) -> None:
    """Snapshot and mirror a disk that is being written."""
    data = noise(16 * MIB, 6)
    source = Disk('source').create(data)
    target = Disk('target', len(data), 'qcow2').create()
    overlay, mirror = log_dir() / 'overlay.qcow2', Disk('mirror', len(data))
    mirror.create()
    with booted(replace(config, extra=images.DISK,
                        args=options(source, target))) as board:
        start, end = device(board, 'source'), device(board, 'target')
        with _writing(board, start, end, 3):
            board.vm.cmd('blockdev-snapshot-sync', {
                'node-name': target.name, 'snapshot-file': str(overlay),
                'snapshot-node-name': 'overlay'})
            board.vm.cmd('blockdev-add', mirror.node())
            board.vm.cmd('blockdev-mirror', {
                'job-id': 'job', 'device': 'overlay', 'target': mirror.name,
                'sync': 'full', 'copy-mode': 'background'})
            _await_job(board, 'ready')
        # All has been written now; the guest goes over to the mirror.
        board.vm.cmd('job-complete', id='job')
        board.event('BLOCK_JOB_COMPLETED')
        expect_equal('sum of the mirror', _sum(board, end), sha256(data))
        board.sh(f'dd if=/dev/zero of={end} bs=64k count=1 oflag=direct')
    _expect_contents('the mirror', mirror.read(),
                     bytes(65536) + data[65536:])
    overlay.unlink()
    remove(source, target, mirror)


def savevm(config: Config, times: int) -> None:
    """A copy and its checksum go on over savevm and loadvm."""
    data = noise(40 * MIB, 7)
    source = Disk('source', kind='qcow2').create(data)
    target = Disk('target', len(data), 'qcow2').create()
    nodes = (source.name, target.name)
    args = [*disk_args(), *options(source, target)]
    with booted(replace(config, extra=images.DISK, args=args)) as board:
        start, end = device(board, 'source'), device(board, 'target')
        for number in range(times):
            command = board.console.begin(copy_and_sum(start, end))
            time.sleep(0.3)
            board.vm.cmd('stop')
            save_state(board, f's{number}', nodes)
            board.vm.cmd('cont')
            time.sleep(0.5)
            board.vm.cmd('stop')
            load_state(board, f's{number}', nodes)
            board.console.drain()
            board.console.drop()
            board.vm.cmd('cont')
            result = board.console.end(command, 90)
            expect_equal('sum', result.output.split()[0], sha256(data))
            expect_equal('sum of the copy', _sum(board, end), sha256(data))
    _expect_contents('the copy', target.read(), data)
    (log_dir() / 'snapshots.qcow2').unlink()
    remove(source, target)


def migration(config: Config, ways: tuple[str, ...]) -> None:
    """A copy and its checksum go on in other QEMUs."""
    data = noise(40 * MIB, 8)
    source = Disk('source').create(data)
    target = Disk('target', len(data), 'qcow2').create()
    config = replace(config, extra=images.DISK,
                     args=options(source, target))
    with contextlib.ExitStack() as stack:
        board = stack.enter_context(booted(config))
        start, end = device(board, 'source'), device(board, 'target')
        for way in ways:
            old = board.console
            command = old.begin(copy_and_sum(start, end))
            said = len(old.text)
            time.sleep(0.3)
            board = stack.enter_context(moved(board, config, way))
            # Some of it may have come on this side, or half a line
            wait('the copy ends', lambda: f'\n<{command} end 0>\n' in
                 old.text[said:] + board.console.text, 120)
            expect_true('sum', f'{sha256(data)}  -\n' in
                        old.text[said:] + board.console.text)
            board.console.drop()
            expect_equal('sum of the copy', _sum(board, end), sha256(data))
        board.check_kernel_log()
    _expect_contents('the copy', target.read(), data)
    remove(source, target)


def resets(config: Config, times: int) -> None:
    """Resets while requests are on their way lose nothing that was safe."""
    data = noise(16 * MIB, 9)
    source = Disk('source').create(data)
    files = Disk('files', 128 * MIB, 'qcow2').create()
    target = Disk('target', len(data)).create()
    config = replace(config, extra=images.DISK,
                     args=options(source, files, target))
    with booted(config) as board:
        paths = {disk.name: device(board, disk.name)
                 for disk in (source, files, target)}
        _fill(board, paths['files'], paths['source'], data)
        for number in range(times):
            _mount(board, device(board, 'files'))
            start, end = device(board, 'source'), device(board, 'target')
            for work in (f'dd if={start} of=/mnt/more{number} bs=64k; sync',
                         f'dd if={start} of={end} bs=128k iflag=direct '
                         'oflag=direct',
                         f'dd if={start} of=/dev/null bs=4k iflag=direct'):
                board.background(f'while :; do {work}; done')
            time.sleep(0.5 + 0.37 * number)
            board.console.drop()
            board.vm.cmd('system_reset')
            board.console.wait_shell(config.boot_time)
            # Mounted once, the file system repairs itself by its journal.
            path = device(board, 'files')
            _mount(board, path)
            board.sh('umount /mnt')
            _check_files(board, path, data)
            start = device(board, 'source')
            expect_equal('sum of the source', _sum(board, start),
                         sha256(data))
        end = device(board, 'target')
        board.sh(f'dd if={start} of={end} bs={MIB} oflag=direct', 60)
    _expect_contents('the copy', target.read(), data)
    _expect_contents('the source', source.read(), data)
    remove(source, files, target)


OLD = Config(kernel='6.1-64k', cpu='power9', smp='2')
NEW = Config(kernel='6.12-4k', cpu='power9', smp='2')
NEW_64K = Config(kernel='6.12-64k', cpu='power10', smp='2')
P8 = Config(kernel='6.12-4k', cpu='power8', smp='2')
KINDS = {
    'filesystem': (filesystem, ('6.1-64k', '6.12-4k')),
    'hotplug': (hotplug, ('6.12-4k',)),
    'cdrom': (cdrom, ('6.1-64k',)),
    'errors': (errors, ('6.12-4k',)),
    'live': (live, ('6.12-4k',)),
    'savevm': (functools.partial(savevm, times=2), ('6.12-4k',)),
    'migration': (functools.partial(migration, ways=('unix',)),
                  ('6.1-64k',)),
    'resets': (functools.partial(resets, times=2), ('6.12-4k',)),
}
for _kind, (_function, _check) in KINDS.items():
    for _config in (OLD, NEW, NEW_64K):
        add(f'disk/{_kind}/{_config.kernel}',
            functools.partial(_function, _config),
            check=_config.kernel in _check, timeout=240)
    add(f'disk/{_kind}/power8', functools.partial(_function, P8),
        check=False, timeout=300)
add('disk/savevm/many', functools.partial(savevm, NEW, times=10),
    check=False, timeout=600)
add('disk/migration/all-ways', functools.partial(migration, NEW, ways=(
    'unix', 'exec', 'file', 'mapped-file', 'multifd', 'postcopy',
    'postcopy-preempt')), check=False, timeout=600)
add('disk/resets/many', functools.partial(resets, NEW, times=10),
    check=False, timeout=600)
