"""What Discord says when it does not do what was asked: a status, a code and a sentence."""

from collections.abc import Mapping

from multibot.sandbox.entities import Json


class RefusalError(Exception):
    """Discord refuses a request; carries the whole answer."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: Json = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


class GatewayCloseError(Exception):
    """Discord ends a gateway connection; carries the close code and its reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def unauthorized() -> RefusalError:
    """Refuse a token that belongs to nobody."""
    return RefusalError(401, 0, "401: Unauthorized")


def no_route() -> RefusalError:
    """Refuse a path that does not exist."""
    return RefusalError(404, 0, "404: Not Found")


def missing_access() -> RefusalError:
    """Refuse to show a channel or guild that the caller cannot see."""
    return RefusalError(403, 50001, "Missing Access")


def missing_permissions() -> RefusalError:
    """Refuse an act that the caller's roles do not allow."""
    return RefusalError(403, 50013, "Missing Permissions")


_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "Interaction": 10062,
    "Application Command": 10063,
}


def unknown(what: str) -> RefusalError:
    """Say that there is no such thing."""
    return RefusalError(404, _UNKNOWN[what], f"Unknown {what}")


def invalid_field(path: str, code: str, message: str) -> RefusalError:
    """Refuse a body because of one field, named by a dotted path as Discord nests it."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for step in reversed(path.split(".")):
        errors = {step: errors}
    return RefusalError(400, 50035, "Invalid Form Body", errors=errors)
