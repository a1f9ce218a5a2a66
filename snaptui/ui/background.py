"""Work of a screen that goes on beside it; a fault of our own in it is told, not swallowed."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar, cast

from textual.dom import DOMNode
from textual.worker import Worker

Parameters = ParamSpec("Parameters")
Node = TypeVar("Node", bound=DOMNode)


class TellsFaults(Protocol):
    """The application, which has one place for faults of our own."""

    def own_fault(self, error: Exception) -> None:
        """Log and show it."""


def background(
    group: str, *, exclusive: bool = False
) -> Callable[
    [Callable[Concatenate[Node, Parameters], Awaitable[None]]],
    Callable[Concatenate[Node, Parameters], Worker[None]],
]:
    """Make a coroutine method one that runs beside what calls it.

    Args:
        group: of the workers of its node.
        exclusive: what still runs of the group is given up first.
    """

    def made(
        method: Callable[Concatenate[Node, Parameters], Awaitable[None]],
    ) -> Callable[Concatenate[Node, Parameters], Worker[None]]:
        async def run(node: Node, *args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
            try:
                await method(node, *args, **kwargs)
            except Exception as error:  # nobody else looks at what a worker raises
                cast("TellsFaults", node.app).own_fault(error)

        @functools.wraps(method)
        def begin(
            node: Node, /, *args: Parameters.args, **kwargs: Parameters.kwargs
        ) -> Worker[None]:
            work = functools.partial(run, node, *args, **kwargs)
            return node.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)

        return begin

    return made
