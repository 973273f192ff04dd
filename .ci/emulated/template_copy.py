"""template.yaml as the emulator can deploy it: the same resources, less what it does not know.

What is changed, and why, stands here and nowhere else:
- CodeUri leads to the bootstraps that are to be tried, for the processor of this machine.
- The emulator has no layers outside Docker: AFTERHOOK_CONFIG says where agent.toml is.
- It has no CodeDeploy and no saved queries, and refuses alarms with metric math.
- It takes a bound of an event source only as a number, and keeps a parameter as a text.
"""

import platform
import shutil

from samcli.yamlhelper import yaml_dump, yaml_parse

from .processes import ROOT

UNKNOWN = ("AWS::Logs::QueryDefinition",)
MACHINE = {"x86_64": "x86_64", "aarch64": "arm64"}


def write(folder, bootstraps, receives):
    """Writes the copy to `folder`/template.yaml. A message is a dead letter after `receives` receives: the
    20 of production would take hours."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    shutil.copytree(ROOT / "agent", folder / "agent")
    of_all = template["Globals"]["Function"]
    of_all["Architectures"] = [MACHINE[platform.machine()]]
    of_all["Environment"]["Variables"]["AFTERHOOK_CONFIG"] = str(folder / "agent/agent.toml")
    parameters, resources = template["Parameters"], template["Resources"]
    for name, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        if resource["Type"] in UNKNOWN or "Metrics" in properties and resource["Type"].endswith("::Alarm"):
            del resources[name]
        elif resource["Type"] == "AWS::Serverless::Function":
            change_function(folder, bootstraps, parameters, resource)
        elif resource["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" in properties:
            properties["RedrivePolicy"] = {**properties["RedrivePolicy"], "maxReceiveCount": receives}
    path = folder / "template.yaml"
    path.write_text(yaml_dump(template))
    return path


def change_function(folder, bootstraps, parameters, resource):
    properties = resource.get("Properties", {})
    name = properties["CodeUri"].rsplit("/", 1)[-1]
    (folder / name).mkdir()
    shutil.copy(bootstraps / name / "bootstrap", folder / name / "bootstrap")
    properties["CodeUri"] = name
    del resource["Metadata"], properties["DeploymentPreference"]
    for event in properties["Events"].values():
        scaling = event["Properties"].get("ScalingConfig")
        if scaling:
            bound = parameters[scaling["MaximumConcurrency"]["Ref"]]["Default"]
            event["Properties"]["ScalingConfig"] = {"MaximumConcurrency": bound}
