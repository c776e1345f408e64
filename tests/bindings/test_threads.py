# SPDX-License-Identifier: Apache-2.0
"""Many threads, and tasks of asyncio."""

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from librenku import AsyncClient, Closed, errors
from support.api import unique

THREADS, CALLS = 32, 10


def test_threads_share_a_client(client, make_token):
    """Each is somebody of its own, and sees nothing of the others."""
    start = threading.Barrier(THREADS)

    def work(number):
        user = client.on_behalf(token=make_token())
        slug = user.user_me()["username"]
        start.wait()
        names = [f"{number}-{call}" for call in range(CALLS)]
        made = [user.project_create({"name": name, "namespace": slug}) for name in names]
        assert [user.project_get(project["id"])["name"] for project in made] == names
        for project in made:
            with pytest.raises(errors.Stale):
                user.project_patch(project["id"], {"name": "x"}, if_match='"old"')
        assert {project["name"] for project in user.project_list_all(per_page=3)} >= set(names)
        return user.caller_id

    with ThreadPoolExecutor(THREADS) as pool:
        callers = list(pool.map(work, range(THREADS)))

    assert len(set(callers)) == THREADS


def test_calls_leave_the_interpreter_to_others(user, gate, in_thread):
    jobs = [in_thread(lambda: user.project_list(namespace=user.slug)) for _ in range(4)]

    gate.wait_for(4)  # all wait in the library at once, and this thread runs
    gate.open()

    assert [job.result() for job in jobs] == [[]] * 4


# --- asyncio ---


def threads_that_work() -> int:
    """How many threads of an AsyncClient are in the middle of a call."""
    names = {thread.ident for thread in threading.enumerate() if thread.name.startswith("librenku")}
    frames = [sys._current_frames().get(ident) for ident in names]
    return len([frame for frame in frames if frame and "librenku" in frame.f_code.co_filename])


@pytest.fixture
def run(config, make_token):
    """Runs a coroutine with a client of somebody."""

    def run(work, **more):
        async def main():
            async with AsyncClient(config, token=make_token(), **more) as client:
                client.slug = (await client.user_me())["username"]
                return await work(client)

        return asyncio.run(main())

    return run


def test_methods_are_awaited(run):
    async def work(client):
        made = await client.project_create({"name": unique("x"), "namespace": client.slug})
        changed = await client.project_patch(made["id"], {"name": "Other"}, if_match=made["etag"])
        answer = await client.call("project_get", project_id=made["id"], if_none_match=changed["etag"])
        await client.project_delete(made["id"])
        with pytest.raises(errors.NotFound):
            await client.project_get(made["id"])
        return changed["name"], answer.status, await client.authz_check("project", made["id"], "read")

    assert run(work) == ("Other", 304, False)


def test_many_tasks_run_on_few_threads(run):
    async def work(client):
        bodies = [{"name": f"{number}", "namespace": client.slug} for number in range(40)]
        made = await asyncio.gather(*(client.project_create(body) for body in bodies))
        pages = client.pages("project_list", namespace=client.slug, per_page=15)
        sizes = [len(page) async for page in pages]
        names = {item["name"] async for item in client.project_list_all(namespace=client.slug, per_page=7)}
        return {project["name"] for project in made} == names, sizes

    assert run(work, threads=4) == (True, [15, 15, 10])


def test_another_caller_shares_the_threads(run):
    async def work(client):
        service = await client.on_behalf(service="migrations")
        nobody = await client.on_behalf()
        found = service.caller_id, service.is_admin, nobody.caller_id, await nobody.version_get() is not None
        await service.close()
        with pytest.raises(Closed):
            await service.project_list()
        return *found, client.caller_id is not None

    assert run(work) == ("migrations", True, None, True, True)


def test_a_cancelled_task_ends_its_call(run, gate):
    async def work(client):
        gate.open()
        made = await client.project_create({"name": "x", "namespace": client.slug})
        gate.shut()
        change = client.project_patch(made["id"], {"name": "y"}, if_match=made["etag"])
        change, read = asyncio.create_task(change), asyncio.create_task(client.project_get(made["id"]))
        await asyncio.to_thread(gate.wait_for, 2)
        change.cancel()
        with pytest.raises(asyncio.CancelledError):
            await change
        gate.open()
        return await read == await client.project_get(made["id"]) == made

    assert run(work) is True


def test_a_task_that_waits_for_a_thread_never_begins(run, gate):
    async def work(client):
        first = asyncio.create_task(client.project_list())
        await asyncio.to_thread(gate.wait_for, 1)
        second = asyncio.create_task(client.project_create({"name": "x", "namespace": client.slug}))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        gate.open()
        await first
        return await client.project_list(namespace=client.slug)

    assert run(work, threads=1) == []


def test_a_deadline_of_asyncio_ends_the_call(run, gate):
    async def work(client):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.project_list(), 0.2)
        return threads_that_work()

    assert run(work) == 0


def test_pages_end_with_their_task(run, gate):
    async def work(client):
        async def read():
            return [item async for item in client.project_list_all()]

        task = asyncio.create_task(read())
        await asyncio.to_thread(gate.wait_for, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return threads_that_work()

    assert run(work, threads=1) == 0


def test_operators_work_with_asyncio(run):
    async def work(client):
        return (
            (await client.db_status()) != {}, (await client.db_check()) is not None, (await client.db_migrate())["applied"],
            (await client.db_verify()) is not None, "findings" in await client.doctor(), "#" in await client.authz_export(),
            (await client.authz_import(await client.authz_export())) is not None, await client.authz_lookup("project", "write"),
            (await client.authz_explain("project", "x", "read"))["allowed"], (await client.authz_admin("list")) is not None,
            (await client.dev_seed(users=1)) is not None,
        )  # fmt: skip

    assert run(work) == (True, True, [], True, True, True, True, [], False, True, True)


def test_watchers_of_long_work_hear_it(run):
    async def work(client):
        shares = []

        def hear(share, _what):
            shares.append(share)

        await client.db_migrate_with(hear)
        await client.db_verify_with(progress=hear)
        text = await client.authz_export_with(hear)
        await client.authz_import_with(text, progress=hear)
        return shares.count(1)

    assert run(work) == 4


def test_calls_after_close_are_refused(config):
    async def main():
        client = AsyncClient(config)
        await client.close()
        for call in (client.project_list, client.db_status, client.on_behalf, lambda: client.call("project_list")):
            with pytest.raises(Closed):
                await call()
        with pytest.raises(Closed):
            client.pages("project_list")

    asyncio.run(main())
