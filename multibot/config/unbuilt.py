"""Sections that multibot will have and this version has not: said, never silently ignored."""

from multibot.config.fault import Findings

# Section -> what it is about.
_PRESENT = {"rooms": "rooms", "jobs": "jobs"}
_MODEL_KEYS = ("base_url", "model", "api_key", "timeout", "temperature", "max_tokens")
_REMEDY = "Remove it."


def drop(data: dict[str, object], findings: Findings) -> dict[str, object]:
    """Return the data without the sections of later versions; note each that asks for something."""
    kept = dict(data)
    for name, subject in _PRESENT.items():
        if name in kept:
            _judge(name, subject, kept.pop(name), findings)
    if isinstance(kept.get("llm"), dict):
        kept["llm"] = _scripted_only(kept["llm"], findings)
    return kept


def _judge(name: str, subject: str, section: object, findings: Findings) -> None:
    if not section:
        return
    enabled = section.get("enabled") if isinstance(section, dict) else None
    if enabled is False:
        return
    findings.error((name,), f"asks for {subject}, which this version does not have yet.", _REMEDY)


def _scripted_only(section: object, findings: Findings) -> dict[str, object]:
    kept = dict(section) if isinstance(section, dict) else {}
    if kept.get("provider") not in {None, "scripted"}:
        kept.pop("provider")
        findings.error(
            ("llm", "provider"),
            "asks for a model, which this version does not have yet.",
            "Write scripted, or remove it.",
        )
    for key in _MODEL_KEYS:
        if key in kept:
            kept.pop(key)
            findings.error(
                ("llm", key), "configures a model, which this version does not have yet.", _REMEDY
            )
    return kept
