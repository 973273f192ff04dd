"""Cold starts, sizes and memory of the packages, beside a function that does nothing, in one run.

    python -m emulated.cold TARGET BOOTSTRAPS AFTERHOOK

As `emulated.packages`; BOOTSTRAPS has null-function/bootstrap besides. The packages start in turns, each time in
another order, so that what else this machine does meanwhile, and what started before, meets all of them.
"""

import contextlib
import hmac
import io
import json
import pathlib
import random
import re
import shutil
import statistics
import sys
import tempfile
import zlib

from .interface import package, sample
from .packages import ENVIRONMENT, TEMPLATE, create_resources
from .processes import Failed, emulator, standin

STARTS = 9
NULL = "null-function"
FUNCTIONS = ("ingest", "console", "processor", "sweeper")
# What each is asked first; the time of a start is told after the first answer.
FIRST = {"ingest": "ingest-health", "console": "console-list", "processor": "processor-batch", "sweeper": "sweeper-schedule"}
# Of a package as it is uploaded.
MAX_BYTES = 10_000_000
# Megabytes, resident: ingest after webhooks, the processor after a batch of ten.
MAX_MEMORY = {"ingest": 30, "processor": 50}
BATCH = 10


def main(target, bootstraps, afterhook):
    with (
        tempfile.TemporaryDirectory() as scratch,
        emulator(target, scratch) as (endpoint, _),
        standin(afterhook, "gemini") as gemini,
        standin(afterhook, "github") as github,
    ):
        fresh = copied(bootstraps, pathlib.Path(scratch) / "bootstraps")
        urls = {"AWS_ENDPOINT_URL": endpoint, "GEMINI_BASE_URL": gemini, "GITHUB_API_URL": github}
        variables = {**create_resources(endpoint), **urls}
        started = {name: [] for name in (NULL, *FUNCTIONS)}
        for turn in range(STARTS):
            for name in random.Random(turn).sample(list(started), len(started)):
                started[name].append(start(fresh, name, variables)[0])
        memory, tasks = {}, []
        for name in (NULL, *FUNCTIONS):
            _, memory[name], answers = start(fresh, name, variables, work(name, tasks))
            tasks += [json.loads(answer["body"])["task_id"] for answer in answers if name == "ingest"]
    sizes = {name: len(zlib.compress((bootstraps / name / "bootstrap").read_bytes(), 9)) for name in started}
    medians = {name: statistics.median(times) for name, times in started.items()}
    print(f"{'function':14} {'init, ms':>9} {'of null':>8} {'peak, MB':>9} {'zipped':>11}")
    for name, median in medians.items():
        print(f"{name:14} {median:9.1f} {median / medians[NULL]:7.1f}x {memory[name]:9.1f} {sizes[name]:11,}")
    most = 3 * medians[NULL] + 5
    print(f"ingest starts in {medians['ingest']:.1f} ms, and may in three times nothing and 5 ms, {most:.1f} ms")
    missed = list(too_much(memory, sizes))
    if medians["ingest"] > most:
        missed.append(f"ingest starts in {medians['ingest']:.1f} ms, more than {most:.1f}")
    if missed:
        raise Failed("; ".join(missed))


def copied(bootstraps, folder):
    """The packages anew: parts of a file that has lain for a while come from the disk, and are not what is measured."""
    for name in (NULL, *FUNCTIONS):
        (folder / name).mkdir(parents=True)
        shutil.copy(bootstraps / name / "bootstrap", folder / name)
    return folder


def too_much(memory, sizes):
    for name, most in MAX_MEMORY.items():
        if memory[name] > most:
            yield f"{name} needs {memory[name]:.0f} MB, more than {most}"
    for name, size in sizes.items():
        if size > MAX_BYTES:
            yield f"{name} has {size:,} bytes zipped, more than {MAX_BYTES:,}"


def start(bootstraps, name, variables, events=()):
    """Milliseconds until it was ready; its peak memory after `events`, in megabytes; what it answered them."""
    function = f"{name.capitalize()}Function"
    properties = TEMPLATE.get(function, {}).get("Properties", {"Timeout": 10, "MemorySize": 512})
    variables = {**ENVIRONMENT["Parameters"], **ENVIRONMENT.get(function, {}), **variables}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), package(bootstraps, name, properties, variables) as started:
        started.invoke(FIRST.get(name, {}))
        answers = [started.invoke(event) for event in events]
        memory = started.peak_megabytes()
    found = re.search(r"(?:durationMs|Init Duration): ([0-9.]+)", said.getvalue())
    if not found:
        raise Failed(f"{name} does not say how long it took to start: {said.getvalue()}")
    return float(found.group(1)), memory, answers


def work(name, tasks):
    """Ten webhooks for ingest; for the processor, one batch of the tasks that they became."""
    if name == "ingest":
        return [issue(100 + number) for number in range(BATCH)]
    if name != "processor":
        return []
    batch = json.loads(sample(FIRST[name]))
    record = batch["Records"][0]
    bodies = enumerate(json.dumps({"task_id": task}) for task in tasks)
    return [{**batch, "Records": [{**record, "messageId": f"m{number}", "body": body} for number, body in bodies]}]


def issue(number):
    """The sample issue under another number, signed anew."""
    event = json.loads(sample("ingest-github-issue"))
    body = json.loads(event["body"])
    body["issue"] |= {"number": number, "id": number}
    event["body"] = json.dumps(body)
    key = ENVIRONMENT["IngestFunction"]["GITHUB_WEBHOOK_SECRET"].encode()
    event["headers"]["x-hub-signature-256"] = "sha256=" + hmac.new(key, event["body"].encode(), "sha256").hexdigest()
    return event


if __name__ == "__main__":
    try:
        main(*(pathlib.Path(argument).resolve() for argument in sys.argv[1:4]))
    except Failed as failure:
        sys.exit(f"cold: {failure}")
