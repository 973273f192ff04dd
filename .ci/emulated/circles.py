"""Expands template.yaml as CloudFormation's transform does, and looks for a circle among the references of its
resources, those of update policies included: linters leave these out, CloudFormation does not, and the emulator
is given a template without them.

    python -m emulated.circles
"""

import re
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

from .processes import ROOT


class NoManagedPolicies:
    """None is named."""

    def load(self):
        return {}


def main():
    template = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in template["Resources"].values():
        for uri in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][uri] = "s3://bucket/key"
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    resources = transform(template, defaults, NoManagedPolicies())["Resources"]
    graph = {name: references(resource) & resources.keys() - {name} for name, resource in resources.items()}
    circle = find_circle(graph)
    if circle:
        sys.exit(f"template.yaml: resources need each other in a circle: {' -> '.join(circle)}")
    print(f"{len(graph)} resources, no circle")


def references(value):
    """The names that a part of the template refers to."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, inner in value.items():
        if key == "Ref":
            found.add(inner)
        elif key == "Fn::GetAtt":
            found.add(inner[0] if isinstance(inner, list) else inner.split(".")[0])
        elif key == "Fn::Sub":
            text = inner[0] if isinstance(inner, list) else inner
            found |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
            found |= references(inner[1:]) if isinstance(inner, list) else set()
        elif key == "DependsOn":
            found |= {inner} if isinstance(inner, str) else set(inner)
        else:
            found |= references(inner)
    return found


def find_circle(graph):
    """Takes away what needs nothing that is left, until all is gone or only circles are left."""
    left = {name: set(needs) for name, needs in graph.items()}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    if not left:
        return []
    path = [min(left)]
    while True:
        following = min(left[path[-1]] & left.keys())
        if following in path:
            return [*path[path.index(following):], following]
        path.append(following)


if __name__ == "__main__":
    main()
