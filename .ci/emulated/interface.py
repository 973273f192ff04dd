"""One package under Lambda's runtime interface emulator, which is inside the sam command."""

import contextlib
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import certifi
import samcli

from .processes import KEYS, ROOT, Failed, free_port, wait_for
from .template_copy import MACHINE


class Package:
    """A started package: `invoke` takes the name of a sample event, or an event."""

    def __init__(self, port, process):
        self.port, self.process = port, process

    def invoke(self, event):
        """One invocation; the emulator of the interface ends when two overlap."""
        body = sample(event) if isinstance(event, str) else json.dumps(event).encode()
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=120) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ValueError) as error:
            raise Failed(f"{event}: {error}") from error

    def bootstrap(self):
        """The process of the package itself."""
        children = [pid for pid in processes() if parent(pid) == self.process.pid]
        if not children:
            raise Failed("there is no bootstrap below the emulator of the interface")
        return children[0]

    def frozen(self, seconds):
        """Stops it for so long, as Lambda freezes an environment between two invocations."""
        pid = self.bootstrap()
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    def peak_megabytes(self):
        status = pathlib.Path(f"/proc/{self.bootstrap()}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


@contextlib.contextmanager
def package(bootstraps, name, properties, variables):
    """The package `name`, with the memory and time-out that template.yaml gives it."""
    http, api = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_FUNCTION_NAME": f"afterhook-{name}",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(properties["Timeout"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
        # On Lambda the layer puts it into /opt, where this machine has something else.
        "AFTERHOOK_CONFIG": str(ROOT / "agent/agent.toml"),
        # Lambda has them in one file, Debian in hundreds besides, and all are read at each start.
        "SSL_CERT_FILE": certifi.where(),
        **KEYS,
        **variables,
    }
    command = [interface_emulator(), "--runtime-interface-emulator-address", f"127.0.0.1:{http}"]
    command += ["--runtime-api-address", f"127.0.0.1:{api}", str(bootstraps / name / "bootstrap")]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(http, process)
            print(f"{name}:")
            started = Package(http, process)
            yield started
            print(f"  {init_report(log)}; peak memory {started.peak_megabytes():.0f} MB")
        except (Failed, OSError) as failure:
            log.seek(0)
            raise Failed(f"{failure}\n--- log of {name}\n{log.read().decode(errors='replace')}") from failure
        finally:
            process.terminate()
            process.wait()


def sample(name):
    return (ROOT / f"events/{name}.json").read_bytes()


def init_report(log):
    """The line that says how long the package took to start; without it, it has not."""
    log.seek(0)
    found = re.search(rb"INIT REPORT\(?[^\n]*|INIT_REPORT[^\n]*|Init Duration: [0-9.]+ ms", log.read())
    if not found:
        raise Failed("it has not told Lambda that it is ready")
    return found.group().decode().strip()


def interface_emulator():
    return str(pathlib.Path(samcli.__file__).parent / f"local/rapid/aws-lambda-rie-{MACHINE[platform.machine()]}")


def processes():
    return [int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()]


def parent(pid):
    """The process that started it; `None` when it has ended meanwhile."""
    with contextlib.suppress(OSError):
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return None
