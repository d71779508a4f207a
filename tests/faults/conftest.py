"""What a fault needs from the machine: the one place where a test of the suite may be skipped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import disks


class Needs:
    """Skips a test, with the reason, where the machine cannot give what it asks for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def linux(self) -> None:
        """Ask for what only this kernel has."""
        if sys.platform != "linux":
            pytest.skip("needs Linux")

    def root(self) -> None:
        """Ask for an administrator's rights."""
        if os.geteuid() != 0:
            pytest.skip("needs root")

    def mounts(self) -> None:
        """Ask for the right to mount a disk, which a container may withhold even from root."""
        self.root()
        place = self._folder / "mount"
        place.mkdir(exist_ok=True)
        done = disks.mount(place, "size=64k")
        if done.returncode != 0:
            pytest.skip(f"cannot mount a tmpfs here: {done.stderr.strip()}")
        subprocess.run(["umount", str(place)], check=True)

    def compiler(self) -> str:
        """Ask for a C compiler whose libraries the dynamic linker of Linux can preload."""
        found = shutil.which("cc")
        if sys.platform != "linux" or found is None:
            pytest.skip("needs cc and LD_PRELOAD")
        return found

    def memory_group(self) -> Path:
        """Ask for a control group whose processes the kernel kills for want of memory."""
        self.root()
        for root in (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")):
            group = root / f"multibot-{os.getpid()}"
            try:
                group.mkdir()
            except OSError:
                continue
            for name in ("memory.limit_in_bytes", "memory.max"):
                if (group / name).exists():
                    (group / name).write_text("65536")
                    return group
            group.rmdir()
        pytest.skip("needs a control group for memory")


@pytest.fixture
def needs(tmp_path_factory: pytest.TempPathFactory) -> Needs:
    """Say what a test needs that not every machine has."""
    return Needs(tmp_path_factory.mktemp("needs"))
