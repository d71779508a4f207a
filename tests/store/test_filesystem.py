import os
from pathlib import Path

import pytest

from multibot.errors import PermanentError
from multibot.store import filesystem

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /srv rw,relatime shared:5 - nfs4 host:/srv rw
31 30 254:1 / /srv/local rw,relatime - xfs /dev/vdb rw
32 22 0:41 / /mnt/my\\040share rw - cifs //host/share rw
33 22 0:42 / /twice rw - nfs host:/a rw
34 33 254:2 / /twice rw - ext4 /dev/vdc rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/fleet/data", "ext4"),
        ("/srv/fleet", "nfs4"),
        ("/srv/local/fleet", "xfs"),
        ("/srvx", "ext4"),
        ("/mnt/my share/fleet", "cifs"),
        ("/twice/fleet", "ext4"),
    ],
)
def test_the_nearest_and_newest_mount_says_the_kind(mounts: Path, folder: str, kind: str) -> None:
    assert filesystem.kind_of(Path(folder), mounts) == kind


def test_a_system_without_a_mount_table_says_nothing(tmp_path: Path) -> None:
    assert filesystem.kind_of(tmp_path, tmp_path / "missing") is None


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse"])
def test_network_file_systems_are_refused_with_the_reason(tmp_path: Path, kind: str) -> None:
    with pytest.raises(PermanentError, match=rf"\({kind}\)"):
        filesystem.require_local(tmp_path, lambda _: kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "tmpfs", "overlay", "fuseblk", None])
def test_local_and_unknown_file_systems_are_accepted(tmp_path: Path, kind: str | None) -> None:
    filesystem.require_local(tmp_path, lambda _: kind)


def test_a_file_that_sqlite_has_taken_away_is_no_obstacle(tmp_path: Path) -> None:
    filesystem.require_access_if_there(tmp_path / "conversations.db-wal", os.W_OK)

    with pytest.raises(PermanentError):
        filesystem.require_access(tmp_path / "conversations.db-wal", os.W_OK)
