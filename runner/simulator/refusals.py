"""Answers that say no: one exception, and one function for each documented refusal."""

from collections.abc import Mapping


class ApiError(Exception):
    """An error envelope on its way: status, code, message, and the parameter at fault."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.headers = dict(headers or {})

    def envelope(self) -> dict[str, object]:
        """``{"error": {"code", "message", "param"?}}``."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.param is not None:
            error["param"] = self.param
        return {"error": error}


def invalid(param: str, message: str) -> ApiError:
    """400 ``invalid_parameter``, naming the parameter."""
    return ApiError(400, "invalid_parameter", message, param=param)


def unusable_reference(param: str, message: str) -> ApiError:
    """400 in the upper case that the page on prompt avatars uses."""
    return ApiError(400, "INVALID_PARAMETER", message, param=param)


def unknown_reference(look_id: str) -> ApiError:
    """404 ``AVATAR_NOT_FOUND`` for an ``avatar_id``, in the same page's upper case."""
    return ApiError(404, "AVATAR_NOT_FOUND", f"Avatar {look_id} was not found.", param="avatar_id")


def unlisted_reference() -> ApiError:
    """400 about an ``avatar_id``, with a code that the page does not list and without its name."""
    return ApiError(400, "avatar_not_synced", "Something that was referred to is not there yet.")


def no_look(look_id: str) -> ApiError:
    """404 for a look in a path."""
    return ApiError(404, "avatar_not_found", f"Look {look_id} was not found.")


def no_group(group_id: str, param: str | None = None) -> ApiError:
    """404 for a group, in a path or in a field."""
    message = f"Avatar group {group_id} was not found."
    return ApiError(404, "avatar_group_not_found", message, param=param)


def no_asset(asset_id: str, param: str | None = None) -> ApiError:
    """404 for an upload that is unknown, or no longer there."""
    return ApiError(404, "asset_not_found", f"Asset {asset_id} was not found.", param=param)


def not_found(what: str) -> ApiError:
    """404 for anything else."""
    return ApiError(404, "not_found", f"{what} was not found.")


def not_yours(what: str, param: str | None = None) -> ApiError:
    """403 for what everybody may see and nobody here may change."""
    return ApiError(403, "resource_access_denied", f"{what} belongs to HeyGen.", param=param)


def forbidden() -> ApiError:
    """403 that does not say what it is about: what was asked for, or who asks."""
    return ApiError(403, "forbidden", "This is forbidden.")


def too_large(limit: int, param: str | None = None) -> ApiError:
    """413 for a body beyond its limit in bytes."""
    message = f"The body is larger than {limit:,} bytes."
    return ApiError(413, "payload_too_large", message, param=param)
