"""The stack deployed by `sam deploy --guided` into the emulator of AWS, and at work there: a webhook comes
in, the emulator's SQS source drives the processor to a posted comment, and what goes wrong is mended.

    python -m emulated.deployed TARGET BOOTSTRAPS AFTERHOOK

TARGET is Cargo's target directory, BOOTSTRAPS has FUNCTION/bootstrap, AFTERHOOK is the command, built with
its AWS adapters.
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from .interface import parent, processes
from .processes import KEYS, Failed, emulator, impatient, standin, until
from .stack import Stack, deploy
from .template_copy import write

TOKEN = "token-of-the-check-of-the-deployed-stack"
# A message is a dead letter after so many receives.
RECEIVES = 2
# A message that is none of ours comes back after a minute, by the processor's word.
TO_DEAD_LETTERS = 60 * RECEIVES + 30
# Seconds: the servers close idle connections, and environments are frozen for longer.
IDLE, FROZEN = 2, 4
WORK = 60


def say(text):
    print(f"  {text}", flush=True)


def main(target, bootstraps, afterhook):
    with (
        tempfile.TemporaryDirectory() as scratch,
        emulator(target, scratch) as (endpoint, emulator_id),
        standin(afterhook, "gemini") as gemini_itself,
        standin(afterhook, "github") as github_itself,
        impatient(gemini_itself, IDLE) as gemini,
        impatient(github_itself, IDLE) as github,
    ):
        folder = pathlib.Path(scratch) / "stack"
        write(folder, bootstraps, RECEIVES)
        print("the deployed stack:")
        deploy(folder, endpoint)
        say("sam deploy --guided, answered with Enter alone: deployed")
        stack = Stack(endpoint)
        stack.put_secret("ActSecretId", {
            "GEMINI_API_KEY": "key", "GEMINI_BASE_URL": gemini, "GITHUB_TOKEN": "token", "GITHUB_API_URL": github,
        })
        stack.put_secret("ConsoleSecretId", {"CONSOLE_TOKEN": f"check:{TOKEN}"})
        posted = Posted(github_itself)
        check_webhook(stack, posted)
        lost = lose_a_message(stack)
        lost_at = time.monotonic()
        check_partial_failure(stack, posted)
        check_thaw(stack, posted, emulator_id)
        check_not_ready(stack, emulator_id)
        check_dead_letters(stack, posted, afterhook)
        check_sweeper(stack, posted, lost, lost_at)


class Posted:
    """What the stand-in for GitHub has as comments."""

    def __init__(self, address):
        self.address = address

    def on(self, number):
        url = f"{self.address}/repos/octo/tidepool/issues/{number}/comments"
        request = urllib.request.Request(url, headers={"authorization": "Bearer token"})
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
        return []

    def wait(self, number):
        comments = until(f"a comment on issue {number}", WORK, lambda: self.on(number))
        if len(comments) != 1:
            raise Failed(f"issue {number} has {len(comments)} comments, not one")


def check_webhook(stack, posted):
    task_id = stack.webhook(1)
    posted.wait(1)
    ended = lambda: (task := stack.task(task_id, TOKEN))["status"] == "completed" and task
    task = until("the task's end", 10, ended)
    say(f"a webhook became a comment: {task['result']['output_url']}")


def check_partial_failure(stack, posted):
    """One batch: the healthy message is done, the poisoned one stays."""
    queue = stack.outputs["StandardLaneUrl"]
    stack.sources(False)
    stack.sqs.send_message(QueueUrl=queue, MessageBody='{"task_id":')
    stack.webhook(2)
    stack.sources(True)
    posted.wait(2)
    until("the healthy message's end", 10, lambda: stack.depth(queue) == (0, 1))
    say("of a batch, the healthy message was done, and the poisoned one comes back")


def check_dead_letters(stack, posted, afterhook):
    """A message that was received too often without being worked on, as with a throttled function, is a dead
    letter that names a task; `redrive` brings the task back to work and leaves the poisoned one."""
    queue, dead = stack.outputs["StandardLaneUrl"], stack.outputs["DeadLetterUrl"]
    until("the poisoned message among the dead letters", TO_DEAD_LETTERS, lambda: stack.depth(dead) == (1, 0))
    posted.wait(2)
    say(f"the poisoned message was retried, and is a dead letter after {RECEIVES} receives")
    stack.sources(False)
    stack.webhook(3)
    for _ in range(RECEIVES + 1):
        received = stack.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0, MaxNumberOfMessages=10)
        time.sleep(0.1)
    if received.get("Messages"):
        raise Failed(f"the message is no dead letter after {RECEIVES} receives")
    until("the second dead letter", 10, lambda: sum(stack.depth(dead)) == 2)
    stack.sources(True)
    outputs = stack.outputs
    variables = {
        "TASKS_TABLE": outputs["TasksTable"], "STATE_TABLE": outputs["StateTable"],
        "PAYLOAD_BUCKET": outputs["PayloadBucket"], "QUEUE_URL_EXPRESS": outputs["ExpressLaneUrl"],
        "QUEUE_URL_STANDARD": outputs["StandardLaneUrl"], "QUEUE_URL_BULK": outputs["BulkLaneUrl"],
        "QUEUE_URL_DEAD": dead, "AWS_ENDPOINT_URL": stack.endpoint, **KEYS,
    }
    done = subprocess.run(
        [str(afterhook), "redrive", "--aws", "--yes"], env={**os.environ, **variables}, capture_output=True, text=True,
        timeout=60,
    )
    if done.returncode != 0 or "1 sent back to work, 0 dropped, 1 kept" not in done.stdout:
        raise Failed(f"redrive ended with {done.returncode}: {done.stdout}{done.stderr}")
    posted.wait(3)
    say("redrive sent the dead letter of a task back to work, to a posted comment, and kept the poisoned one")


def check_thaw(stack, posted, emulator_id):
    """Environments are frozen for longer than any server keeps an idle connection."""
    frozen = [pid for pid in processes() if is_bootstrap(pid, emulator_id)]
    if len(frozen) < 2:
        raise Failed(f"{len(frozen)} bootstraps run; ingest and the processor should")
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(FROZEN)
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    task_id = stack.webhook(4)
    posted.wait(4)
    task = until("the task's end", 10, lambda: (task := stack.task(task_id, TOKEN))["status"] == "completed" and task)
    if task["attempts"] != 1:
        raise Failed(f"after the thaw, the task took {task['attempts']} attempts")
    say(f"{len(frozen)} bootstraps frozen for {FROZEN} s, then a webhook: done at the first attempt")


def is_bootstrap(pid, emulator_id):
    with contextlib.suppress(OSError):
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        return command.endswith(b"/bootstrap") and parent(pid) == emulator_id
    return False


def lose_a_message(stack):
    """A task whose message is gone, as after a region's worst day; the sweeper sees it by its due time."""
    stack.sources(False)
    task_id = stack.webhook(5)
    stack.sqs.purge_queue(QueueUrl=stack.outputs["StandardLaneUrl"])
    stack.sources(True)
    return task_id


def check_sweeper(stack, posted, task_id, lost_at):
    """Nothing invokes the sweeper here but the schedule. A received task is due after two minutes."""
    until("the sweeper's comment", 240, lambda: posted.on(5))
    if stack.task(task_id, TOKEN)["status"] != "completed":
        raise Failed("the task whose message was lost has not ended")
    waited = time.monotonic() - lost_at
    say(f"the schedule drove the sweeper, which brought back a task whose message was lost {waited:.0f} s ago")


def check_not_ready(stack, emulator_id):
    """Without a credential a batch goes back, loudly, and stays out of sight for minutes: two receives in a row
    would make a dead letter of it here."""
    credentials = stack.secret("ActSecretId")
    stack.put_secret("ActSecretId", {**credentials, "GEMINI_API_KEY": "", "GEMINI_BASE_URL": ""})
    end_bootstraps(emulator_id)
    stack.webhook(6)
    until("the metric NotReady", WORK, lambda: '"NotReady":1' in stack.log("ProcessorLogs"))
    time.sleep(3)
    visible, waiting = stack.depth(stack.outputs["StandardLaneUrl"])
    if visible or not waiting or stack.depth(stack.outputs["DeadLetterUrl"]) != (0, 0):
        raise Failed(f"the message that came without credentials does not wait: {visible} visible, {waiting} not")
    stack.put_secret("ActSecretId", credentials)
    end_bootstraps(emulator_id)
    say("without a credential the batch went back with the metric NotReady, and is no dead letter")


def end_bootstraps(emulator_id):
    """New environments read their secrets anew; old ones keep them for five minutes."""
    for pid in [pid for pid in processes() if is_bootstrap(pid, emulator_id)]:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    try:
        main(*(pathlib.Path(argument).resolve() for argument in sys.argv[1:4]))
    except Failed as failure:
        sys.exit(f"deployed: {failure}")
