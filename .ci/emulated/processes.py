"""The processes that the checks start: the emulator of AWS, stand-ins, a proxy that closes idle connections.

All listen on 127.0.0.1, and each is ended by its id when its context ends.
"""

import asyncio
import contextlib
import os
import pathlib
import re
import site
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
SECONDS_TO_START = 60


class Failed(Exception):
    """Something does not do what it must; the text says which and how."""


@contextlib.contextmanager
def emulator(target, scratch):
    """The AWS emulator of the tests, as its address; it ends when its standard input is closed.

    It expands SAM's templates with the translator of this virtual environment, and tells the functions
    that it runs where it listens."""
    python = target / "emulator/venv/bin/python"
    if not python.exists():
        raise Failed(f"{python} is not there: `cargo test --workspace` installs it")
    port = free_port()
    endpoint = f"http://localhost:{port}"
    environment = {
        **os.environ,
        **KEYS,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "TMPDIR": str(scratch),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/none",
        "PYTHONPATH": os.pathsep.join(site.getsitepackages()),
        "AWS_ENDPOINT_URL": endpoint,
    }
    log = open(target / "emulator/deployed.log", "wb")
    with log, subprocess.Popen(
        [python, ROOT / "tests/src/emulator/emulator.py"], env=environment, stdin=subprocess.PIPE,
        stdout=log, stderr=log, start_new_session=True,
    ) as process:
        wait_for(port, process)
        try:
            yield endpoint, process.pid
        finally:
            process.stdin.close()


@contextlib.contextmanager
def standin(command, service):
    """A stand-in of ours, as its address."""
    arguments = [str(command), "standin", service, "--port", "0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            said = process.stdout.readline()
            found = re.search(r"ready on (http://\S+)", said)
            if not found:
                raise Failed(f"the stand-in of {service} did not start: {said}")
            yield found.group(1)
        finally:
            process.terminate()


@contextlib.contextmanager
def impatient(address, idle_seconds):
    """A server before the one at `address` that closes a connection once nobody has spoken on it for
    `idle_seconds`, as real ones do after a minute or so; as its address."""
    host, port = address.removeprefix("http://").split(":")
    loop, ready = asyncio.new_event_loop(), threading.Event()
    listening = {}

    async def pass_on(reader, writer):
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            while data := await asyncio.wait_for(reader.read(65_536), idle_seconds):
                writer.write(data)
                await writer.drain()
        # Either direction ends the connection, as a server's idle limit does.
        writer.close()

    async def serve(reader, writer):
        upstream_reader, upstream_writer = await asyncio.open_connection(host, int(port))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(pass_on(reader, upstream_writer), pass_on(upstream_reader, writer))
        writer.close()
        upstream_writer.close()

    async def start():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        listening["port"] = server.sockets[0].getsockname()[1]
        ready.set()

    async def end_the_rest():
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def run():
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(end_the_rest())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{listening['port']}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, process):
    """Until something listens. A socket says so at once, so this asks often and never for long."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Failed(f"{process.args[0]} ended with {process.returncode} before it listened")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise Failed(f"{process.args[0]} did not listen within {SECONDS_TO_START} s")


def until(what, seconds, look, every=0.25):
    """The first true answer of `look`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(every)
