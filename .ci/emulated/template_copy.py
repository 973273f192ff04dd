"""The bundle that `.ci/bundle` makes, changed to what the emulator can deploy: the same resources, less what it
does not know.

What is changed, and why, stands here and nowhere else:
- The emulator has no layers outside Docker: AFTERHOOK_CONFIG says where agent.toml is.
- It has no CodeDeploy, so no alarms of versions either, and no saved queries, and refuses alarms with metric math.
- It takes a bound of an event source only as a number, and keeps a parameter as a text.
"""

import platform
import subprocess

from samcli.yamlhelper import yaml_dump, yaml_parse

from .processes import ROOT

UNKNOWN = ("AWS::Logs::QueryDefinition",)
MACHINE = {"x86_64": "x86_64", "aarch64": "arm64"}


def write(folder, bootstraps, receives):
    """Makes the bundle in `folder`. A message is a dead letter after `receives` receives: the 20 of production
    would take hours."""
    bundle = ["bash", ROOT / ".ci/bundle", MACHINE[platform.machine()], bootstraps, folder]
    subprocess.run(bundle, check=True)
    path = folder / "template.yaml"
    template = yaml_parse(path.read_text())
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    variables["AFTERHOOK_CONFIG"] = str(folder / "agent/agent.toml")
    parameters, resources = template["Parameters"], template["Resources"]
    for name, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        if resource["Type"] in UNKNOWN or name.endswith("VersionAlarm") or is_computed_alarm(resource):
            del resources[name]
        elif resource["Type"] == "AWS::Serverless::Function":
            change_function(parameters, properties)
        elif resource["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" in properties:
            properties["RedrivePolicy"] = {**properties["RedrivePolicy"], "maxReceiveCount": receives}
    path.write_text(yaml_dump(template))


def is_computed_alarm(resource):
    return resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]


def change_function(parameters, properties):
    del properties["DeploymentPreference"]
    for event in properties["Events"].values():
        scaling = event["Properties"].get("ScalingConfig")
        if scaling:
            bound = parameters[scaling["MaximumConcurrency"]["Ref"]]["Default"]
            event["Properties"]["ScalingConfig"] = {"MaximumConcurrency": bound}
