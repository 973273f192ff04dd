"""What a deploy puts live: translates template.yaml as AWS does, changes one thing at a time, and sees that each
function gets a new version exactly where something that it runs with has changed.

    python -m emulated.versions
"""

import copy
import json
import sys

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from .processes import ROOT, Failed

REGION = "us-east-1"
FUNCTIONS = ("Ingest", "Console", "Processor", "Sweeper")
# Of a function and not of its version.
UNVERSIONED = ("ReservedConcurrentExecutions", "Tags")
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())


def main():
    before = translated()
    for name, parameter in TEMPLATE["Parameters"].items():
        compare(name, before, translated(parameters={name: another(parameter)}))
    for change, resource, member in (("the prompts", "AgentLayer", "ContentUri"), ("the code", None, "CodeUri")):
        after = translated(contents={member: "s3://bucket/another"})
        for function in FUNCTIONS:
            if version(before, function) == version(after, function):
                raise Failed(f"{change} changed, and {function} has no new version")
    print(f"versions: {len(TEMPLATE['Parameters'])} parameters, the prompts and the code go live")


def another(parameter):
    """A value that is not the default."""
    others = [value for value in parameter.get("AllowedValues", ()) if value != parameter["Default"]]
    return str(others[0] if others else 77 if parameter["Type"] == "Number" else "another")


def translated(parameters=(), contents=()):
    """The resources as CloudFormation gets them, the values of parameters filled in."""
    template = copy.deepcopy(TEMPLATE)
    contents = {"CodeUri": "s3://bucket/code", "ContentUri": "s3://bucket/agent", **dict(contents)}
    for resource in template["Resources"].values():
        for member in contents.keys() & resource.get("Properties", {}).keys():
            resource["Properties"][member] = contents[member]
    values = {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}
    values |= dict(parameters)
    session = boto3.session.Session(region_name=REGION)
    resources = Translator({}, Parser(), boto_session=session).translate(template, values)["Resources"]
    text = json.dumps(resources)
    for name, value in values.items():
        text = text.replace(json.dumps({"Ref": name}), json.dumps(value)).replace(f"${{{name}}}", value)
    return json.loads(text)


def compare(parameter, before, after):
    for function in FUNCTIONS:
        runs_with = changed(properties(before, function), properties(after, function))
        is_new = version(before, function) != version(after, function)
        if runs_with and not is_new:
            raise Failed(f"{parameter} changes {', '.join(runs_with)} of {function}, which has no new version")
        if is_new and not runs_with:
            raise Failed(f"{parameter} changes nothing of {function}, whose new version Lambda would refuse")


def properties(resources, function):
    return resources[f"{function}Function"]["Properties"]


def changed(before, after):
    return [name for name in before if name not in UNVERSIONED and before[name] != after.get(name)]


def version(resources, function):
    """Its name, by which SAM makes a new one, and what CloudFormation makes a new one for."""
    return next(
        (name, resource["Properties"].get("Description"))
        for name, resource in resources.items()
        if name.startswith(f"{function}FunctionVersion") and resource["Type"] == "AWS::Lambda::Version"
    )


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"versions: {failure}")
