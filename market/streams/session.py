"""One connection to a venue's stream, from its opening to its end. It ends by raising StreamLost.

Market time says what was watched, wall time how long nothing came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from market import clock
from market.providers.stream_frames import FrameKind
from market.streams.connection import Connect, Connection, StreamLost
from market.streams.spec import StreamSpec


class Session:
    """``hear`` is given every message and returns what kind it was, None when it is unreadable.

    ``subscribed`` is called when the stream should begin to flow. ``delivering`` is set once it
    does, ``due`` when the connection is old enough to be replaced.
    """

    def __init__(
        self,
        spec: StreamSpec,
        connect: Connect,
        *,
        subscribed: Callable[[], None],
        hear: Callable[[str | bytes], FrameKind | None],
        look_every_s: float,
    ) -> None:
        self.delivering = asyncio.Event()
        self.due = asyncio.Event()
        self._spec = spec
        self._connect = connect
        self._subscribed = subscribed
        self._hear = hear
        self._look_every_s = look_every_s
        self.task: asyncio.Task[None] = asyncio.create_task(self._run())

    async def end(self) -> None:
        """Hang up, if that has not happened yet."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        spec = self._spec
        async with self._connect(spec.url) as connection:
            if spec.subscribe is None:
                self._subscribed()
            else:
                await connection.send(spec.subscribe)
            await self._follow(connection)

    async def _follow(self, connection: Connection) -> None:
        spec = self._spec
        opened_s = spoken_s = event_s = clock.wall_s()
        pinged_s: float | None = None  # a ping that is not answered yet
        while True:
            message = None
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_every_s):
                    message = await connection.receive()
            at_s = clock.wall_s()
            if message is not None:
                kind = self._hear(message)
                if kind is FrameKind.REJECTED:
                    raise StreamLost("the subscription was refused")
                if kind is FrameKind.SUBSCRIBED and spec.subscribe is not None:
                    self._subscribed()
                if kind is FrameKind.EVENT:
                    event_s = at_s
                    self.delivering.set()
                pinged_s = None  # whatever came, the other side is there
            if at_s - event_s > spec.silence_s:
                raise StreamLost(f"silent for {spec.silence_s:.0f} s")
            if pinged_s is not None and at_s - pinged_s > spec.pong_within_s:
                raise StreamLost("a ping was not answered")
            if spec.ping is not None and at_s - spoken_s >= spec.ping_every_s:
                await connection.send(spec.ping)
                spoken_s = at_s
                pinged_s = at_s if pinged_s is None else pinged_s
            if at_s - opened_s > spec.renew_after_s:
                self.due.set()


async def first_of(*awaited: asyncio.Task[None] | asyncio.Event) -> None:
    """Wait until a task has ended or an event is set."""
    looks = [
        asyncio.create_task(each.wait()) for each in awaited if isinstance(each, asyncio.Event)
    ]
    tasks = [each for each in awaited if isinstance(each, asyncio.Task)]
    try:
        await asyncio.wait([*looks, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for look in looks:
            look.cancel()
