"""Starts each package as Lambda would, under the runtime interface emulator, and invokes it with every
sample event, against an emulator of AWS whose tables and queues are made from template.yaml, and the
stand-ins for Gemini and GitHub.

    python -m emulated.packages TARGET BOOTSTRAPS AFTERHOOK

TARGET is Cargo's target directory, BOOTSTRAPS has FUNCTION/bootstrap, AFTERHOOK is the command.
"""

import json
import pathlib
import sys
import tempfile

import boto3
from samcli.yamlhelper import yaml_parse

from .interface import package, sample
from .processes import KEYS, ROOT, Failed, emulator, impatient, standin

ENVIRONMENT = json.loads((ROOT / "events/env.json").read_text())
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
# What each sample event of an HTTP function is answered. Nothing is parked, so every decision is too late.
INGEST = {
    "ingest-health": 200, "ingest-github-issue": 202, "ingest-github-issue-base64": 202,
    "ingest-github-comment": 202, "ingest-github-ping": 200, "ingest-github-forged": 401,
}
CONSOLE = {
    "console-list": 200, "console-show": 200, "console-transcript": 200,
    "console-approve": 409, "console-reject": 409, "console-retry": 409,
}
# Seconds: the servers close idle connections, and the environment is frozen for longer.
IDLE, FROZEN = 2, 4


def main(target, bootstraps, afterhook):
    with (
        tempfile.TemporaryDirectory() as scratch,
        emulator(target, scratch) as (endpoint, _),
        standin(afterhook, "gemini") as gemini,
        standin(afterhook, "github") as github,
        impatient(endpoint, IDLE) as aws,
        impatient(gemini, IDLE) as gemini,
        impatient(github, IDLE) as github,
    ):
        tried = set()
        urls = {"AWS_ENDPOINT_URL": aws.replace("127.0.0.1", "localhost")}
        urls |= {"GEMINI_BASE_URL": gemini, "GITHUB_API_URL": github}
        resources = create_resources(endpoint)

        def start(name):
            function = f"{name.capitalize()}Function"
            variables = {**ENVIRONMENT["Parameters"], **ENVIRONMENT[function], **resources, **urls}
            return package(bootstraps, name, TEMPLATE[function]["Properties"], variables)

        with start("ingest") as ingest:
            said = check_http(ingest, INGEST, tried)
        comment = json.loads(said["ingest-github-comment"])["task_id"]
        with start("processor") as processor:
            check_processor(processor, tried)
            check_thaw(processor, comment)
        with start("console") as console:
            check_http(console, CONSOLE, tried)
            expect_ended_well(console, comment)
        with start("sweeper") as sweeper:
            check_sweeper(sweeper, tried)
        every = {path.stem for path in (ROOT / "events").glob("*.json")} - {"env"}
        if tried != every:
            raise Failed(f"not tried: {sorted(every - tried)}")


def check_http(function, expected, tried):
    """The bodies of the answers, by event."""
    bodies = {}
    for event, status in expected.items():
        answer = function.invoke(event)
        tried.add(event)
        if answer.get("statusCode") != status:
            raise Failed(f"{event}.json was answered with {answer}, not with {status}")
        bodies[event] = answer.get("body")
        print(f"  {event}: {status}")
    return bodies


def check_processor(processor, tried):
    """A record that is malformed and one that names no task come back, and cost no more than themselves."""
    name = "processor-batch-malformed"
    messages = [record["messageId"] for record in json.loads(sample(name))["Records"]]
    expect_back(processor, name, set(messages[1:]))
    expect_back(processor, "processor-batch", set())
    tried |= {name, "processor-batch"}


def check_thaw(processor, task_id):
    """Connections that their servers closed while the environment was frozen cost no failed task."""
    processor.frozen(FROZEN)
    event = json.loads(sample("processor-batch"))
    event["Records"][0] |= {"messageId": "after-the-thaw", "body": json.dumps({"task_id": task_id})}
    expect_back(processor, event, set())
    print(f"  after {FROZEN} s frozen, with connections that were closed after {IDLE} s: done")


def expect_back(processor, event, messages):
    answer = processor.invoke(event)
    failures = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [None])}
    if failures != messages:
        raise Failed(f"{event} was answered with {answer}; {messages or 'nothing'} must come back")
    if isinstance(event, str):
        print(f"  {event}: {len(failures)} come back")


def expect_ended_well(console, task_id):
    event = json.loads(sample("console-show"))
    path = f"/tasks/{task_id}"
    event |= {"rawPath": path, "pathParameters": {"proxy": task_id}}
    event["requestContext"]["http"]["path"] = path
    task = json.loads(console.invoke(event)["body"])
    # A draft that waits for a person was worked on, too.
    if task["status"] not in ("completed", "awaiting_approval") or task["attempts"] != 1:
        raise Failed(f"after the thaw, the task is {task['status']} after {task['attempts']} attempts: {task['error']}")


def check_sweeper(sweeper, tried):
    event = "sweeper-schedule"
    answer = sweeper.invoke(event)
    tried.add(event)
    if not isinstance(answer, dict) or "errorMessage" in answer or answer.get("errors", 0):
        raise Failed(f"{event}.json was answered with {answer}")
    print(f"  {event}: {answer}")


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
    variables = {}
    for lane in ("express", "standard", "bulk"):
        variable = f"QUEUE_URL_{lane.upper()}"
        name = names[variable].rsplit("/", 1)[-1]
        timeout = TEMPLATE[f"{lane.capitalize()}Lane"]["Properties"]["VisibilityTimeout"]
        queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(timeout)})
        variables[variable] = queue["QueueUrl"]
    return variables


if __name__ == "__main__":
    try:
        main(*(pathlib.Path(argument).resolve() for argument in sys.argv[1:4]))
    except Failed as failure:
        sys.exit(f"packages: {failure}")
