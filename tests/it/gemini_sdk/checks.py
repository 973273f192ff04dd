"""Calls the Gemini API at the address in the first argument through Google's own SDK, once with each
version of the API, and prints what came of each check as one line of JSON.

A check is a function that fails by raising. It gets a client that they share, and the means to make
others.
"""

import json
import sys
import traceback
import uuid

from google import genai
from google.genai import errors, types
from pydantic import BaseModel

MODEL = "gemini-3.8-flash"
ALIAS = "gemini-flash-latest"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Options:
    """Makes clients, and keeps them, since the SDK closes the connections of one that is collected; the
    first is the one that the checks share."""

    def __init__(self, base_url, version):
        self.base_url, self.version, self.kept = base_url, version, []

    def client(self, key="a-key", **http):
        options = types.HttpOptions(base_url=self.base_url, api_version=self.version, timeout=20_000, **http)
        self.kept.append(genai.Client(api_key=key, http_options=options))
        return self.kept[-1]

    def with_fault(self, fault, **http):
        """A client whose calls go wrong in a way of their own."""
        return self.client(headers={"x-standin-fault": fault, "x-standin-fault-key": uuid.uuid4().hex}, **http)


def refused(kind, code, status, call):
    """The error of `call`, which must be of this kind, code and status."""
    try:
        answer = call()
    except errors.APIError as error:
        assert type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}"
        assert (error.code, error.status) == (code, status), f"{error.code} {error.status}"
        assert error.message, "an error without a message"
        return error
    raise AssertionError(f"{code} was expected, and there is an answer: {answer}")


def details(error):
    """The details of an error, by the last part of their type."""
    return {detail["@type"].rsplit(".", 1)[-1]: detail for detail in error.details["error"].get("details", [])}


def ask(client, model=MODEL, **config):
    return client.models.generate_content(model=model, contents="Why is the sky blue?", config=config or None)


# Generation


@check
def generate(client, _):
    answer = ask(client, system_instruction="Answer in one sentence.", max_output_tokens=200, temperature=0.2)
    assert answer.text
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert answer.model_version and answer.response_id
    usage = answer.usage_metadata
    spent = usage.candidates_token_count + (usage.thoughts_token_count or 0)
    assert usage.prompt_token_count > 0
    assert usage.total_token_count == usage.prompt_token_count + spent, usage


@check
def alias_is_known_to_the_beta_version_alone(client, options):
    if options.version == "v1":
        refused(errors.ClientError, 404, "NOT_FOUND", lambda: ask(client, model=ALIAS))
    else:
        assert ask(client, model=ALIAS).model_version not in (ALIAS, None)


@check
def stream(client, _):
    chunks = list(client.models.generate_content_stream(model=MODEL, contents="Explain webhooks at length."))
    assert len(chunks) > 1, "everything came in one piece"
    assert "".join(chunk.text or "" for chunk in chunks)
    assert chunks[-1].candidates[0].finish_reason is types.FinishReason.STOP
    assert chunks[-1].usage_metadata.total_token_count > 0


@check
def conversation(client, _):
    chat = client.chats.create(model=MODEL)
    assert chat.send_message("My issue is number 7.").text
    assert chat.send_message("Which number was it?").text
    assert [content.role for content in chat.get_history()] == ["user", "model", "user", "model"]


@check
def structured_output(client, _):
    class Step(BaseModel):
        title: str
        minutes: int

    class Plan(BaseModel):
        summary: str
        steps: list[Step]

    answer = ask(client, response_mime_type="application/json", response_schema=Plan)
    assert isinstance(answer.parsed, Plan), answer.text


@check
def structured_output_by_json_schema(client, _):
    schema = {"type": "object", "properties": {"kind": {"enum": ["bug", "question"]}}, "required": ["kind"]}
    answer = ask(client, response_mime_type="application/json", response_json_schema=schema)
    assert json.loads(answer.text)["kind"] in ("bug", "question"), answer.text


@check
def count_tokens(client, _):
    few = client.models.count_tokens(model=MODEL, contents="A short question.").total_tokens
    many = client.models.count_tokens(model=MODEL, contents="A much longer question. " * 50).total_tokens
    assert 0 < few < many, (few, many)


# Resources


@check
def models(client, _):
    listed = [model.name for model in client.models.list(config={"page_size": 3})]
    assert len(listed) == len(set(listed)) > 3, listed
    model = client.models.get(model=listed[0])
    assert model.name == listed[0]
    assert model.input_token_limit > 0 and model.output_token_limit > 0


@check
def context_caches(client, _):
    config = types.CreateCachedContentConfig(
        display_name="handbook",
        system_instruction="Answer from the handbook.",
        contents=[types.Content(role="user", parts=[types.Part(text="Chapter one of the handbook. " * 2_000)])],
        ttl="300s",
    )
    cache = client.caches.create(model=MODEL, config=config)
    cached = cache.usage_metadata.total_token_count
    assert cache.name.startswith("cachedContents/") and cached > 4_000
    assert client.caches.get(name=cache.name).display_name == "handbook"
    assert cache.name in [listed.name for listed in client.caches.list(config={"page_size": 1})]
    later = client.caches.update(name=cache.name, config=types.UpdateCachedContentConfig(ttl="3600s"))
    assert later.expire_time > cache.expire_time
    usage = ask(client, cached_content=cache.name).usage_metadata
    assert usage.cached_content_token_count == cached
    assert usage.prompt_token_count > cached, "the prompt's tokens include the cached ones"
    both = {"cached_content": cache.name, "system_instruction": "And be brief."}
    refused(errors.ClientError, 400, "INVALID_ARGUMENT", lambda: ask(client, **both))
    client.caches.delete(name=cache.name)
    gone = lambda: ask(client, cached_content=cache.name)
    refused(errors.ClientError, 403, "PERMISSION_DENIED", gone)


@check
def too_small_context_cache(client, _):
    small = types.CreateCachedContentConfig(system_instruction="Answer from the handbook.")
    create = lambda: client.caches.create(model=MODEL, config=small)
    refused(errors.ClientError, 400, "INVALID_ARGUMENT", create)


# Refusals


@check
def bad_request_is_400(client, _):
    empty = [types.Content(role="user", parts=[])]
    call = lambda: client.models.generate_content(model=MODEL, contents=empty)
    refused(errors.ClientError, 400, "INVALID_ARGUMENT", call)


@check
def wrong_key_is_400(_, options):
    error = refused(errors.ClientError, 400, "INVALID_ARGUMENT", lambda: ask(options.client(key="INVALID")))
    assert details(error)["ErrorInfo"]["reason"] == "API_KEY_INVALID"


@check
def unauthenticated_is_401(_, options):
    refused(errors.ClientError, 401, "UNAUTHENTICATED", lambda: ask(options.with_fault("401")))


@check
def forbidden_is_403(_, options):
    refused(errors.ClientError, 403, "PERMISSION_DENIED", lambda: ask(options.with_fault("403")))


@check
def unknown_model_is_404(client, _):
    refused(errors.ClientError, 404, "NOT_FOUND", lambda: ask(client, model="gemini-unheard-of"))


@check
def quota_is_429(_, options):
    error = refused(errors.ClientError, 429, "RESOURCE_EXHAUSTED", lambda: ask(options.with_fault("429")))
    found = details(error)
    assert float(found["RetryInfo"]["retryDelay"].removesuffix("s")) > 0
    assert "PerMinute" in found["QuotaFailure"]["violations"][0]["quotaId"]


@check
def quota_in_a_stream_is_429(_, options):
    client = options.with_fault("429")
    call = lambda: list(client.models.generate_content_stream(model=MODEL, contents="x"))
    refused(errors.ClientError, 429, "RESOURCE_EXHAUSTED", call)


@check
def overload_is_503(_, options):
    refused(errors.ServerError, 503, "UNAVAILABLE", lambda: ask(options.with_fault("503")))


@check
def overload_is_over_when_the_sdk_tries_again(_, options):
    patient = types.HttpRetryOptions(attempts=3, initial_delay=0.01, max_delay=0.02, jitter=0.01)
    assert ask(options.with_fault("503:2", retry_options=patient)).text


@check
def stream_that_breaks_is_an_error(_, options):
    pieces = options.with_fault("midstream").models.generate_content_stream(model=MODEL, contents="x")
    refused(errors.ServerError, 503, "UNAVAILABLE", lambda: list(pieces))


@check
def blocked_prompt_has_a_reason(_, options):
    answer = ask(options.with_fault("blocked"))
    assert not answer.candidates and answer.prompt_feedback.block_reason


def run(function, options):
    try:
        function(options.kept[0], options)
    except Exception:
        return traceback.format_exc(limit=-3)
    return None


for version in ("v1", "v1beta"):
    options = Options(sys.argv[1], version)
    options.client()
    for function in CHECKS:
        problem = run(function, options)
        print(json.dumps({"version": version, "check": function.__name__, "problem": problem}), flush=True)
