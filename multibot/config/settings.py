"""The MULTIBOT_* settings, read from a mapping that the caller passes in."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

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
        return cls.model_validate(_MappingSource(cls, environment)())
