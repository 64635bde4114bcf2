"""The options of reading, which all commands that take exports have: listed once, passed as one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from centiles import grouped_help as at
from centiles.options import codes

Preset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The layout of the export, only needed where it is not recognised by itself: a .toml "
        "file of one, or growthcleanr, fhir, long, wide, ncmp, ncmp-enhanced, sheet, csds, "
        "systmone, emis, vision, opensafely or opensafely-wide.",
        rich_help_panel=at.READ,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        help="A file that says which column is which, and in what unit.",
        rich_help_panel=at.READ,
    ),
]
DateFormat = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        help="dd/mm/yyyy or mm/dd/yyyy; only needed if every date of a file fits both.",
        rich_help_panel=at.READ,
    ),
]
SexCodes = Annotated[
    str | None,
    typer.Option(
        metavar="CODES",
        help="What the codes in the sex column mean, such as 0=male,1=female.",
        rich_help_panel=at.READ,
    ),
]
GestationDecimals = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT",
        help="What a gestation of 38.6 is: weeks (38.6 weeks) or days (38 weeks and 6 days).",
        rich_help_panel=at.READ,
    ),
]
NeverMerge = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Identifiers that are not one child, however they hang together: a table with a line "
        "of headers and those of one mistake on each row.",
        rich_help_panel=at.READ,
    ),
]


@dataclass(frozen=True)
class Reading:
    """How exports are read; the fields are the options, in words."""

    preset: Preset = None
    config: ConfigFile = None
    date_format: DateFormat = None
    sex_codes: SexCodes = None
    gestation_decimals: GestationDecimals = None
    never_merge: NeverMerge = None

    def configured(self, exports: Sequence[Path]) -> Reading:
        """Return these, with the nearest configuration if none is given; say if one was found."""
        from centiles.records.configs import found_upward

        if self.config is None and (config := found_upward(exports)) is not None:
            typer.echo(f"configuration: {config}", err=True)
            return replace(self, config=config)
        return self

    def keywords(self) -> dict[str, Any]:
        """Return the options as :func:`centiles.read` takes them."""
        return self.recorded() | {"config": self.config, "sex_codes": codes(self.sex_codes)}

    def recorded(self) -> dict[str, Any]:
        """Return the options as run.json has them: what was typed, files by their names."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: str(value) if isinstance(value, Path) else value for name, value in given.items()
        }


AS_IT_IS: Final = Reading()  # everything as it is recognised


def with_reading(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose parameter ``reading`` is, for Typer, the options of reading."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    shared = inspect.signature(Reading, eval_str=True).parameters.values()
    each = [given for one in own for given in (shared if one.name == "reading" else [one])]
    names = [given.name for given in shared]

    @wraps(command)
    def taken_apart(**given: Any) -> None:
        reading = Reading(**{name: given.pop(name) for name in names})
        command(reading=reading, **given)

    parameters = [given.replace(kind=inspect.Parameter.KEYWORD_ONLY) for given in each]
    vars(taken_apart)["__signature__"] = inspect.Signature(parameters)
    taken_apart.__annotations__ = {given.name: given.annotation for given in each}
    return taken_apart
