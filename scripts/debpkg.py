#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages through a private apt state.

Fetches packages and source packages of any Debian release and architecture
without touching the apt configuration, lists or cache of the system.  Each
pair of release and architecture has a state of its own in build/apt.  The
mirror (and proxies) are those that the system's apt uses; apt itself checks
the archive's signature against Debian's keyring, and each file's digest.

What is there already is used without a look at the network.  The lists are
loaded when there are none, and again when something has to be downloaded and
they are older than a day, or when the download fails.  After a new revision of
a release a mirror can lack for days what its lists name: then the lists are
loaded by the release's other name, where they may be the ones before, and of
kernels an older one is taken.  What fails for another reason, as when a network
is away for a moment, is tried again: after $FETCH_PAUSE seconds (default: 20).
"""

import argparse
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEYRINGS = ('/usr/share/keyrings/debian-archive-keyring.gpg',
            '/usr/share/keyrings/debian-archive-keyring.pgp')
SOURCE = 'source'           # the pseudo architecture of source packages
MAX_AGE = 24 * 60 * 60      # seconds that downloaded lists are trusted
UPDATE_TIMEOUT = 900        # seconds for apt-get update
TRIES = 4                   # how often something is tried that fails
ALIASES = ('stable', 'oldstable')   # other names that a release can have
DOWNLOAD_TIMEOUT = 3600     # seconds for apt-get download


class Error(Exception):
    """What went wrong, in one line for the user."""


def build_dir():
    """The build directory: $BUILD_DIR, or build/ of the repository."""
    return (ROOT / os.environ.get('BUILD_DIR', 'build')).resolve()


def _say(text):
    print(f'  {text}', file=sys.stderr, flush=True)


def _pause():
    """Give whatever is out of order some time."""
    time.sleep(float(os.environ.get('FETCH_PAUSE', 20)))


def _verbose():
    return os.environ.get('V', '') not in ('', '0')


def _run(argv, timeout, cwd=None):
    """Run a command; return (exit code, standard output, everything)."""
    if _verbose():
        print('+', *argv, file=sys.stderr, flush=True)
    env = dict(os.environ, LC_ALL='C', DEBIAN_FRONTEND='noninteractive')
    try:
        done = subprocess.run(argv, cwd=cwd, env=env, timeout=timeout,
                              stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False)
    except FileNotFoundError as err:
        raise Error(f'{argv[0]} is missing: this needs a Debian system '
                    'with apt and dpkg') from err
    except subprocess.TimeoutExpired as err:
        raise Error(f'{argv[0]} gave no result in {timeout} s: '
                    'is the Debian mirror reachable?') from err
    return done.returncode, done.stdout, done.stdout + done.stderr


def _paragraphs(text):
    """The paragraphs of a deb822 text as dictionaries of their fields."""
    for block in re.split(r'\n\s*\n', text.strip()):
        fields = {}
        for line in block.splitlines():
            name, colon, value = line.partition(':')
            if colon and not line[0].isspace():
                fields[name] = value.strip()
        if fields:
            yield fields


def _mirror_rank(target):
    """Sort key: how well an apt index target names a main Debian archive."""
    return (target.get('Origin') == 'Debian',
            '-' not in target.get('Release', '-'),
            target.get('Repo-URI', '').startswith(('http:', 'https:')))


def mirror():
    """The URI of the Debian archive that the system's apt uses."""
    code, out, everything = _run(['apt-get', 'indextargets'], 60)
    if code:
        raise Error('apt-get indextargets failed: '
                    + everything.strip().replace('\n', '; '))
    targets = [t for t in _paragraphs(out)
               if t.get('Component') == 'main'
               and t.get('Created-By', 'Packages') in ('Packages', 'Sources')
               and t.get('Origin', 'Debian') == 'Debian'
               and 'security' not in t.get('Release', '')
               and 'security' not in t.get('Repo-URI', '')
               and not t.get('Repo-URI', 'cdrom:').startswith('cdrom:')]
    if not targets:
        raise Error('no Debian archive among the apt sources of this system: '
                    'Debian 12 or 13 is needed (see `apt-get indextargets`)')
    return max(targets, key=_mirror_rank)['Repo-URI']


def _keyring():
    for path in KEYRINGS:
        if os.path.exists(path):
            return path
    raise Error("Debian's archive keys are missing: "
                'install the package debian-archive-keyring')


def _remedy(remedies):
    """Apply the first one that works; say whether there was one."""
    while remedies:
        try:
            if remedies.pop(0)() is not False:
                return True
        except Error as err:
            _say(str(err))
    return False


class State:
    """The private apt state for one release and architecture."""

    def __init__(self, suite, arch):
        self.suite = suite
        self.arch = arch
        self.dir = build_dir() / 'apt' / f'{suite}-{arch}'
        self.conf = self.dir / 'apt.conf'
        self.stamp = self.dir / 'updated'
        self._shown = {}

    def _configuration(self):
        # '#clear' and the empty settings keep out what the system's own
        # configuration would add: its sources, pins and, above all, hooks.
        native = '' if self.arch == SOURCE else (
            f'APT::Architecture "{self.arch}";\n'
            f'#clear APT::Architectures;\n'
            f'APT::Architectures {{ "{self.arch}"; }};\n')
        return native + f'''\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
APT::Default-Release "";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "60";
Dir::Etc::sourcelist "{self.dir}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{self.dir}/state";
Dir::State::status "{self.dir}/status";
Dir::Cache "{self.dir}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
'''

    def _sources(self, name):
        source = self.arch == SOURCE
        options = [f'signed-by={_keyring()}', 'pdiffs=no']
        if source:
            options.append('targets=Sources')
        else:
            options += [f'arch={self.arch}', 'targets=Packages']
        kind = 'deb-src' if source else 'deb'
        return f"{kind} [{' '.join(options)}] {mirror()} {name} main\n"

    def _create(self):
        for sub in ('state/lists/partial', 'cache/archives/partial'):
            (self.dir / sub).mkdir(parents=True, exist_ok=True)
        (self.dir / 'status').touch()
        self.conf.write_text(self._configuration())

    @contextlib.contextmanager
    def locked(self):
        """Keep other processes out of this state for the time being."""
        self.dir.mkdir(parents=True, exist_ok=True)
        with open(self.dir / 'lock', 'w', encoding='ascii') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def apt(self, tool, *args, timeout=120, cwd=None):
        """Run an apt tool on this state: (exit code, output, everything)."""
        return _run([tool, '-c', str(self.conf), *args], timeout, cwd)

    def age(self):
        """Seconds since the lists were loaded; infinite without any."""
        try:
            return time.time() - self.stamp.stat().st_mtime
        except FileNotFoundError:
            return float('inf')

    def _load(self, name):
        """Load the lists by one of the release's names: (exit code, output)."""
        (self.dir / 'sources.list').write_text(self._sources(name))
        code, _, out = self.apt('apt-get', '-q', '-o',
                                'APT::Update::Error-Mode=any', 'update',
                                timeout=UPDATE_TIMEOUT)
        return code, out

    def _load_alias(self):
        """Load the lists by another name; say whether there is one.

        Without one, there are those by the release's own name again.
        """
        self._shown.clear()
        for name in ALIASES:
            code, _ = self._load(name)
            if not code:
                _, out, _ = self.apt('apt-get', 'indextargets',
                                     '--format', '$(CODENAME)')
                if set(out.split()) == {self.suite}:
                    return True
        self._load(self.suite)
        return False

    def update(self):
        """Load the archive's lists.

        A mirror (or a cache before it) that is being brought up to date may
        have lists that its signed index doesn't fit.  It may still have the
        ones before, in order, where the release has its other name; else it
        needs time.
        """
        _say(f'apt lists of Debian {self.suite} ({self.arch})')
        self._create()
        self._shown.clear()
        for left in reversed(range(TRIES)):
            code, out = self._load(self.suite)
            if not code or ('Mirror sync in progress' in out
                            and self._load_alias()):
                self.stamp.touch()
                return
            if left:
                _say('the package lists are not to be had; trying again')
                _pause()
        errors = [line for line in out.splitlines()
                  if line.startswith(('E:', 'W:', 'Err:'))]
        raise Error(f'cannot load the package lists of Debian '
                    f'{self.suite} from {mirror()} (network?): '
                    + '; '.join(errors[:3] or [out.strip()[-200:]]))

    def ready(self):
        """Make sure that there are lists, however old."""
        if self.age() == float('inf'):
            self.update()
        else:
            self._create()

    def show(self, name):
        """The fields of a binary package's newest version."""
        if name not in self._shown:
            code, out, _ = self.apt('apt-cache', '--no-all-versions', 'show',
                                    name)
            fields = next(_paragraphs(out), None) if code == 0 else None
            if not fields:
                raise Error(f'Debian {self.suite} has no package {name} '
                            f'for {self.arch}')
            self._shown[name] = fields
        return self._shown[name]

    def with_fresh_lists(self, missing, download):
        """Download what is missing, with other lists should it come to that.

        missing() says what is not there yet, download(what) gets it.
        """
        self.ready()
        want = missing()
        if want and self.age() > MAX_AGE:
            try:
                self.update()
            except Error as err:
                _say(f'{err}; going on with the lists of the last time')
            want = missing()
        remedies = [_pause, self.update, self._load_alias]
        for _ in range(TRIES):
            if not want:
                return
            try:
                download(want)
            except Error as err:
                if ' 404 ' in str(err) and _pause in remedies:
                    remedies.remove(_pause)     # waiting won't bring it
                if not _remedy(remedies):
                    raise
            want = missing()
        if want:
            raise Error(f'not to be had from Debian {self.suite}: '
                        + ' '.join(map(str, want)))


def _deb_file(fields):
    """The name under which apt-get download stores a package."""
    version = fields['Version'].replace(':', '%3a')
    return f"{fields['Package']}_{version}_{fields['Architecture']}.deb"


def fetch(suite, arch, names, dest):
    """Download binary packages; return a dictionary from name to .deb path.

    suite: a release ('trixie'); arch: 'ppc64el', 'amd64'...; names: packages
    by name, without their dependencies; dest: the directory to hold them.
    """
    state = State(suite, arch)
    dest = Path(dest).resolve()
    dest.mkdir(parents=True, exist_ok=True)

    def path(name):
        return dest / _deb_file(state.show(name))

    def missing():
        # A part of one, left when a connection broke off, is no package
        return [name for name in names if not path(name).exists()
                or path(name).stat().st_size != int(state.show(name)['Size'])]

    def download(want):
        for name in want:
            fields = state.show(name)
            size = int(fields.get('Size', 0)) / 2 ** 20
            _say(f"{name} {fields['Version']} ({size:.1f} MiB)")
            code, _, out = state.apt('apt-get', '-q', 'download', name,
                                     timeout=DOWNLOAD_TIMEOUT, cwd=dest)
            if code:
                raise Error(f'cannot download {name} of Debian {suite}: '
                            + '; '.join(out.strip().splitlines()[-2:]))

    with state.locked():
        state.with_fresh_lists(missing, download)
        return {name: path(name) for name in names}


def fetch_source(suite, package, dest):
    """Download a source package; return the path of its .dsc file.

    Its files are not unpacked.  apt checks the digests it has from the
    signed lists.
    """
    state = State(suite, SOURCE)
    dest = Path(dest).resolve()
    dest.mkdir(parents=True, exist_ok=True)

    def files():
        code, out, _ = state.apt('apt-get', '-q', '--print-uris',
                                 '--only-source', 'source', package)
        found = re.findall(r"^'[^']+' (\S+) (\d+)", out, re.M)
        if code or not found:
            raise Error(f'Debian {suite} has no source package {package}')
        return [(dest / name, int(size)) for name, size in found]

    def missing():
        return [path for path, size in files()
                if not path.exists() or path.stat().st_size != size]

    def download(want):
        total = sum(size for path, size in files() if path in want)
        _say(f'{package} source ({total / 2 ** 20:.1f} MiB)')
        code, _, out = state.apt('apt-get', '-q', '--only-source',
                                 '--download-only', 'source', package,
                                 timeout=DOWNLOAD_TIMEOUT, cwd=dest)
        if code:
            raise Error(f'cannot download the source package {package}: '
                        + '; '.join(out.strip().splitlines()[-2:]))

    with state.locked():
        state.with_fresh_lists(missing, download)
        return next(path for path, _ in files() if path.suffix == '.dsc')


def depends(suite, arch, name):
    """The names of the packages that a package depends on.

    Of alternatives the first is named.  Versions are left out.
    """
    state = State(suite, arch)
    with state.locked():
        state.ready()
        fields = state.show(name)
    text = ', '.join(filter(None, (fields.get('Pre-Depends'),
                                   fields.get('Depends'))))
    return [re.split(r'[\s(:|]', item.strip())[0]
            for item in text.split(',') if item.strip()]


def _kernels(suite, arch, meta):
    """The kernel images that a metapackage can stand for, the best first.

    That is the one it depends on, and then those that the lists still have
    of before.
    """
    best = resolve(suite, arch, meta)
    state = State(suite, arch)
    with state.locked():
        _, out, _ = state.apt('apt-cache', 'pkgnames', 'linux-image-')
    flavour = meta.removeprefix('linux-image-')
    others = [name for name in out.split() if name != best
              and re.fullmatch(rf'linux-image-\d[^-]*(-\d+)?-{flavour}', name)]
    others.sort(key=lambda name: [int(n) for n in re.findall(r'\d+', name)],
                reverse=True)
    return [best, *others]


def fetch_kernel(suite, arch, meta, dest):
    """Download the kernel image behind a metapackage, as fetch() does.

    Returns the image's name and the path of its .deb.  An image that is not
    to be had gives way to one of before.
    """
    failed = {}
    while True:
        name = next((name for name in _kernels(suite, arch, meta)
                     if name not in failed), None)
        if not name:
            raise next(iter(failed.values()))
        try:
            return name, fetch(suite, arch, [name], dest)[name]
        except Error as err:
            failed[name] = err
            _say(f'{err}; trying an older one')


def resolve(suite, arch, name):
    """The kernel image that a metapackage such as linux-image-* stands for.

    A package that is no such metapackage is returned as it is.
    """
    for _ in range(4):
        images = [d for d in depends(suite, arch, name)
                  if d.startswith('linux-image-')]
        if len(images) != 1:
            break
        name = images[0]
    return name


def unpacked(directory):
    """The name of the .deb that unpack() put there; None without any."""
    try:
        return (Path(directory) / '.unpacked').read_text(encoding='utf-8')
    except FileNotFoundError:
        return None


def unpack(deb, directory):
    """Unpack a .deb's files into a directory, which is made anew.

    Nothing is done when it holds that very package already.
    """
    deb, directory = Path(deb), Path(directory)
    if unpacked(directory) == deb.name:
        return directory
    partial = directory.with_name(directory.name + '.partial')
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)
    partial.mkdir(parents=True)
    code, _, out = _run(['dpkg-deb', '-x', str(deb), str(partial)], 600)
    if code:
        raise Error(f'cannot unpack {deb.name}: {out.strip()}')
    (partial / '.unpacked').write_text(deb.name, encoding='utf-8')
    partial.rename(directory)
    return directory


def _command_line():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest='command', required=True)
    for command, text in (
            ('fetch', 'download packages and print their paths'),
            ('depends', 'print what packages depend on'),
            ('resolve', 'print the kernel image behind a metapackage'),
            ('source', 'download source packages and print their .dsc')):
        sub = commands.add_parser(command, help=text)
        sub.add_argument('--suite', default='trixie')
        if command != 'source':
            sub.add_argument('--arch', default='ppc64el')
        if command in ('fetch', 'source'):
            sub.add_argument('--into', default=str(build_dir() / 'debs'))
        sub.add_argument('package', nargs='+')
    sub = commands.add_parser('unpack', help='unpack a .deb into a directory')
    sub.add_argument('deb')
    sub.add_argument('directory')
    commands.add_parser('mirror', help='print the mirror that is used')
    return parser.parse_args()


def main():
    """The command line; see --help."""
    args = _command_line()
    if args.command == 'fetch':
        found = fetch(args.suite, args.arch, args.package, args.into)
        print(*found.values(), sep='\n')
    elif args.command == 'source':
        for name in args.package:
            print(fetch_source(args.suite, name, args.into))
    elif args.command == 'depends':
        for name in args.package:
            print(*depends(args.suite, args.arch, name), sep='\n')
    elif args.command == 'resolve':
        for name in args.package:
            print(resolve(args.suite, args.arch, name))
    elif args.command == 'unpack':
        print(unpack(args.deb, args.directory))
    else:
        print(mirror())


if __name__ == '__main__':
    try:
        main()
    except Error as error:
        sys.exit(f'debpkg: {error}')
