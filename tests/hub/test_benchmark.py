"""``eval.yaml`` names the leaderboards of a dataset, which results of models are filed under."""

import yaml

from crossomni.hub.benchmark import benchmark
from crossomni.scoring import GROUPS

SOURCE = {"source": "playhouse"}


def test_each_accuracy_of_the_metric_has_a_leaderboard():
    """Nine tasks and six averages, of the same rows."""
    told = yaml.safe_load(benchmark(SOURCE))
    assert [group.name for group in GROUPS] == [task["id"] for task in told["tasks"]]
    assert {("playhouse", "test")} == {(task["config"], task["split"]) for task in told["tasks"]}


def test_it_has_the_fields_of_the_hubs_specification():
    """Name and description for people; a framework only where one of the Hub's list is given."""
    assert ["name", "description", "tasks"] == list(yaml.safe_load(benchmark(SOURCE)))
    told = yaml.safe_load(benchmark({"source": "tvqa"}, "validation", framework="lighteval"))
    assert ["name", "description", "evaluation_framework", "tasks"] == list(told)
    assert ("CrossOmni (full)", "lighteval") == (told["name"], told["evaluation_framework"])
    assert {("full", "validation")} == {(task["config"], task["split"]) for task in told["tasks"]}
