"""What only shows when several keys, or several bots, are looked at together."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from multibot.config.credential import Credential
from multibot.config.fault import Findings
from multibot.config.fleet import Activity, Bot, CrossBot, Storage
from multibot.config.schema import BehaviourPart, BotFile, Entry, FleetFile, GlobalPart, Said


@dataclass(slots=True, kw_only=True)
class Candidate:
    """One item of `bots` while it is examined: what it says, and what was found in its files."""

    findings: Findings
    entry: Entry
    credential: Credential = field(default_factory=Credential)
    bot: Bot | None = None
    file_findings: Findings


def shared(fleet: FleetFile, findings: Findings) -> None:
    """Compare what the fleet file says in two places."""
    globals_ = fleet.global_settings
    if globals_ is None:
        return
    if fleet.storage:
        _same(findings, "session_timeout", globals_, fleet.storage, "storage")
    if fleet.limits:
        _same(findings, "max_concurrent_responses", globals_, fleet.limits, "limits")


def _same(findings: Findings, key: str, first: Said, second: Said, section: str) -> None:
    one, other = getattr(first, key), getattr(second, key)
    if one is not None and other is not None and one != other:
        findings.error(
            ("global_settings", key), f"is not what {section}.{key} says.", "Remove one of them."
        )


def rates(file: BotFile, findings: Findings) -> None:
    """Compare the two keys of a bot file that mean the same."""
    rate = file.rate_limit
    if rate and rate.enabled and file.limits:
        one, other = rate.max_requests_per_minute, file.limits.max_requests_per_minute
        if one is not None and other is not None and one != other:
            findings.error(
                ("rate_limit", "max_requests_per_minute"),
                "is not what limits.max_requests_per_minute says.",
                "Remove one of them.",
            )


def gaps(storage: Storage, findings: Findings) -> None:
    """Point out a gap that can never decide."""
    if storage.session_gap > storage.session_timeout:
        findings.warning(
            ("storage",),
            "has a session_gap longer than the session_timeout, so that it never decides.",
            "Make the gap the shorter one.",
        )


def talk(rules: CrossBot, findings: Findings) -> None:
    """Refuse limits of bot-to-bot talk that contradict each other."""
    if rules.max_chain > rules.max_bot_turns:
        findings.error(
            ("cross_bot", "max_chain"),
            f"is more than max_bot_turns ({rules.max_bot_turns}) ever lets bots say.",
            "Make max_chain the smaller one.",
        )
    if rules.inter_bot_delay >= rules.chain_expiry:
        findings.error(
            ("cross_bot", "inter_bot_delay"),
            "is not shorter than chain_expiry: every chain would be over before its next message.",
            "Make the delay the shorter one.",
        )
    if rules.inter_bot_delay >= (longest := rules.rules.retry_window):
        findings.error(
            ("cross_bot", "inter_bot_delay"),
            f"must be shorter than {longest.total_seconds():g} s: a turn that waits for longer is"
            " dropped.",
            "Make it shorter.",
        )


def speaking_up(rules: Activity, talk: CrossBot, findings: Findings) -> None:
    """Refuse odds that no roll can have, and point out what can never happen."""
    if rules.odds.post > 1:
        findings.error(
            ("activity", "post_chance"),
            f"and conversation_chance are together {rules.odds.post:g}, more than 1.",
            "Make them smaller: one roll decides between them.",
        )
    made = rules.rules(talk.pair_cooldown)
    if made.jitter >= made.interval:
        findings.error(
            ("activity", "jitter"), "is not shorter than the interval.", "Make it shorter."
        )
    for index, hours in enumerate(rules.quiet_hours):
        if hours.start == hours.end:
            findings.error(
                ("activity", "quiet_hours", index),
                "begins and ends at the same time, which would be the whole day.",
                "Write two times, or set activity.enabled: false.",
            )
    if rules.enabled and not talk.enabled and rules.odds.converse > 0:
        findings.warning(
            ("activity", "conversation_chance"),
            "has bots begin conversations, and cross_bot.enabled is false: they only post.",
            "Set cross_bot.enabled: true, or conversation_chance: 0.",
        )


def effects(part: BehaviourPart | GlobalPart | None, section: str, findings: Findings) -> None:
    """Say what a setting will do that had no effect in the original."""
    if part is None:
        return
    who = findings.bot or "every bot"
    probability = getattr(part, "response_probability", None)
    if probability is not None and probability < 1:
        share = round((1 - probability) * 100)
        findings.warning(
            (section, "response_probability"),
            f"makes {who} pass on about {share} % of the messages in its channels"
            " that are not addressed to it.",
            "Remove it to have all of them answered.",
        )
    low, high = part.response_delay or (0, 0)
    if high > 0:
        span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        findings.warning(
            (section, "response_delay"),
            f"makes {who} wait {span} s before each answer.",
            "Remove it to have no wait.",
        )


def names(candidates: Sequence[Candidate]) -> None:
    """Refuse two bots of one name."""
    first: dict[str, Candidate] = {}
    for each in candidates:
        if each.entry.name in first:
            other = dotted_entry(first[each.entry.name])
            each.findings.error(("name",), f"is also the name of {other}.", "Give it another name.")
        first.setdefault(each.entry.name, each)


def dotted_entry(candidate: Candidate) -> str:
    """Point at an item of `bots`."""
    return f"bots[{candidate.findings.base[-1]}]"


def tokens(candidates: Sequence[Candidate]) -> None:
    """Refuse two bots with one token: each would answer as the other."""
    by_variable: dict[str, Candidate] = {}
    by_token: dict[object, Candidate] = {}
    for each in candidates:
        variable, token = each.credential.variable, each.credential.token
        if variable in by_variable:
            _same_token(each, by_variable[variable], f"names {variable}, and so does")
        elif token is not None and token in by_token:
            other = by_token[token]
            _same_token(
                each, other, f"has in {variable} the same token as {other.credential.variable} of"
            )
        if variable:
            by_variable.setdefault(variable, each)
        if token is not None:
            by_token.setdefault(token, each)


def _same_token(candidate: Candidate, other: Candidate, message: str) -> None:
    candidate.findings.error(
        ("discord_token",),
        f"{message} {other.entry.name}.",
        "Each bot needs a Discord application and a token of its own.",
        variable=candidate.credential.variable,
    )


def patterns(candidates: Sequence[Candidate]) -> None:
    """Point out channels that several bots ask for: one of them answers there."""
    first: dict[str, tuple[Candidate, str]] = {}
    for each in candidates:
        if each.entry.enabled is False:
            continue
        for index, pattern in enumerate(each.entry.channels or ()):
            known = first.setdefault(pattern.casefold(), (each, pattern))
            if known[0] is not each:
                each.findings.warning(
                    ("channels", index),
                    f"is also a pattern of {known[0].entry.name}; one of them answers there.",
                    "That is fine if you mean it; priority decides who goes first.",
                )
