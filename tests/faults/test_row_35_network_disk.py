"""Row 35: the home is on a network file system. It is refused with the reason, and nothing is made."""

import functools
from pathlib import Path

import pytest

from multibot.cli import examination
from multibot.cli.examination import Level
from multibot.conversation.message import BotName
from multibot.errors import ExitCode, PermanentError
from multibot.home import Home
from multibot.store import filesystem
from multibot.store.migrate import migrate
from multibot.store.stores import open_store
from tests.fakes import FakeClock
from tests.faults import book

KINDS = (*sorted(filesystem.NETWORK), "fuse", "fuse.sshfs", "fuse.s3fs")
LOCAL = ("ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs", "fuseblk")
# As the kernel writes it (proc(5)): the home is on a mount of its own, two others are near it.
MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / {home} rw,relatime shared:5 - {kind} somewhere:/fleet rw
31 22 0:41 / {home}x rw,relatime - {other} /dev/vdb rw
"""


def probe(home: Home, kind: str, other: str) -> filesystem.Probe:
    """Let the real check read a table that says what the home is on."""
    table = home.root.parent / f"mounts-{kind}"
    path = str(home.root.resolve()).replace(" ", "\\040")
    table.write_text(MOUNTS.format(home=path, kind=kind, other=other), encoding="utf-8")
    return functools.partial(filesystem.kind_of, mounts=table)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "my fleet")
    made.data.mkdir(parents=True)
    return made


def test_a_network_disk_is_refused_wherever_the_database_is_opened(
    home: Home, clock: FakeClock
) -> None:
    for kind in KINDS:
        remote = probe(home, kind, "ext4")
        for attempt in (
            functools.partial(migrate, home, clock, probe=remote),
            functools.partial(open_store, home, BotName("sage"), clock, probe=remote),
        ):
            with pytest.raises(PermanentError, match=rf"\({kind}\)") as caught:
                attempt()
            assert caught.value.exit_code is ExitCode.PERMANENT
            assert "a disk of this machine" in str(caught.value)
            assert list(home.data.iterdir()) == []
        finding = examination.file_system(kind, network=filesystem.is_network(remote(home.data)))
        assert (finding.level, bool(finding.remedy)) == (Level.FAIL, True)
    book.note(
        book.Entry(
            row=35,
            fault="home on a network file system",
            count=len(KINDS),
            unit="kinds",
            result="refused with reason and remedy, nothing made",
        )
    )


@pytest.mark.parametrize("kind", LOCAL)
def test_a_disk_of_this_machine_is_taken(home: Home, clock: FakeClock, kind: str) -> None:
    assert migrate(home, clock, probe=probe(home, kind, "nfs4")).applied
