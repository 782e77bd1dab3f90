"""The files of `deploy/`: each is read by what will read it, where that is installed, and they agree with each other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from valetts_hf.cli import build_parser
from valetts_hf.serving.server_settings import ServerSettings


ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
YAML_FILES = sorted(path for ending in ("yml", "yaml") for path in DEPLOY.rglob(f"*.{ending}"))
KUBERNETES = {
    document["kind"]: document
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
}


def program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def accepts(*command: str, **options) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_yaml_is_yaml(path):
    assert all(isinstance(document, dict) for document in yaml.safe_load_all(path.read_text()))


def test_two_replicas_stand_behind_the_balancers():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    replicas = {name for name, service in compose["services"].items() if "valetts" in service["image"]}
    assert replicas == {"replica-1", "replica-2"}
    for text in ("haproxy/haproxy.cfg", "nginx/nginx.conf", "prometheus/prometheus.yml"):
        assert set(re.findall(r"(replica-\d):8000", (DEPLOY / text).read_text())) == replicas
    for name in replicas:
        service = compose["services"][name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and "ports" not in service
        build_parser().parse_args(["serve", *service["command"]])
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_limits_of_memory_fit_what_was_measured():
    rounds = [
        row
        for name in ("load", "soak")
        for row in json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())["rounds"]
    ]
    cache = build_parser().parse_args(["serve"]).cache_mb  # the benchmark goes without
    needed = max(row["memory_mb_most"] for row in rounds) + cache
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["replica-1"]["mem_limit"]
    assert 1.3 * needed < 1024 * int(re.fullmatch(r"\$\{MEMORY:-(\d+)g\}", compose)[1]) < 2.5 * needed
    (container,) = KUBERNETES["Deployment"]["spec"]["template"]["spec"]["containers"]
    resources = container["resources"]
    assert 1.3 * needed < 1024 * int(resources["limits"]["memory"].removesuffix("Gi")) < 2.5 * needed
    assert needed <= int(resources["requests"]["memory"].removesuffix("Mi"))


def test_the_image_serves_as_nobody_with_a_healthcheck():
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER 10001", text, re.MULTILINE) and "HEALTHCHECK" in text and '"valetts", "serve"' in text
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    for source in ("constraints.txt", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "src", "kernels"):
        assert f"!{source}" in ignored and (ROOT / source).exists()


def test_the_folder_of_voices_belongs_to_the_user_of_the_image():
    """A volume takes the owner of the folder it is mounted over, and that of the system where there is none."""
    text = (DEPLOY / "Dockerfile").read_text()
    user, volume = (re.search(rf"^{word} (\S+)", text, re.MULTILINE)[1] for word in ("USER", "VOLUME"))
    made = f"useradd --uid {user.split(':')[0]} .*install --directory --owner valetts --group valetts {volume}$"
    assert re.search(made, text, re.MULTILINE | re.DOTALL)


def test_balancers_wait_as_long_as_the_servers_compute():
    longest = ServerSettings().total_seconds / 60
    haproxy = (DEPLOY / "haproxy" / "haproxy.cfg").read_text()
    nginx = (DEPLOY / "nginx" / "nginx.conf").read_text()
    assert int(re.search(r"set-timeout server (\d+)m if repeatable", haproxy)[1]) > longest
    speech = nginx[nginx.index("location /v1/audio/ {") :].split("}")[0]
    assert int(re.search(r"proxy_read_timeout (\d+)m;", speech)[1]) > longest


def test_kubernetes_manifests_belong_together():
    assert {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"} <= set(
        KUBERNETES
    )
    resources = KUBERNETES["Kustomization"]["resources"]
    assert sorted([*resources, "kustomization.yaml"]) == sorted(path.name for path in DEPLOY.glob("kubernetes/*.yaml"))
    deployment = KUBERNETES["Deployment"]
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels == KUBERNETES["Service"]["spec"]["selector"]
    assert KUBERNETES["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert KUBERNETES["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    assert KUBERNETES["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    (container,) = pod["spec"]["containers"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["spec"]["volumes"]
    }
    build_parser().parse_args(["serve", *container["args"]])


def test_dashboard_and_alerts_ask_for_metrics_that_exist():
    prometheus_client = pytest.importorskip("prometheus_client")
    from valetts_hf.serving.metrics import Metrics

    source = (ROOT / "src/valetts_hf/serving/server.py").read_text()
    known = set(re.findall(r'"(valetts_\w+)"', source)) | {"valetts_gpu_memory_reserved_bytes"}
    for family in Metrics().registry.collect():
        known.add(family.name)
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [])
        known.update(family.name + end for end in ends)
    assert prometheus_client and "valetts_requests_total" in known
    dashboard = json.loads((DEPLOY / "grafana/dashboards/valetts.json").read_text())
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for rule in rules]
    asked.append(KUBERNETES["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["metric"]["name"])
    names = {name for text in asked for name in re.findall(r"\bvaletts_\w+", text)}
    assert len(names) > 10 and not names - known


def test_prometheus_accepts_its_files():
    accepts(program("promtool"), "check", "config", str(DEPLOY / "prometheus/prometheus.yml"))


def test_haproxy_accepts_its_file():
    accepts(program("haproxy"), "-c", "-f", str(DEPLOY / "haproxy/haproxy.cfg"))


def test_nginx_accepts_its_file(tmp_path):
    config = tmp_path / "nginx.conf"  # names of replicas are known inside of compose only
    config.write_text((DEPLOY / "nginx/nginx.conf").read_text().replace("server replica-", "server 127.0.0."))
    accepts(program("nginx"), "-t", "-c", str(config), "-p", str(tmp_path))


@pytest.mark.parametrize("version", ["1.29", "1.33"])
@pytest.mark.parametrize("kind", sorted(set(KUBERNETES) - {"Kustomization"}))  # that one never reaches a cluster
def test_kubernetes_knows_every_field(kind, version):
    """Against the schemas of Kubernetes itself; strictly: an unknown field is an error, not ignored."""
    reason = "not installed (100 MB of schemas, so not in any extra): pip install kubernetes-validate"
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason=reason)
    kubernetes_validate.validate(KUBERNETES[kind], version, strict=True)


def test_the_schemas_find_mistakes():
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    wrong = json.loads(json.dumps(KUBERNETES["Deployment"]))
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readinesProbe"):
        kubernetes_validate.validate(wrong, "1.33", strict=True)


def test_kustomize_accepts_the_manifests():
    accepts(program("kubectl"), "kustomize", str(DEPLOY / "kubernetes"))
