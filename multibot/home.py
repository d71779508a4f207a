"""The folder a fleet lives in, and every path inside it."""

from dataclasses import dataclass
from pathlib import Path

# No bot can have these names: supervisorctl's word for every program, supervisord's own log, and
# the lock of `up`.
RESERVED_NAMES = frozenset({"all", "supervisord", "up"})


@dataclass(frozen=True, slots=True)
class Home:
    """One fleet's folder: files people write at the top, what the fleet writes under `data/`."""

    root: Path

    @property
    def fleet_file(self) -> Path:
        """The default fleet file."""
        return self.root / "bots" / "multi_bot.yaml"

    @property
    def dotenv(self) -> Path:
        """The file with the tokens."""
        return self.root / ".env"

    @property
    def supervisord_conf(self) -> Path:
        """The rendered supervisord configuration."""
        return self.root / "supervisord.conf"

    @property
    def data(self) -> Path:
        """Where everything the fleet writes lives."""
        return self.root / "data"

    @property
    def database(self) -> Path:
        """The shared SQLite file."""
        return self.data / "conversations.db"

    @property
    def database_lock(self) -> Path:
        """The turnstile that writers queue on."""
        return self.data / "conversations.lock"

    @property
    def migrate_lock(self) -> Path:
        """Held by the one process that migrates."""
        return self.data / "migrate.lock"

    @property
    def backup_lock(self) -> Path:
        """Held by the one process that takes a backup or restores one."""
        return self.data / "backup.lock"

    @property
    def examined(self) -> Path:
        """When the database's pages were last looked at, and found in order, by a start."""
        return self.data / "examined.lock"

    @property
    def import_lock(self) -> Path:
        """Held by the one command that imports, or takes an import back."""
        return self.data / "import.lock"

    @property
    def backups(self) -> Path:
        """Snapshots of the database."""
        return self.data / "backups"

    @property
    def forgotten(self) -> Path:
        """Who is to stay forgotten, beside the database so that no restore loses it."""
        return self.data / "forgotten.jsonl"

    @property
    def redaction_key(self) -> Path:
        """What pseudonyms are made with, so that nobody without it can try ids out."""
        return self.data / "redaction.key"

    @property
    def run(self) -> Path:
        """Socket, pid, lock and hand-over files of running processes."""
        return self.data / "run"

    @property
    def logs(self) -> Path:
        """One log per program."""
        return self.data / "logs"

    @property
    def socket(self) -> Path:
        """The supervisord control socket (a unix socket path holds at most 107 bytes)."""
        return self.run / "supervisor.sock"

    @property
    def supervisord_pid(self) -> Path:
        """The pid of the running supervisord."""
        return self.run / "supervisord.pid"

    @property
    def supervisord_log(self) -> Path:
        """What supervisord itself says."""
        return self.logs / "supervisord.log"

    @property
    def up_lock(self) -> Path:
        """Held by the one command that is changing the fleet."""
        return self.run / "up.lock"

    def bot_lock(self, bot_name: str) -> Path:
        """Held for life by the one process of this bot."""
        return self.run / f"{bot_name}.lock"

    def bot_environment(self, bot_name: str) -> Path:
        """Variables that `up` hands to this bot's process, mode 0600."""
        return self.run / f"{bot_name}.env"

    def bot_exit(self, bot_name: str) -> Path:
        """Why this bot's last start failed, as JSON; absent after a good start."""
        return self.run / f"{bot_name}.exit"

    def bot_log(self, bot_name: str) -> Path:
        """The output of this bot's process."""
        return self.logs / f"{bot_name}.log"
