# SPDX-License-Identifier: Apache-2.0
"""The same client for asyncio: calls run in threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, AsyncIterator, Callable, Optional, Type, TypeVar

from ._admin import AdminTools, AsyncAdminTools
from ._async_operations import AsyncOperations
from ._call import Answer, Cancel, Operation, Parameters
from .client import Client, Settings
from .pages import AsyncPages

AnyAsyncClient = TypeVar("AnyAsyncClient", bound="AsyncClient")


class AsyncClient(AsyncOperations, AsyncAdminTools):
    """A Client whose methods are awaited.

    At most `threads` calls run at once. A call whose task is cancelled is ended in the library too, before the
    task goes on. As with a connection that breaks, a change that was being saved just then may be there or not.
    """

    def __init__(
        self,
        settings: Settings = None,
        *,
        token: Optional[str] = None,
        user: Optional[str] = None,
        service: Optional[str] = None,
        threads: int = 10,
    ) -> None:
        self._client = Client(settings, token=token, user=user, service=service)
        self._threads = ThreadPoolExecutor(threads, "librenku")
        self._owns = True

    async def on_behalf(
        self: AnyAsyncClient, *, token: Optional[str] = None, user: Optional[str] = None, service: Optional[str] = None
    ) -> AnyAsyncClient:
        """The same library on behalf of somebody else, or of nobody. It ends with this client at the latest."""
        other = type(self).__new__(type(self))
        other._client = await self._in_thread(partial(self._client.on_behalf, token=token, user=user, service=service))
        other._threads = self._threads
        other._owns = False
        return other

    async def close(self) -> None:
        """Waits for the calls that run, then gives everything back. Calls raise Closed from now on."""
        if not self._owns:
            self._client.close()
            return
        await asyncio.get_running_loop().run_in_executor(None, self._client.close)
        self._threads.shutdown(wait=False)

    async def __aenter__(self: AnyAsyncClient) -> AnyAsyncClient:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], problem: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.close()

    # --- the caller ---

    @property
    def caller_id(self) -> Optional[str]:
        """The id of the user or service; None for the anonymous caller."""
        return self._client.caller_id

    @property
    def is_admin(self) -> bool:
        """Whether the caller is a platform administrator or a service."""
        return self._client.is_admin

    # --- calls ---

    async def call(
        self,
        operation: str,
        body: Any = None,
        *,
        if_match: Optional[str] = None,
        if_none_match: Optional[str] = None,
        timeout: Optional[float] = None,
        request_id: Optional[str] = None,
        **parameters: Any,
    ) -> Answer:
        """Runs an operation by its name; the answer comes with status, ETag and headers."""
        call = partial(self._client.call, operation, body, **parameters)
        answer: Answer = await self._cancellable(
            partial(call, if_match=if_match, if_none_match=if_none_match, timeout=timeout, request_id=request_id)
        )
        return answer

    def pages(
        self, operation: str, *, timeout: Optional[float] = None, request_id: Optional[str] = None, **parameters: Any
    ) -> AsyncPages:
        """Iterates over the pages of a list, each a list of items."""
        cancel = Cancel()
        pages = self._client.pages(operation, timeout=timeout, request_id=request_id, cancel=cancel, **parameters)
        return AsyncPages(pages, partial(self._with, cancel))

    async def _run(self, operation: Operation, parameters: Parameters, body: Any = None, **options: Any) -> Any:
        return await self._cancellable(partial(self._client._run, operation, parameters, body, **options))

    async def _items(self, operation: Operation, parameters: Parameters, **options: Any) -> AsyncIterator[Any]:
        named = {name.decode(): value for name, value in parameters}
        async for item in self.pages(operation.name, **options, **named).items():
            yield item

    @property
    def _tools(self) -> AdminTools:
        return self._client

    # --- threads ---

    async def _cancellable(self, function: Callable[..., Any]) -> Any:
        cancel = Cancel()
        return await self._with(cancel, partial(function, cancel=cancel))

    async def _with(self, cancel: Cancel, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls in a thread; when the task is cancelled, so is the call, and the task waits for its end."""
        job = self._submit(function, *arguments)
        waiting = asyncio.wrap_future(job)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await _end(job, waiting, cancel)
            raise

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.wrap_future(self._submit(function, *arguments))

    def _submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """After a fork() nobody would take up the job."""
        self._client._acting()
        self._client._context.check_process()
        return self._threads.submit(function, *arguments)


async def _end(job: Future[Any], waiting: asyncio.Future[Any], cancel: Cancel) -> None:
    if job.cancel():
        return
    cancel.now()
    await asyncio.wait([waiting])
    if not waiting.cancelled():
        waiting.exception()  # nobody else will ask for it
