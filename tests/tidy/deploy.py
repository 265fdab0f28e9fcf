"""Checks app.yaml and docker-compose.yml: only keys that their platforms know, only environment that is an option,
each secret with its one reader, the ports of the links with their binders.

usage: deploy.py PATH_OF_WICK_PAGES, in the project's folder
"""
# SPDX-License-Identifier: MIT
import re
import subprocess
import sys

import yaml

# The platform's specification, as far as it is used here: a set of keys, or a pattern for a value. `[...]` is a list.
ENVS = [{"key": r"[A-Z_]+", "value": r".*", "scope": r"RUN_TIME|BUILD_TIME|RUN_AND_BUILD_TIME", "type": r"GENERAL|SECRET"}]
NAME = r"[a-z][a-z0-9-]{0,30}[a-z0-9]"
IMAGE = {"registry_type": r"DOCR|DOCKER_HUB|GHCR", "registry": r".+", "repository": r".+", "tag": r".+", "digest": r".+"}
CHECK = {"http_path": r"/.*", "port": r"\d+", "initial_delay_seconds": r"\d+", "period_seconds": r"\d+",
         "timeout_seconds": r"\d+", "success_threshold": r"\d+", "failure_threshold": r"\d+"}
COMPONENT = {
    "name": NAME, "image": IMAGE, "run_command": r".+", "instance_count": r"\d+", "instance_size_slug": r"apps-[sd]-.+",
    "envs": ENVS, "liveness_health_check": CHECK,
    "alerts": [{"rule": r"CPU_UTILIZATION|MEM_UTILIZATION|RESTART_COUNT", "operator": r"GREATER_THAN|LESS_THAN",
                "value": r"\d+", "window": r"FIVE_MINUTES|TEN_MINUTES|THIRTY_MINUTES|ONE_HOUR", "disabled": r"True|False"}],
}
APP = {
    "name": NAME, "region": r"ams|fra|lon|sgp|blr|syd|tor|nyc|sfo|atl", "disable_edge_cache": r"True|False",
    "egress": {"type": r"AUTOASSIGN|DEDICATED_IP"}, "envs": ENVS,
    "alerts": [{"rule": r"DEPLOYMENT_(FAILED|LIVE|STARTED|CANCELED)|DOMAIN_(FAILED|LIVE)|AUTOSCALE_(FAILED|SUCCEEDED)"}],
    "domains": [{"domain": r".+", "type": r"PRIMARY|ALIAS|DEFAULT", "zone": r".+", "minimum_tls_version": r"1\.[23]"}],
    "databases": [{"name": NAME, "engine": r"PG", "version": r"\d+", "production": r"True|False", "cluster_name": r".+",
                   "db_name": r".+", "db_user": r".+"}],
    "services": [{**COMPONENT, "http_port": r"\d+", "internal_ports": [r"\d+"], "protocol": r"HTTP|HTTP2",
                  "health_check": CHECK, "termination": {"drain_seconds": r"\d+", "grace_period_seconds": r"\d+"}}],
    "workers": [{**COMPONENT, "termination": {"grace_period_seconds": r"\d+"}}],
    "ingress": {"rules": [{"match": {"path": {"prefix": r"/.*"}}, "component": {"name": NAME}}]},
}
COMPOSE_SERVICE = {"image", "build", "restart", "read_only", "cap_drop", "security_opt", "stop_grace_period", "healthcheck",
                   "logging", "environment", "volumes", "networks", "command", "env_file", "depends_on", "deploy", "ports"}
HARDENED = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}

# The names that platforms give to options, and who alone may be given a secret.
PLATFORM_NAMES = {"DATABASE_URL", "PORT", "DASHBOARD_PASSWORD_HASH", "DASHBOARD_PASSWORD", "EXCHANGE_API_KEY",
                  "EXCHANGE_API_SECRET", "HEALTH_PORT"}
SECRETS = {"DATABASE_URL": {"persister"}, "DASHBOARD_PASSWORD_HASH": {"dashboard"}, "DASHBOARD_PASSWORD": {"dashboard"},
           "EXCHANGE_API_KEY": {"trader"}, "EXCHANGE_API_SECRET": {"trader"}}

findings = []


def find(where, what):
    findings.append(f"{where}: {what}")


def check_schema(value, schema, where):
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return find(where, "expected keys")
        for key, inner in value.items():
            if key in schema:
                check_schema(inner, schema[key], f"{where}.{key}")
            else:
                find(where, f"there is no key '{key}'")
    elif isinstance(schema, list):
        if not isinstance(value, list):
            return find(where, "expected a list")
        for index, inner in enumerate(value):
            check_schema(inner, schema[0], f"{where}[{index}]")
    elif isinstance(value, (dict, list)) or not re.fullmatch(schema, str(value)):
        find(where, f"'{value}' is not {schema}")


def check_environment(component, names, options, where):
    for name in names:
        if name not in options and name not in PLATFORM_NAMES:
            find(where, f"{name} is no option")
        if component not in SECRETS.get(name, {component}):
            find(where, f"{name} is not for the {component}")


def check_app(options, ports):
    with open("app.yaml", encoding="utf-8") as file:
        app = yaml.safe_load(file)
    check_schema(app, APP, "app.yaml")
    check_environment("everybody", [env["key"] for env in app["envs"]], options, "app.yaml")
    components = {part["name"]: part for part in app["services"] + app["workers"]}
    for name, part in components.items():
        where = f"app.yaml: {name}"
        check_environment(name, [env["key"] for env in part["envs"]], options, where)
        if not {"WICK_LINKS__SECRET_KEY"} <= {env["key"] for env in part["envs"] if env.get("type") == "SECRET"}:
            find(where, "it has no secret key")
        if part in app["services"] and part["instance_count"] != 1:
            find(where, "what binds a link has one instance")
        if name in ports and set(part["internal_ports"]) != ports[name] | {8081}:
            find(where, f"internal_ports are {part['internal_ports']}; expected {sorted(ports[name] | {8081})}")
        for check in ("health_check", "liveness_health_check"):
            if check in part and "port" not in part[check]:
                find(where, f"{check} has no port")
    public = [name for name, part in components.items() if "http_port" in part]
    if public != ["dashboard"]:
        find("app.yaml", f"public are {public}; expected the dashboard alone")


def check_compose(options):
    with open("docker-compose.yml", encoding="utf-8") as file:
        compose = yaml.safe_load(file)
    for name, service in compose["services"].items():
        where = f"docker-compose.yml: {name}"
        for key in set(service) - COMPOSE_SERVICE:
            find(where, f"there is no key '{key}'")
        for network in service["networks"]:
            if network not in compose["networks"]:
                find(where, f"there is no network '{network}'")
        if name == "postgres":
            continue
        check_environment(name, service["environment"], options, where)
        for key, value in HARDENED.items():
            if service.get(key) != value:
                find(where, f"{key} is not {value}")
        if service["env_file"] != f"keys/{name}.env" or service["command"] != f"wick-{name}":
            find(where, "its command or its keys are another's")
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    if published != {"dashboard": ["127.0.0.1:8080:8080"]}:
        find("docker-compose.yml", f"published are {published}; expected the dashboard alone, on this machine")


def check_dockerfile(options):
    with open("Dockerfile", encoding="utf-8") as file:
        text = file.read()
    check_environment("everybody", re.findall(r"\b(WICK_\w+|HEALTH_PORT)=", text), options, "Dockerfile")
    if not re.search(r"^USER 65532:65532$", text, re.M):
        find("Dockerfile", "it does not run as 65532")


def printed_page(program, name):
    return subprocess.run([program, name], check=True, capture_output=True, text=True).stdout


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    options = set(re.findall(r"`(WICK_[A-Z_]+)` \|$", printed_page(sys.argv[1], "configuration"), re.M))
    ports = {}
    for port, binder in re.findall(r"^\| \w+ \| (\d+) \| (\w+) \|", printed_page(sys.argv[1], "links"), re.M):
        ports.setdefault(binder, set()).add(int(port))
    if len(options) < 10 or len(ports) != 3:
        find("tests/tidy/deploy.py", "the printed pages are not as expected")
    check_app(options, ports)
    check_compose(options)
    check_dockerfile(options)
    print("\n".join(findings))
    print(f"{len(options)} options known, {len(findings)} finding(s)")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
