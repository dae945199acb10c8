# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents: what they say of calls is so, and Sphinx takes them."""

import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from common import BUILD, TOP, kernel_image, run, tap_main

sys.path.insert(0, str(BUILD / 'qemu/python'))
from qemu.machine import QEMUMachine                    # noqa: E402

BINARY = str(BUILD / 'obj/qemu-system-ppc64')
CALLS = TOP / 'docs/specs/ppc-spapr-hcalls.rst'
MANUAL = TOP / 'docs/system/ppc/pseries.rst'
RTAS_TOKENS = range(0x1000, 0x1000 + 256)
# Machines that have all of them together.
MACHINES = ('pseries,firmware=slof', 'pseries,firmware=vof')
# What looks like a token, but is none.
NO_TOKENS = ('ibm,vpd-size',)


class Calls(unittest.TestCase):
    """docs/specs/ppc-spapr-hcalls.rst"""

    def setUp(self):
        text = CALLS.read_text(encoding='utf-8')
        hcalls, _, rtas = text.partition('\nRTAS calls\n')
        self.hcalls = re.findall(r'^0x\w+ +(H_\w+) ', hcalls, re.M)
        self.rtas = re.findall(r'^([\w,-]+) +\d.* ``hw/', rtas, re.M)

    @staticmethod
    def calls_of(machine):
        """The names of the hypercalls of a machine."""
        with tempfile.NamedTemporaryFile(prefix='docs-') as kernel:
            kernel.write(kernel_image(b'\0\0\0\0'))
            kernel.flush()
            args = ['-M', machine, '-S', '-nodefaults', '-kernel', kernel.name]
            with QEMUMachine(BINARY, args) as vm:
                vm.launch()
                stats, = vm.cmd('query-stats', target='vm',
                                providers=[{'provider': 'spapr'}])
        return {entry['name'] for entry in stats['stats']
                if not entry['name'].endswith('-time')}

    def test_sources(self):
        """It is what the sources say."""
        run('scripts/hcall-docs', '--check')

    def test_hypercalls_of_the_machine(self):
        """Running machines have these hypercalls and no others."""
        names = set()
        for machine in MACHINES:
            names |= self.calls_of(machine)
        self.assertEqual(sorted(names), sorted(self.hcalls))

    def test_rtas_calls_of_the_machine(self):
        """Its device tree has tokens for these RTAS calls and no others."""
        with tempfile.TemporaryDirectory(prefix='docs-') as temp:
            blob = Path(temp) / 'board.dtb'
            run(BINARY, '-M', f'pseries,dumpdtb={blob}', '-nodefaults',
                '-display', 'none')
            source = subprocess.run(
                ['dtc', '-q', '-I', 'dtb', '-O', 'dts', blob], check=True,
                stdout=subprocess.PIPE, timeout=60, text=True).stdout
        rtas = re.search(r'^\trtas \{\n(.*?)^\t\};', source, re.M | re.S)[1]
        tokens = re.findall(r'^\t\t([\w,-]+) = <(0x\w+)>;$', rtas, re.M)
        self.assertEqual(sorted(n for n, v in tokens
                                if int(v, 16) in RTAS_TOKENS
                                and n not in NO_TOKENS),
                         sorted(self.rtas))


def words(label):
    """A label as Sphinx compares it."""
    return ' '.join(label.lower().split())


def machine_options(machine):
    """The options of a machine."""
    out = run(BINARY, '-machine', f'{machine},help')
    return set(re.findall(r'^  ([\w-]+)=<', out, re.M))


class Manual(unittest.TestCase):
    """docs/system/ppc/pseries.rst"""

    def setUp(self):
        self.text = MANUAL.read_text(encoding='utf-8')
        temp = tempfile.TemporaryDirectory(prefix='docs-')
        self.addCleanup(temp.cleanup)
        self.dir = Path(temp.name)

    def test_options(self):
        """Each option that other machines have not is in it."""
        options = machine_options('pseries') - machine_options('powernv9')
        self.assertIn('cap-vsx', options)
        # These are of each machine object, so that help does not show them.
        options |= {'firmware', 'max-cpu-compat', 'vsmt'}
        missing = [o for o in options
                   if not re.search(rf'``(-M pseries,)?{o}=', self.text)]
        self.assertEqual(sorted(missing), [])

    def test_devices(self):
        """Each device of the board is in it."""
        devices = re.findall(r'^name "(\S*spapr\S*)"',
                             run(BINARY, '-M', 'pseries', '-device', 'help'),
                             re.M)
        self.assertIn('spapr-vty', devices)
        missing = [d for d in devices if not d.endswith('-spapr-cpu-core')
                   and f'``{d}``' not in self.text
                   and f'-device {d},' not in self.text]
        self.assertEqual(missing, [])

    def test_examples(self):
        """QEMU takes the examples as they stand, up to the guest's start."""
        (self.dir / 'vmlinux').write_bytes(kernel_image(b'\0\0\0\0'))
        (self.dir / 'initrd.gz').write_bytes(bytes(4096))
        blocks = re.findall(r'::\n\n((?:    .*\n)+)', self.text)
        commands = [shlex.split(line) for block in blocks
                    for line in block.replace('\\\n', ' ').splitlines()]
        self.assertGreater(len(commands), 8)
        for command in commands:
            self.start(command)

    def start(self, command):
        """Run a command; an emulator is started and ended."""
        tools = {'qemu-system-ppc64': BINARY,
                 'qemu-img': str(BUILD / 'obj/qemu-img')}
        argv = [tools[command[0]], *command[1:]]
        if argv[0] == BINARY:
            argv += ['-S', '-qmp', 'stdio']
            # The console is on standard input as well, or was to be.
            argv = re.sub(r' -chardev stdio,id=(\w+),mux=on',
                          r' -chardev null,id=\1,mux=on',
                          shlex.join(argv))
            argv = shlex.split(argv.replace(
                ' -nographic', ' -display none -serial null'))
        done = subprocess.run(
            argv, cwd=self.dir, text=True, timeout=60, check=False,
            input='{"execute": "qmp_capabilities"}{"execute": "quit"}',
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr), (0, ''),
                         shlex.join(command))


class References(unittest.TestCase):
    """What other pages of QEMU's documentation refer to."""

    def test_labels(self):
        """All labels are there, also those of pages that ours replace."""
        labels, wanted = set(), {}
        for path in (BUILD / 'qemu').rglob('*.rst*'):
            text = path.read_text(encoding='utf-8', errors='replace')
            labels.update(words(label) for label in
                          re.findall(r'\.\. _`?([^:`]+)`?:\s*$', text, re.M))
            for target in re.findall(r':ref:`(?:[^`<]+<)?([^`>]+)>?`', text):
                # Those of options are made when QEMU's pages are built.
                if not target.startswith('system/invocation-'):
                    wanted[words(target)] = path.name
        self.assertGreater(len(wanted), 20)
        self.assertEqual({label: page for label, page in wanted.items()
                          if label not in labels}, {})


class Sphinx(unittest.TestCase):
    """Our pages of QEMU's documentation."""

    def test_no_warnings(self):
        """They build without a warning."""
        run('scripts/docs')


if __name__ == '__main__':
    tap_main()
