"""Checks of the deployed system on this machine: no cloud account, no Docker. `.ci/lambda` runs them."""
