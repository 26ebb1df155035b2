"""The options a plug-in declares as a frozen dataclass become grammar, and what was given is read."""

from __future__ import annotations

import warnings
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, get_type_hints

from pydantic import Field, PydanticUserError, create_model

from evalkit.core.errors import PluginError
from evalkit.core.model import Json
from evalkit.spec.document import Trail
from evalkit.spec.problems import Problems
from evalkit.spec.words import Strict


@cache
def options_model(options: type, hidden: frozenset[str] = frozenset()) -> type[Strict]:
    """Return the grammar of a plug-in's options, without those that are not the user's to give.

    Raises:
        PluginError: the options are of types that no file could give.
    """
    name = f"{options.__module__}.{options.__name__}"
    try:
        hints = get_type_hints(options)
        given: dict[str, Any] = {
            field.name: (hints[field.name], _default(field))
            for field in fields(options)
            if field.name not in hidden
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an option may be called json or schema
            model = create_model(name, __base__=Strict, **given)
            model.model_rebuild()  # now, while it is known whose options these are
            return model
    except (NameError, TypeError, PydanticUserError) as cause:
        reason = str(cause).splitlines()[0]
        raise PluginError(f"{name} cannot be read as options: {reason}") from cause


def options_of(
    options: type,
    given: dict[str, Json],
    filled: dict[str, object],
    problems: Problems,
    trail: Trail,
) -> object | None:
    """Return an instance of the options, or ``None`` after noting what is wrong.

    Args:
        options: the plug-in's dataclass.
        given: the options as the user wrote them.
        filled: the options that evalkit fills from the snapshots.
        problems: where problems are noted.
        trail: where the options stand in the document.
    """
    read = problems.checked(options_model(options, frozenset(filled)), given, trail)
    if read is None:
        return None
    values = {name: getattr(read, name) for name in type(read).model_fields}
    try:
        made: object = options(**values, **filled)
    except ValueError as error:
        problems.add(trail, str(error))
        return None
    return made


def _default(field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return Field(default_factory=field.default_factory)
    return ...
