"""A deployed stack in the emulator, as an operator sees it: its outputs, its functions, its queues."""

import copy
import hashlib
import hmac
import json
import os
import subprocess
import time

import boto3

from .interface import sample
from .processes import KEYS, Failed

NAME = "afterhook-here"


def deploy(folder, endpoint):
    """`sam deploy --guided` as the README says it, with nothing but Enter for an answer. A question that
    has no good default, such as the one about routes without authentication, ends it."""
    command = ["sam", "deploy", "--guided", "--template-file", "template.yaml", "--stack-name", NAME]
    command += ["--region", KEYS["AWS_REGION"]]
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": endpoint, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(
        command, cwd=folder, env=environment, input="\n" * 60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=180,
    )
    if "has no authentication" in done.stdout:
        raise Failed(f"guided deploy asks about routes without authentication:\n{done.stdout}")
    if done.returncode != 0 or "Successfully created/updated stack" not in done.stdout:
        raise Failed(f"guided deploy, answered with Enter alone, ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class Stack:
    """The clients, and what the outputs name."""

    def __init__(self, endpoint):
        session = boto3.Session(
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name=KEYS["AWS_REGION"],
        )
        self.endpoint = endpoint
        self.lambda_ = session.client("lambda", endpoint_url=endpoint)
        self.sqs = session.client("sqs", endpoint_url=endpoint)
        self.dynamo = session.client("dynamodb", endpoint_url=endpoint)
        self.logs = session.client("logs", endpoint_url=endpoint)
        self.secrets = session.client("secretsmanager", endpoint_url=endpoint)
        cloud = session.client("cloudformation", endpoint_url=endpoint)
        stack = cloud.describe_stacks(StackName=NAME)["Stacks"][0]
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise Failed(f"the stack is {stack['StackStatus']}: {stack.get('StackStatusReason')}")
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        resources = cloud.describe_stack_resources(StackName=NAME)["StackResources"]
        self.ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}

    def put_secret(self, output, values):
        self.secrets.put_secret_value(SecretId=self.outputs[output], SecretString=json.dumps(values))

    def secret(self, output):
        return json.loads(self.secrets.get_secret_value(SecretId=self.outputs[output])["SecretString"])

    def invoke(self, function, event):
        """Through the alias, as API Gateway does."""
        answer = self.lambda_.invoke(
            FunctionName=self.outputs[function], Qualifier="live", Payload=json.dumps(event).encode()
        )
        said = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise Failed(f"{function} failed: {said}")
        return said

    def webhook(self, number):
        """A GitHub issue with this number, signed with the stack's own secret; the id of its task."""
        event = json.loads(sample("ingest-github-issue"))
        body = json.loads(event["body"])
        body["issue"]["number"] = number
        body["issue"]["html_url"] = f"https://github.com/octo/tidepool/issues/{number}"
        # As old as a real one: an event of weeks ago is stale where it is deployed.
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        body["issue"]["created_at"] = body["issue"]["updated_at"] = now
        event["body"] = json.dumps(body)
        secret = self.secret("VerifySecretId")["GITHUB_WEBHOOK_SECRET"].encode()
        digest = hmac.new(secret, event["body"].encode(), hashlib.sha256).hexdigest()
        event["headers"]["x-hub-signature-256"] = f"sha256={digest}"
        event["headers"]["content-length"] = str(len(event["body"]))
        answer = self.invoke("IngestFunction", event)
        if answer["statusCode"] != 202:
            raise Failed(f"the webhook was answered with {answer}")
        return json.loads(answer["body"])["task_id"]

    def task(self, task_id, token):
        """The task by the deployed console's API."""
        event = json.loads(sample("console-show"))
        event = copy.deepcopy(event)
        event |= {"rawPath": f"/tasks/{task_id}", "pathParameters": {"proxy": task_id}}
        event["requestContext"]["http"]["path"] = f"/tasks/{task_id}"
        event["headers"]["authorization"] = f"Bearer {token}"
        answer = self.invoke("ConsoleFunction", event)
        if answer["statusCode"] != 200:
            raise Failed(f"the console was asked for {task_id} and answered with {answer}")
        return json.loads(answer["body"])

    def depth(self, url):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return tuple(int(found[name]) for name in names)

    def sources(self, enabled):
        """Switches the event sources of the processor on or off."""
        for mapping in self.lambda_.list_event_source_mappings()["EventSourceMappings"]:
            self.lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)

    def log(self, resource):
        """What a function has logged."""
        group = self.ids[resource]
        events = self.logs.filter_log_events(logGroupName=group)["events"]
        return "\n".join(event["message"] for event in events)
