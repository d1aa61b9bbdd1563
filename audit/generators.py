"""Generators within a block: it is entered for each of their steps, and left between them."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from functools import partial, wraps
from typing import Any


def in_steps(
    within: AbstractContextManager[None], function: Callable[..., Generator[Any, Any, Any]]
) -> Any:
    """The generator function, each of whose generators' steps is taken within the block."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        step = partial(next, generator)
        while True:
            with within:
                try:
                    item = step()
                except StopIteration as end:
                    return end.value
            try:
                step = partial(generator.send, (yield item))
            except GeneratorExit:
                with within:
                    generator.close()
                raise
            except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
                step = partial(generator.throw, error)

    return inner


def in_async_steps(
    within: AbstractContextManager[None], function: Callable[..., AsyncGenerator[Any, Any]]
) -> Any:
    """The same of an asynchronous one."""

    @wraps(function)
    async def inner(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        step = partial(anext, generator)
        while True:
            with within:
                try:
                    item = await step()
                except StopAsyncIteration:
                    return
            try:
                step = partial(generator.asend, (yield item))
            except GeneratorExit:
                with within:
                    await generator.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
                step = partial(generator.athrow, error)

    return inner
