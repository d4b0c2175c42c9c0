"""What deploy/ gives out, held against the tools that read it and against what the service promises."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from app import cli

HOUSE = Path(__file__).resolve().parent.parent
DEPLOY = HOUSE / "deploy"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
SYSTEMD = DEPLOY / "systemd"
USER = 10_001
# A node answers what it was asked, tells its pages to move and closes: docs/operations.md says within how long.
LONGEST_END = 45
MOST_EXPOSED = 20
"""Of a hundred, as systemd-analyze counts what a unit may do to its machine."""

Json = dict[str, Any]


def manifests() -> Iterator[Json]:
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        yield from (one for one in yaml.safe_load_all(file.read_text()) if one)


def the(kind: str, name: str = "") -> Json:
    those = [one for one in manifests() if one["kind"] == kind]
    (found,) = (one for one in those if not name or one["metadata"]["name"] == name)
    return found


def composed() -> Json:
    found: Json = yaml.safe_load(COMPOSE.read_text())
    return found


def node_services() -> list[Json]:
    services: Json = composed()["services"]
    return [one for name, one in services.items() if name.startswith("node-")]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def options_of(*names: str) -> set[str]:
    command: Any = get_command(cli)
    for name in names:
        command = command.commands[name]
    return {option for one in command.params for option in one.opts}


def options_of_serve() -> set[str]:
    return options_of("serve")


def backs_up(arguments: list[str], what: tuple[str, ...]) -> None:
    """These arguments are such a command with options it has, which keeps two days of hours."""
    assert tuple(arguments[: len(what)]) == what
    given = [argument for argument in arguments if argument.startswith("--")]
    assert {option.partition("=")[0] for option in given} <= options_of(*what)
    assert {"--keep=48", "--to=/backups/"} <= set(given)


BACKUPS = (("backup",), ("keys", "backup"))


# -- the proxy -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["you@example.org", "chat.pem chat.key"])
def test_the_proxys_file_is_read_by_the_proxy_and_has_its_format(tls: str, tmp_path: Path) -> None:
    caddy = shutil.which("caddy")
    assert caddy, "no caddy: apt-get install caddy"
    file, environment = DEPLOY / "proxy" / "Caddyfile", {"HELPLINE_TLS": tls, "HOME": str(tmp_path)}
    read = subprocess.run(
        [caddy, "adapt", "--config", file],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr
    assert "not formatted" not in read.stderr
    server = next(
        one for one in json.loads(read.stdout)["apps"]["http"]["servers"].values() if ":443" in one["listen"]
    )
    assert "logs" not in server, "an address beside a time is a trace of somebody"


def test_the_page_for_when_nobody_answers_leans_on_nothing_else() -> None:
    page = (DEPLOY / "proxy" / "away.html").read_text()
    assert not re.search(r"\b(src|style)=|<script|<style|https?://", page)
    assert {"tel:999", "tel:111"} <= set(re.findall(r'href="([^"]+)"', page))


# -- containers ----------------------------------------------------------------------------------------------------


def test_the_image_takes_what_it_needs_and_leaves_everything_else_out() -> None:
    text = (DEPLOY / "container" / "Containerfile").read_text()
    copied = {
        name.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
        for name in line.split()
    }
    assert all((HOUSE / name).exists() for name in copied)
    let_in = {line[1:] for line in (HOUSE / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_in == copied
    assert f"USER {USER}:{USER}" in text
    assert not re.search(r"https?://(?!127\.0\.0\.1)", text)


def test_every_node_of_the_composition_is_locked_down_and_may_end_in_peace() -> None:
    nodes = node_services()
    assert len(nodes) == 3
    for node in nodes:
        assert node["read_only"]
        assert node["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in node["security_opt"]
        assert seconds(node["stop_grace_period"]) > LONGEST_END
        assert {option.partition("=")[0] for option in node["command"][2:]} <= options_of_serve()
        assert "ports" not in node


def test_nothing_but_the_proxy_listens_outside_and_it_knows_every_node() -> None:
    services: Json = composed()["services"]
    assert [name for name, one in services.items() if "ports" in one] == ["proxy"]
    nodes = services["proxy"]["environment"]["HELPLINE_NODES"].split()
    assert nodes == [f"{name}:8080" for name in services if name.startswith("node-")]
    outside = {name for name, one in services.items() if "outside" in one["networks"]}
    assert outside == {"proxy", "node-1", "node-2", "node-3"}
    assert {
        name for name, network in composed()["networks"].items() if not (network or {}).get("internal")
    } == {"outside"}


def test_no_secret_stands_in_the_composition_and_each_is_a_file() -> None:
    composition = composed()
    given = set(composition["secrets"])
    for service in composition["services"].values():
        assert set(service.get("secrets", [])) <= given
    for node in node_services():
        for name, value in node["environment"].items():
            assert name.endswith("_FILE")
            assert Path(value).name in node["secrets"]
    example = (COMPOSE.parent / "example.env").read_text()
    assert not re.search(r"(?i)^\w*(password|secret|key)\w*=\S", example, re.MULTILINE)
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    assert asked == set(re.findall(r"^(\w+)=", example, re.MULTILINE))


def test_keys_are_kept_apart_from_what_they_open() -> None:
    services: Json = composed()["services"]
    kept = {
        name: (one["command"], one["volumes"])
        for name, one in services.items()
        if one.get("command", [""])[0] == "mongod"
    }
    assert sorted(kept) == ["data-1", "data-2", "data-3", "keys-1", "keys-2", "keys-3"]
    for name, (command, volumes) in kept.items():
        assert f"--replSet={name[:4]}" in command
        assert volumes == [f"{name}:/data/db"]


# -- Kubernetes ----------------------------------------------------------------------------------------------------


def test_a_new_version_comes_up_before_an_old_node_goes_and_none_is_killed_while_it_drains() -> None:
    deployment = the("Deployment")
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    pod = deployment["spec"]["template"]["spec"]
    (node,) = pod["containers"]
    pause = int(node["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > LONGEST_END + pause
    assert the("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_a_pod_is_asked_what_each_probe_is_for_and_may_do_nothing_else() -> None:
    pod = the("Deployment")["spec"]["template"]["spec"]
    (node,) = pod["containers"]
    probes = {name: node[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert probes == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    assert pod["securityContext"]["runAsUser"] == USER
    assert pod["securityContext"]["runAsNonRoot"]
    assert node["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {option.partition("=")[0] for option in node["args"][2:]} <= options_of_serve()


def test_names_of_the_manifests_fit_each_other_and_no_secret_has_a_value() -> None:
    labels = the("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert the("Service")["spec"]["selector"] == labels
    for kind, key in (("NetworkPolicy", "podSelector"), ("PodDisruptionBudget", "selector")):
        assert the(kind, "nodes")["spec"][key]["matchLabels"] == labels
    secret, (node,) = the("Secret"), the("Deployment")["spec"]["template"]["spec"]["containers"]
    assert set(secret["stringData"].values()) == {""}
    wanted = {Path(one["value"]).name for one in node["env"]} | {"service.key"}
    assert set(secret["stringData"]) == wanted
    listed = the("Kustomization")["resources"]
    there = {file.name for file in (DEPLOY / "kubernetes").glob("*.yaml")}
    assert there - set(listed) == {"kustomization.yaml", "secret.example.yaml"}
    annotations = the("Ingress")["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/affinity"] == "cookie"


def test_pods_back_up_the_data_and_then_its_keys_each_into_a_place_of_its_own() -> None:
    job = the("CronJob")["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    pod = job["jobTemplate"]["spec"]["template"]
    policy = the("NetworkPolicy", "backups")["spec"]
    assert policy["podSelector"]["matchLabels"] == pod["metadata"]["labels"]
    node = the("Deployment")["spec"]["template"]["spec"]
    claims = {one["metadata"]["name"] for one in manifests() if one["kind"] == "PersistentVolumeClaim"}
    (data,), (keys,) = pod["spec"]["initContainers"], pod["spec"]["containers"]
    for step, what in zip((data, keys), BACKUPS, strict=True):
        backs_up(step["args"], what)
        assert step["securityContext"] == node["containers"][0]["securityContext"]
        assert {one["name"] for one in step["volumeMounts"]} & claims == {
            f"{'key' if 'keys' in what else 'data'}-backups"
        }
    assert pod["spec"]["securityContext"] == node["securityContext"]


def test_the_composition_backs_up_the_data_and_its_keys_each_into_a_volume_of_its_own() -> None:
    services: Json = composed()["services"]
    for name, what in zip(("backup-data", "backup-keys"), BACKUPS, strict=True):
        step = services[name]
        backs_up(step["command"], what)
        assert step["profiles"] == ["backups"], "it would run with the nodes"
        assert step["read_only"]
        assert step["networks"] == ["data"]
    kept = [services[name]["volumes"][-1] for name in ("backup-data", "backup-keys")]
    assert len(set(kept)) == 2


# -- systemd -------------------------------------------------------------------------------------------------------


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("no systemd here")
    return found


def test_the_units_are_what_systemd_can_read(analyze: str) -> None:
    units = sorted(SYSTEMD.iterdir())
    assert [unit.name for unit in units] == [
        "helpline-backup.service",
        "helpline-backup.timer",
        "helpline.service",
    ]
    looked = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    # The program is not installed where the tests run.
    wrong = [line for line in looked.stderr.splitlines() if "is not executable" not in line]
    assert wrong == []


@pytest.mark.parametrize("unit", ["helpline.service", "helpline-backup.service"])
def test_a_unit_may_do_little_to_its_machine(analyze: str, unit: str) -> None:
    looked = subprocess.run(
        [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", SYSTEMD / unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert looked.returncode == 0, looked.stdout[-300:]


def test_a_unit_runs_what_there_is_and_waits_for_its_end() -> None:
    text = (SYSTEMD / "helpline.service").read_text()
    command = re.sub(r"\\\n", " ", re.search(r"^ExecStart=((?:.*\\\n)*.*)$", text, re.MULTILINE)[1])  # type: ignore[index]
    assert set(re.findall(r"--[a-z-]+", command)) <= options_of_serve()
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[1]) > LONGEST_END  # type: ignore[index]
