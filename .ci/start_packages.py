"""Starts each package as Lambda would, under the runtime interface emulator, and invokes it with sample
events against an emulator of AWS whose tables and queues are made from template.yaml.

    python .ci/start_packages.py TARGET

TARGET is Cargo's target directory with lambda/FUNCTION/bootstrap. Runs in the virtual environment of
.ci/requirements.txt, and uses the AWS emulator that `cargo test` has installed in TARGET/emulator.
"""

import contextlib
import json
import os
import pathlib
import platform
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import boto3
import samcli
from samcli.yamlhelper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(sys.argv[1]).resolve()
ENVIRONMENT = json.loads((ROOT / "events/env.json").read_text())
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
SECONDS_TO_START = 30


class Failed(Exception):
    """A package does not do what it must; the text says which and how."""


def main():
    with tempfile.TemporaryDirectory() as scratch, emulator(scratch) as endpoint:
        variables = {**ENVIRONMENT["Parameters"], **create_resources(endpoint), **KEYS}
        ingest = {"ingest-health": 200, "ingest-github-issue": 202, "ingest-github-issue-base64": 202}
        ingest |= {"ingest-github-ping": 200, "ingest-github-forged": 401}
        check_http("ingest", variables, ingest)
        check_http("console", variables, {"console-list": 200, "console-show": 200})
        check_processor(variables)
        check_sweeper(variables)


def check_http(name, variables, expected):
    with package(name, variables) as invoke:
        for event, status in expected.items():
            answer = invoke(event)
            if answer.get("statusCode") != status:
                raise Failed(f"{name} answered {event}.json with {answer}, not with {status}")
            print(f"  {event}: {status}")


def check_processor(variables):
    """The malformed record comes back, and costs no more than itself."""
    event = "processor-batch-malformed"
    malformed = json.loads((ROOT / f"events/{event}.json").read_text())["Records"][1]["messageId"]
    with package("processor", variables) as invoke:
        answer = invoke(event)
        failures = [failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])]
        if malformed not in failures:
            raise Failed(f"processor answered {event}.json with {answer}; {malformed} must come back")
        print(f"  {event}: {len(failures)} of 3 come back")


def check_sweeper(variables):
    with package("sweeper", variables) as invoke:
        answer = invoke("sweeper-schedule")
        if not isinstance(answer, dict) or "errorMessage" in answer or answer.get("errors", 0):
            raise Failed(f"sweeper answered {answer}")
        print(f"  sweeper-schedule: {answer}")


@contextlib.contextmanager
def package(name, variables):
    """A started package, as a function from the name of a sample event to the answer."""
    function = f"{name.capitalize()}Function"
    http, api = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_FUNCTION_NAME": f"afterhook-{function}",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(TEMPLATE[function]["Properties"]["Timeout"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(TEMPLATE[function]["Properties"]["MemorySize"]),
        # On Lambda the layer puts it into /opt, where this machine has something else.
        "AFTERHOOK_CONFIG": str(ROOT / "agent/agent.toml"),
        **variables,
        **ENVIRONMENT.get(function, {}),
    }
    command = [interface_emulator(), "--runtime-interface-emulator-address", f"127.0.0.1:{http}"]
    command += ["--runtime-api-address", f"127.0.0.1:{api}", str(TARGET / "lambda" / name / "bootstrap")]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(http, process)
            print(f"{name}:")
            yield lambda event: invoke(http, event)
            print(f"  {init_report(log)}")
        except (Failed, OSError) as failure:
            log.seek(0)
            raise Failed(f"{failure}\n--- log of {name}\n{log.read().decode(errors='replace')}") from failure
        finally:
            process.terminate()
            process.wait()


def invoke(port, event):
    """One invocation; the emulator of the interface ends when two overlap."""
    body = (ROOT / f"events/{event}.json").read_bytes()
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=120) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ValueError) as error:
        raise Failed(f"{event}.json: {error}") from error


def init_report(log):
    """The line that says how long the package took to start; without it, it has not."""
    log.seek(0)
    found = re.search(rb"INIT REPORT\(?.*|INIT_REPORT.*|Init Duration: [0-9.]+ ms", log.read())
    if not found:
        raise Failed("it has not told Lambda that it is ready")
    return found.group().decode().strip()


def interface_emulator():
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    return str(pathlib.Path(samcli.__file__).parent / f"local/rapid/aws-lambda-rie-{machine}")


@contextlib.contextmanager
def emulator(scratch):
    """The AWS emulator of the tests; it ends when its standard input is closed."""
    python = TARGET / "emulator/venv/bin/python"
    if not python.exists():
        raise Failed(f"{python} is not there: `cargo test --workspace` installs it")
    port = free_port()
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "TMPDIR": scratch,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/none",
    }
    command = [python, ROOT / "tests/src/emulator/emulator.py"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    ) as process:
        wait_for(port, process)
        yield f"http://localhost:{port}"
        process.stdin.close()


def create_resources(endpoint):
    """Tables and queues as template.yaml has them; returns the variables that name them."""
    session = boto3.Session(
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        region_name=KEYS["AWS_REGION"],
    )
    names = ENVIRONMENT["Parameters"]
    dynamo, sqs, s3 = (session.client(name, endpoint_url=endpoint) for name in ("dynamodb", "sqs", "s3"))
    for variable, resource in (("TASKS_TABLE", "TasksTable"), ("STATE_TABLE", "StateTable")):
        table = TEMPLATE[resource]["Properties"]
        known = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
        dynamo.create_table(TableName=names[variable], **{key: table[key] for key in known if key in table})
    s3.create_bucket(Bucket=names["PAYLOAD_BUCKET"])
    variables = {"AWS_ENDPOINT_URL": endpoint}
    for lane in ("express", "standard", "bulk"):
        variable = f"QUEUE_URL_{lane.upper()}"
        name = names[variable].rsplit("/", 1)[-1]
        timeout = TEMPLATE[f"{lane.capitalize()}Lane"]["Properties"]["VisibilityTimeout"]
        queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(timeout)})
        variables[variable] = queue["QueueUrl"]
    return variables


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


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"start_packages: {failure}")
