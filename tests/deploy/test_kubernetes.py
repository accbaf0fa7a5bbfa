"""The manifests, rendered as `kubectl apply -k` does, against the API's schemas and the restricted pod security standard."""

import re
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import __version__
from tests.deploy.tools import DEPLOY, need, read_as_set, run

FOLDER = DEPLOY / "kubernetes"
OVERLAYS = sorted(path.name for path in (FOLDER / "overlays").iterdir())
MOUNTED = "/run/secrets/smtpbot"
Manifest = dict[str, Any]


def render(overlay: str) -> list[Manifest]:
    """All objects of an overlay; skips where kubectl is missing or older than Kustomize 5."""
    kubectl = need("kubectl") if _is_new_enough() else None
    if kubectl is None:
        pytest.skip("kubectl 1.27 or newer is not installed (kubernetes.io/docs/tasks/tools)")
    return list(yaml.safe_load_all(run(kubectl, "kustomize", FOLDER / "overlays" / overlay)))


def _is_new_enough() -> bool:
    try:
        told = subprocess.run(["kubectl", "version", "--client"], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return False
    return "Kustomize Version: v5" in told


def unrendered(overlay: str) -> list[Manifest]:
    """The objects that an overlay names, as they stand in their files."""
    found: list[Manifest] = []

    def collect(folder: Path) -> None:
        told = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
        for name in (*told.get("resources", ()), *told.get("components", ())):
            path = folder / name
            if path.is_dir():
                collect(path)
            else:
                found.extend(yaml.safe_load_all(path.read_text("utf-8")))

    collect(FOLDER / "overlays" / overlay)
    return found


def pods(objects: list[Manifest]) -> dict[str, Manifest]:
    """The pod template of each object that has one."""
    return {one["metadata"]["name"]: one["spec"]["template"] for one in objects if "template" in one.get("spec", {})}


def find(objects: list[Manifest], kind: str, name: str | None = None) -> Manifest:
    """The one object of a kind."""
    (found,) = [one for one in objects if one["kind"] == kind and name in (None, one["metadata"]["name"])]
    return found


def validate(objects: list[Manifest]) -> None:
    """Each against its schema, unknown fields refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kubernetes_validate

        for one in objects:
            kubernetes_validate.validate(one, "1.37", strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_files_are_what_the_api_takes(overlay: str) -> None:
    """Also without kubectl."""
    validate(unrendered(overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_renders_to_what_the_api_takes(overlay: str) -> None:
    """With this version's image everywhere, everything in one namespace, and no Secret in it."""
    objects = render(overlay)
    validate(objects)
    assert {(one["kind"], one["metadata"]["name"]) for one in objects} == {
        (one["kind"], one["metadata"]["name"]) for one in unrendered(overlay)
    }
    images = {container["image"] for pod in pods(objects).values() for container in pod["spec"]["containers"]}
    assert images == {f"registry.example.com/smtpbot:{__version__}"}
    assert "Secret" not in {one["kind"] for one in objects}
    assert {one["metadata"].get("namespace") for one in objects if one["kind"] != "Namespace"} == {"smtpbot"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_keep_to_the_restricted_standard(overlay: str) -> None:
    """The namespace enforces it, so a pod that does not would not start."""
    objects = unrendered(overlay)
    namespace = find(objects, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pods(objects)
    for pod in pods(objects).values():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not spec["automountServiceAccountToken"]
        assert all(set(volume) - {"name"} <= {"emptyDir", "secret"} for volume in spec["volumes"])
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            }  # fmt: skip
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_of_each_pod_are_read_without_a_problem(overlay: str, tmp_path: Path) -> None:
    """Names, secrets as mounted, and what the pod's name gives."""
    objects = render(overlay)
    shared = find(objects, "ConfigMap")["data"]
    for name, pod in pods(objects).items():
        (container,) = pod["spec"]["containers"]
        values = {one["name"]: one.get("value") or f"{name}-1" for one in container.get("env", ())}
        settings = read_as_set(shared | values, tmp_path / "secrets", MOUNTED)
        assert settings.database_url and not settings.database_migrate
        assert bool(settings.discord_token) == ("discord" in name)
        if name == "smtpbot-http":
            assert bool(settings.slack_client_id) == (overlay == "slack-workspaces") != bool(settings.slack_bot_token)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_that_selects_finds_its_pods(overlay: str) -> None:
    """Services, budgets, the network policy and the autoscaler."""
    objects = render(overlay)
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(objects).items()}
    for one in objects:
        spec = one.get("spec", {})
        selector = spec.get("selector") if one["kind"] == "Service" else (spec.get("selector") or spec.get("podSelector") or {}).get("matchLabels")  # fmt: skip
        if selector:
            wanted = set(labels) if one["kind"] == "NetworkPolicy" else {one["metadata"]["name"]}
            assert {name for name, has in labels.items() if selector.items() <= has.items()} == wanted, one["kind"]
        if one["kind"] == "HorizontalPodAutoscaler":
            assert find(objects, "Deployment", spec["scaleTargetRef"]["name"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_what_is_served(overlay: str) -> None:
    """Alive at /healthz, ready at /readyz with or without the store, at the port that SMTPBOT_LISTEN names."""
    objects = unrendered(overlay)
    port = int(find(objects, "ConfigMap")["data"]["SMTPBOT_LISTEN"].rpartition(":")[2])
    serving = [pod["spec"] for name, pod in pods(objects).items() if name != "smtpbot-migrate"]
    assert serving
    for spec in serving:
        (container,) = spec["containers"]
        asked = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
        assert asked == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz?exclude=store"}
        assert container["ports"] == [{"name": "http", "containerPort": port, "protocol": "TCP"}]
        assert spec["terminationGracePeriodSeconds"] >= 30


def test_discord_runs_as_many_processes_as_it_says() -> None:
    """Replicas and SMTPBOT_DISCORD_PROCESSES are one number, and each process has a shard."""
    stateful = find(unrendered("discord"), "StatefulSet")
    (container,) = stateful["spec"]["template"]["spec"]["containers"]
    values = {one["name"]: one.get("value") for one in container["env"]}
    assert stateful["spec"]["replicas"] == int(values["SMTPBOT_DISCORD_PROCESSES"])
    assert int(values["SMTPBOT_DISCORD_SHARDS"]) >= int(values["SMTPBOT_DISCORD_PROCESSES"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_first_line_names_every_secret_that_the_overlay_reads(overlay: str) -> None:
    """The Secret itself is the operator's."""
    told = (FOLDER / "overlays" / overlay / "kustomization.yaml").read_text("utf-8").splitlines()[0]
    objects = render(overlay)
    values = [*find(objects, "ConfigMap")["data"].values()]
    values += [
        one.get("value", "") for pod in pods(objects).values() for one in pod["spec"]["containers"][0].get("env", ())
    ]
    read = {value.removeprefix(f"{MOUNTED}/") for value in values if value.startswith(MOUNTED)}
    assert set(re.findall(r"\b[a-z]+_[a-z_]+\b", told)) == read
