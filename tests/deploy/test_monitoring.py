"""What Prometheus and Grafana are given: read by promtool, and every name in it is one that /metrics has."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from adapters.metrics import Metrics
from adapters.service import Service
from bot.app import Bot
from bot.settings import Settings
from bot.storage import MemoryStore
from tests.deploy.tools import DEPLOY, need, run

RULES = DEPLOY / "prometheus" / "rules.yml"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text("utf-8"))
BY_PROMETHEUS: dict[str, set[str]] = {"up": set(), "": {"job", "instance"}}  # a metric, and labels of each
Names = dict[str, set[str]]


def rules() -> list[dict[str, Any]]:
    """The alert rules."""
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    """Every query of the dashboard, with Grafana's variables filled in, and of every alert."""
    told = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    told = [expr.replace("$__rate_interval", "5m").replace("$job", "smtpbot") for expr in told]
    assert not [expr for expr in told if "$" in expr]
    return told + [rule["expr"] for rule in rules()]


@pytest.fixture(scope="module")
def exported(bot: Bot) -> Names:
    """The labels of each metric of a program that has answered and failed."""
    service = Service(Settings(), bot, MemoryStore())
    service.health["slack"] = lambda: {"http": True}
    service.telemetry.count("slack.event.taken")
    service.telemetry.note_reply("slack", "T1", bot.answer("550 5.1.1 User unknown"), 0.001)
    service.telemetry.note_vote("slack", True)
    found: Names = {}
    for family in text_string_to_metric_families(Metrics(service).write({"store": True}).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_alerts_are_what_prometheus_takes() -> None:
    """`promtool check rules`."""
    assert "SUCCESS" in run(need("promtool"), "check", "rules", RULES)


def test_alerts_fire_for_what_they_are_about(tmp_path: Path) -> None:
    """`promtool test rules`, over series made for each of them."""
    promtool = need("promtool")
    for path in (RULES, Path(__file__).with_name("rules_test.yml")):
        shutil.copy(path, tmp_path)
    assert "SUCCESS" in run(promtool, "test", "rules", tmp_path / "rules_test.yml")
    tested = re.findall(r"alertname: (\w+)", (tmp_path / "rules_test.yml").read_text("utf-8"))
    assert set(tested) == {rule["alert"] for rule in rules()}


def test_queries_of_the_dashboard_are_what_prometheus_takes(tmp_path: Path) -> None:
    """As recording rules, which promtool reads."""
    made = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions())]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": made}]}), "utf-8")
    assert f"{len(made)} rules found" in run(need("promtool"), "check", "rules", path)


@pytest.mark.parametrize("expression", expressions())
def test_every_name_is_exported(expression: str, exported: Names) -> None:
    """Metrics and labels; a name that is not there would show nothing, for ever."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    named = set(re.findall(r"\b(?:smtpbot|process|python)_\w+|\bup\b", bare))
    assert named
    assert named <= exported.keys() | BY_PROMETHEUS.keys()
    known = set().union(*(exported.get(name, set()) for name in named)) | BY_PROMETHEUS[""]
    grouped = [label.strip() for by in re.findall(r"\bby \(([^)]*)\)", bare) for label in by.split(",")]
    assert {*grouped, *re.findall(r'(\w+)\s*(?:=~|!=|!~|=)\s*""', bare)} <= known


def test_dashboard_fills_rows_of_24_without_gaps_or_overlaps() -> None:
    """As Grafana lays it out; every panel asks the chosen source."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        taken |= cells
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
    assert len(taken) == 24 * (1 + max(y for _, y in taken))
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
