"""One examination of a fleet: its file, every bot's file, and what they name in the environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from multibot.config import (
    credential,
    crossing,
    document,
    effective,
    old_keys,
    persona_file,
    source,
    unbuilt,
    validation,
)
from multibot.config.credential import Credential
from multibot.config.crossing import Candidate
from multibot.config.fault import Fault, Findings
from multibot.config.field import BOT_NAME
from multibot.config.fleet import Fleet, Storage
from multibot.config.schema import BotFile, Entry, FleetFile
from multibot.config.secret import Secret
from multibot.config.settings import Settings
from multibot.home import Home


class Reading:
    """Examines on construction; `only` limits tokens and blame to one bot."""

    def __init__(
        self,
        home: Home,
        environment: Mapping[str, str],
        config_file: Path | None,
        only: str | None = None,
    ) -> None:
        self._home = home
        self._environment = environment
        self._only = only
        self._settings, self.setting_faults = Settings.examine(environment)
        self._path = home.root / (config_file or self._settings.config or home.fleet_file)
        self._shared = Findings(file=self._label(self._path))
        self._fleet_file = FleetFile()
        self._candidates: list[Candidate] = []
        self._broken: list[Findings] = []
        self.secrets: list[Secret] = []
        self._examine()

    @property
    def fleet(self) -> Fleet:
        """Everything that could be read; complete only where there are no errors."""
        bots = tuple(each.bot for each in self._candidates if each.bot)
        return Fleet(bots=bots, settings=self._settings, file=self._path)

    @property
    def listed(self) -> dict[str, bool]:
        """The bots that are listed, also those whose item has faults: whether each is enabled."""
        broken = {each.bot: True for each in self._broken if each.bot}
        return broken | {
            each.entry.name: each.entry.enabled is not False for each in self._candidates
        }

    @property
    def faults(self) -> list[Fault]:
        """What is to blame on the fleet as a whole, then on each bot that was asked for."""
        found = [*self._shared.faults]
        if self._only is None:
            found += [fault for each in self._broken for fault in each.faults]
        for each in self._candidates:
            if self._only in {None, each.entry.name}:
                found += each.findings.faults + each.file_findings.faults
        return found

    def _label(self, path: Path) -> str:
        plain = Path(os.path.normpath(path))
        return str(plain.relative_to(self._home.root)) if self._is_inside(plain) else str(plain)

    def _is_inside(self, path: Path) -> bool:
        # Everything is below `/`; there, a short name would only hide where the file is.
        return path.is_relative_to(self._home.root) and self._home.root != self._home.root.parent

    def _examine(self) -> None:
        data = self._data()
        if data is None:
            return
        entries = data.pop("bots", None)
        data = old_keys.strip(data, old_keys.FLEET, self._shared)
        data = unbuilt.drop(data, self._shared)
        persona_file.warn_unexpanded(data, self._shared)
        self._fleet_file = validation.validate(FleetFile, data, self._shared) or FleetFile()
        crossing.shared(self._fleet_file, self._shared)
        crossing.effects(self._fleet_file.global_settings, "global_settings", self._shared)
        crossing.gaps(self._storage(BotFile()), self._shared)
        talk = effective.cross_bot(self._fleet_file)
        crossing.talk(talk, self._shared)
        crossing.speaking_up(effective.activity(self._fleet_file), talk, self._shared)
        for index, raw in enumerate(self._listed(entries)):
            self._entry(index, raw)
        self._compare()

    def _data(self) -> dict[str, object] | None:
        text = source.read(self._path)
        parsed = text if isinstance(text, source.Refusal) else document.parse(text)
        if isinstance(parsed, source.Refusal):
            self._shared.refuse(parsed)
            return None
        self._shared.lines = parsed.lines
        data = persona_file.mapping(parsed, self._shared)
        return dict(data) if data is not None else None

    def _listed(self, entries: object) -> list[object]:
        if isinstance(entries, list) and entries:
            return entries
        problem = "must be a list." if entries else "must name at least one bot."
        self._shared.error(("bots",), problem, "Write a list item with name and config_file.")
        return []

    def _entry(self, index: int, raw: object) -> None:
        name = raw.get("name") if isinstance(raw, dict) else None
        known = name if isinstance(name, str) and BOT_NAME.fullmatch(name) else None
        findings = self._shared.within(("bots", index), known)
        data: object = raw
        if isinstance(raw, dict):
            self._keep_secret(raw.get("discord_token"))
            data = unbuilt.drop(old_keys.strip(raw, old_keys.ENTRY, findings), findings)
            persona_file.warn_unexpanded(data, findings)
        entry = validation.validate(Entry, data, findings)
        if entry is None or not isinstance(raw, dict):
            self._broken.append(findings)
            return
        self._candidate(entry, raw, findings)

    def _candidate(self, entry: Entry, raw: dict[str, object], findings: Findings) -> None:
        found = self._credential(entry, raw, findings)
        if not entry.channels and raw.get("channels") in (None, []):
            findings.error(("channels",), "must have at least one pattern.", 'Write ["*"] for all.')
        file, file_findings = self._file(entry, raw, findings)
        if entry.enabled is not False:
            crossing.effects(entry.response_behavior, "response_behavior", findings)
            crossing.effects(file.response_behavior, "response_behavior", file_findings)
        bot = effective.bot(entry, file, self._fleet_file, found, self._settings)
        self._candidates.append(
            Candidate(
                findings=findings,
                file_findings=file_findings,
                entry=entry,
                credential=found,
                bot=bot,
            )
        )

    def _credential(self, entry: Entry, raw: dict[str, object], findings: Findings) -> Credential:
        written = entry.discord_token
        if entry.enabled is False:
            if written:
                credential.refuse_literal(written, bot_name=entry.name, findings=findings)
            return Credential()
        if self._only not in {None, entry.name}:
            return Credential(variable=credential.reference(written.reveal()) if written else None)
        if written is None and raw.get("discord_token") is not None:
            return Credential()
        return credential.resolve(
            written, bot_name=entry.name, environment=self._environment, findings=findings
        )

    def _file(
        self, entry: Entry, raw: dict[str, object], findings: Findings
    ) -> tuple[BotFile, Findings]:
        name = entry.config_file
        if not name:
            if not raw.get("config_file"):
                findings.error(
                    ("config_file",), "is missing.", f"Write config_file: {entry.name}.yaml"
                )
            return BotFile(), findings.within(())
        path = self._path.parent / name
        problem = self._unfit(path)
        if problem:
            remedy = f"Name the bot's own file, such as {entry.name}.yaml."
            findings.error(("config_file",), problem, remedy)
            return BotFile(), findings.within(())
        inside = Findings(file=self._label(path), bot=entry.name)
        file = persona_file.read(path, inside)
        self.secrets += inside.secrets
        self._compare_file(entry, file, inside)
        return file, inside

    @staticmethod
    def _unfit(path: Path) -> str:
        if path.is_dir():
            return "names a folder."
        if path.suffix not in persona_file.SUFFIXES:
            return f"must end in one of {', '.join(persona_file.SUFFIXES)}."
        return ""

    def _compare_file(self, entry: Entry, file: BotFile, findings: Findings) -> None:
        crossing.rates(file, findings)
        if file.storage:
            crossing.gaps(self._storage(file), findings)
        if file.bot and file.bot.name and file.bot.name.lower() != entry.name:
            findings.warning(
                ("bot", "name"),
                f"is not {entry.name}, the name in the fleet file.",
                "Is this the right file? The name in the fleet file counts.",
            )

    def _storage(self, file: BotFile) -> Storage:
        return effective.storage(file, self._fleet_file)

    def _keep_secret(self, written: object) -> None:
        """Remember what no fault may show."""
        if not isinstance(written, str):
            return
        variable = credential.reference(written)
        hidden = self._environment.get(variable, "") if variable else written
        self.secrets.append(Secret(hidden.strip()))

    def _compare(self) -> None:
        crossing.names(self._candidates)
        crossing.tokens(self._candidates)
        crossing.patterns(self._candidates)
        if self._candidates and not any(each.bot and each.bot.enabled for each in self._candidates):
            self._shared.warning(("bots",), "are all disabled.", "Enable one to have it run.")
