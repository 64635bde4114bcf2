"""How far a long step is: a bar on a terminal, and nothing where output is kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

Progress = Callable[[int, int], None]

_LONG: Final = 300.0  # how far back the rate looks [s]: a batch may take a minute


@contextmanager
def told(what: str, of: str) -> Iterator[Progress | None]:
    """Give what is to be called with how much is done and how much there is; None if nobody sees.

    Parameters
    ----------
    what
        The step, in a word.
    of
        What is counted.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from datetime import timedelta

    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, Task, TextColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    at = [monotonic()]  # when something was told

    def clock(seconds: float) -> str:
        return str(timedelta(seconds=round(seconds)))

    class HowFar(ProgressColumn):
        """What is done, how fast, and how long that takes; what is not known is not shown."""

        def render(self, task: Task) -> Text:
            if task.total is None or task.finished:
                return Text(f"{clock(task.elapsed or 0)} so far")
            said = f"{task.completed:,.0f} of {task.total:,.0f} {of}"
            if task.speed:
                said += f", {task.speed:,.0f} a second"
                left = (task.total - task.completed) / task.speed - (monotonic() - at[-1])
                said += f", {clock(max(left, 0))} left"
            return Text(said)

    columns = (TextColumn(what), BarColumn(bar_width=16), HowFar())
    with Bar(
        *columns, console=Console(stderr=True), transient=True, refresh_per_second=2,
        speed_estimate_period=_LONG,
    ) as bar:  # fmt: skip
        task = bar.add_task(what, total=None)

        def tell(done: int, total: int) -> None:
            at.append(monotonic())
            bar.update(task, completed=done, total=total)

        yield tell
