"""The MULTIBOT_* settings, read from a mapping that the caller passes in."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from multibot.config.fault import Fault, nearest
from multibot.errors import ConfigError

PREFIX = "MULTIBOT_"
DISCORD_API = "https://discord.com/api/v10"

LogFormat = Literal["auto", "json", "pretty"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


def upper(value: object) -> object:
    """Accept a level in any case."""
    return value.upper() if isinstance(value, str) else value


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address") from None
    return parts


def _api_address(address: str) -> str:
    parts = _split(address.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must start with http:// or https:// and name a host")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be a plain address without a user, `?` or `#`")
    return address.strip().rstrip("/")


def sends_tokens_in_the_clear(address: str) -> bool:
    """Say whether tokens would leave this machine unencrypted."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


class _MappingSource(EnvSettingsSource):
    """pydantic-settings' environment source, over a mapping instead of the process's own."""

    def __init__(self, model: type[BaseSettings], environment: Mapping[str, str]) -> None:
        self._environment = environment
        super().__init__(model)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): text for name, text in self._environment.items() if text.strip()}


class Settings(BaseSettings):
    """What the environment decides for the whole fleet."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    home: Path | None = None
    config: Path | None = None
    discord_api: Annotated[str, AfterValidator(_api_address)] = DISCORD_API
    log_format: LogFormat = "auto"
    log_level: Annotated[LogLevel, BeforeValidator(upper)] | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave the process's own environment alone: values come from `from_environment`."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings from this mapping; an empty variable counts as not set."""
        settings, faults = cls.examine(environment)
        if any(fault.severity == "error" for fault in faults):
            raise ConfigError("\n".join(str(fault) for fault in faults))
        return settings

    @classmethod
    def examine(cls, environment: Mapping[str, str]) -> tuple[Self, list[Fault]]:
        """Read the settings, defaults in place of bad ones, and say what is wrong."""
        values = _MappingSource(cls, environment)()
        faults: list[Fault] = []
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            bad = {str(each["loc"][0]): _sentence(each) for each in error.errors()}
            faults = [_fault(name, sentence) for name, sentence in bad.items()]
            settings = cls.model_validate({k: v for k, v in values.items() if k not in bad})
        return settings, faults + _warnings(cls, settings, environment)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _sentence(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] == "literal_error":
        return f"must be {context['expected']}."
    return f"{context['error']}." if "error" in context else "has a value that does not fit."


def _fault(name: str, sentence: str) -> Fault:
    variable = _variable(name)
    return Fault(
        message=f"{variable} {sentence}",
        remedy="Correct it in .env or in the environment, or remove it.",
        variable=variable,
    )


def _warnings(
    model: type[Settings], settings: Settings, environment: Mapping[str, str]
) -> list[Fault]:
    known = list(model.model_fields)
    found = [_strange(name, known) for name in sorted(environment) if name.startswith(PREFIX)]
    if sends_tokens_in_the_clear(settings.discord_api):
        found.append(
            Fault(
                message="MULTIBOT_DISCORD_API sends the bots' tokens unencrypted to another machine.",
                remedy="Use https, or an address of this machine.",
                variable="MULTIBOT_DISCORD_API",
                severity="warning",
            )
        )
    return [fault for fault in found if fault]


def _strange(name: str, known: list[str]) -> Fault | None:
    """Speak up only for what looks like a slip: other programs may share the prefix."""
    word = name.removeprefix(PREFIX).lower()
    near = None if word in known else nearest(word, known)
    if near is None:
        return None
    near = _variable(near)
    return Fault(
        message=f"{name} is not a setting.",
        remedy=f"Did you mean {near}?",
        variable=name,
        nearest=near,
        severity="warning",
    )
