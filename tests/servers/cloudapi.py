# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of clouds that nobody can reach from a test: as strict as their documents, with small pages and nothing behind them.

with DigitalOceanApi() as cloud:
    cloud.url, cloud.token

Each refuses a path, a query or a field that its document does not have, and a token that is not its own.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
import uuid
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

#: what stands on one page, however much is asked for; the documents promise a maximum and no minimum
PAGE = 3


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, body: Any = None) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


def fields(body: Any, required: dict[str, Any], optional: dict[str, Any] | None = None) -> None:
    """Raise ValueError unless the object has all required fields, no unknown one, and each of its type or shape."""
    if not isinstance(body, dict):
        raise ValueError("the body is not an object")
    known = {**required, **(optional or {})}
    wrong = [*(set(required) - set(body)), *(set(body) - set(known))]
    if wrong:
        raise ValueError(f"{wrong[0]} is missing or unknown")
    for name, value in body.items():
        shape = known[name]
        if isinstance(shape, type) and not isinstance(value, shape):
            raise ValueError(f"{name} is no {shape.__name__}")
        if isinstance(shape, tuple) and value not in shape:
            raise ValueError(f"{name} is none of {shape}")
        if callable(shape) and not isinstance(shape, type):
            shape(value)


def each(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """A list whose entries are all right."""

    def checked(values: Any) -> None:
        if not isinstance(values, list):
            raise ValueError("a list is expected")
        for value in values:
            check(value)

    return checked


class CloudApi:
    """One interface on a port of this machine; subclasses say its routes."""

    #: method, pattern of the path, name of the method that answers
    routes: tuple[tuple[str, str, str], ...] = ()
    #: names that a query may have
    queries: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self.asked: list[tuple[str, str]] = []
        self.moments = 0
        #: answers that are given instead, one for each request, until none is left
        self.trouble: list[int] = []
        #: whether a creation that is answered with trouble has happened nevertheless
        self.half_done = False

    def __enter__(self) -> Any:
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                cloud.serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return self

    def __exit__(self, *unused: Any) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def moment(self) -> str:
        """Times that differ, in the form of these interfaces."""
        self.moments += 1
        return f"2026-01-01T00:{self.moments // 60:02}:{self.moments % 60:02}"

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        text = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.asked.append((request.command, parts.path))
        try:
            trouble = self.trouble.pop(0) if self.trouble else 0
            if not trouble or self.half_done:
                status, said = self.answered(request, parts.path, parse_qs(parts.query), text)
            if trouble:
                raise Refused(trouble, self.error(trouble, "something is wrong"))
        except Refused as exc:
            status, said = exc.status, exc.body
        body = b"" if said is None else said if isinstance(said, bytes) else json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def answered(self, request: Any, path: str, query: dict[str, list[str]], text: bytes) -> tuple[int, Any]:
        if not self.admits(request.headers):
            raise Refused(401, self.error(401, "who are you"))
        strange = set(query) - set(self.queries)
        if strange:
            raise Refused(418, self.error(418, f"unknown query {strange}"))
        for method, pattern, name in self.routes:
            match = re.fullmatch(pattern, path)
            if match and method == request.command:
                flat = {key: values[0] for key, values in query.items()}
                try:
                    given = (json.loads(text),) if method in ("POST", "PUT", "PATCH") else ()
                    return getattr(self, name)(*match.groups(), *given, **({"query": flat} if method == "GET" else {}))
                except ValueError as exc:
                    raise Refused(400, self.error(400, str(exc))) from exc
        raise Refused(404, self.error(404, "no such path"))

    def admits(self, headers: Any) -> bool:
        return headers.get("Authorization") == f"Bearer {self.token}"

    def error(self, status: int, words: str) -> Any:
        raise NotImplementedError


def page_of(entries: Sequence[Any], number: str) -> list[Any]:
    """One page of a list; the first is 1."""
    start = (int(number) - 1) * PAGE
    return list(entries[start : start + PAGE])


class DigitalOceanApi(CloudApi):
    """Spaces keys: digitalocean/openapi, specification/resources/spaces and shared (commit 7c1300c4)."""

    routes = (
        ("GET", "/v2/spaces/keys", "list"),
        ("POST", "/v2/spaces/keys", "create"),
        ("PUT", r"/v2/spaces/keys/([^/]+)", "update"),
        ("DELETE", r"/v2/spaces/keys/([^/]+)", "delete"),
    )
    queries = ("page", "per_page", "sort", "sort_direction", "name", "bucket", "permission")

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[dict[str, Any]] = []
        #: the words of the document: you can only update the name of the key
        self.names_only = False

    def error(self, status: int, words: str) -> Any:
        ids = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found"}
        return {"id": ids.get(status, "server_error"), "message": words, "request_id": str(uuid.uuid4())}

    def _check(self, body: Any) -> None:
        def grant(one: Any) -> None:
            fields(one, {"bucket": str, "permission": ("read", "readwrite", "fullaccess", "")})

        fields(body, {}, {"name": str, "grants": each(grant)})

    def list(self, query: dict[str, str]) -> tuple[int, Any]:
        if not 1 <= int(query.get("per_page", 20)) <= 200:
            raise Refused(400, self.error(400, "per_page"))
        if ("sort" in query) != ("sort_direction" in query):
            raise Refused(400, self.error(400, "Sort parameter must be used with Sort Direction"))
        newest_first = query.get("sort_direction", "desc") == "desc"
        entries = list(reversed(self.keys)) if newest_first else self.keys
        number = int(query.get("page", 1))
        links = {"pages": {"next": "…"}} if number * PAGE < len(entries) else {}
        shown = [{name: value for name, value in key.items() if name != "secret_key"} for key in page_of(entries, str(number))]
        return 200, {"keys": shown, "links": links, "meta": {"total": len(entries)}}

    def create(self, body: Any) -> tuple[int, Any]:
        self._check(body)
        key = {
            "name": body["name"],
            "access_key": f"DO00{secrets.token_hex(8).upper()}",
            "secret_key": secrets.token_urlsafe(32),
            "grants": body.get("grants", []),
            "created_at": f"{self.moment()}Z",
        }
        self.keys.append(key)
        return 201, {"key": key}

    def update(self, access_key: str, body: Any) -> tuple[int, Any]:
        self._check(body)
        key = self._key(access_key)
        key.update({name: value for name, value in body.items() if name == "name" or not self.names_only})
        return 200, {"key": {name: value for name, value in key.items() if name != "secret_key"}}

    def delete(self, access_key: str) -> tuple[int, Any]:
        self.keys.remove(self._key(access_key))
        return 204, None

    def _key(self, access_key: str) -> dict[str, Any]:
        for key in self.keys:
            if key["access_key"] == access_key:
                return key
        raise Refused(404, self.error(404, "The resource you requested could not be found."))


class LinodeApi(CloudApi):
    """Object Storage keys: linode/linode-api-openapi; answers as linode/linodego records them (commit 676b9dbe)."""

    routes = (
        ("GET", "/v4/object-storage/keys", "list"),
        ("POST", "/v4/object-storage/keys", "create"),
        ("PUT", r"/v4/object-storage/keys/(\d+)", "update"),
        ("DELETE", r"/v4/object-storage/keys/(\d+)", "delete"),
        ("GET", "/v4/object-storage/endpoints", "endpoints"),
    )
    queries = ("page", "page_size")
    regions = ("us-east", "us-iad", "us-mia", "fr-par", "au-mel")

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[dict[str, Any]] = []
        self.buckets = {("us-mia", "media"), ("us-mia", "other"), ("fr-par", "media")}

    def error(self, status: int, words: str) -> Any:
        return {"errors": [{"reason": words}]}

    def _paged(self, entries: Sequence[Any], query: dict[str, str]) -> tuple[int, Any]:
        if not 25 <= int(query.get("page_size", 100)) <= 500:
            raise ValueError("page_size")
        number, pages = int(query.get("page", 1)), max(1, -(-len(entries) // PAGE))
        if number > pages:
            raise Refused(404, self.error(404, "Not found"))
        return 200, {"data": page_of(entries, str(number)), "page": number, "pages": pages, "results": len(entries)}

    def endpoints(self, query: dict[str, str]) -> tuple[int, Any]:
        said: list[dict[str, Any]] = [
            {"region": name, "s3_endpoint": f"{name}-1.linodeobjects.com", "endpoint_type": "E1"} for name in self.regions
        ]
        return self._paged([*said, {"region": "us-ord", "s3_endpoint": None, "endpoint_type": "E3"}], query)

    def list(self, query: dict[str, str]) -> tuple[int, Any]:
        # Newest first: the document promises no order.
        return self._paged([{**key, "secret_key": "[REDACTED]"} for key in reversed(self.keys)], query)

    def create(self, body: Any) -> tuple[int, Any]:
        def access(one: Any) -> None:
            fields(one, {"region": self.regions, "bucket_name": str, "permissions": ("read_only", "read_write")})
            if (one["region"], one["bucket_name"]) not in self.buckets:
                field = "bucket_access"
                raise Refused(400, {"errors": [{"reason": f"Bucket {one['bucket_name']} does not exist", "field": field}]})

        fields(body, {}, {"label": str, "bucket_access": each(access), "regions": each(lambda name: None)})
        granted = body.get("bucket_access")
        regions = sorted({one["region"] for one in granted or ()} | set(body.get("regions", ()))) or list(self.regions)
        key = {
            "id": 3573416 + len(self.asked),
            "label": body["label"],
            "access_key": secrets.token_hex(10).upper(),
            "secret_key": secrets.token_urlsafe(30),
            "limited": granted is not None,
            "bucket_access": None if granted is None else [{**one, "cluster": ""} for one in granted],
            "regions": [{"id": n, "s3_endpoint": f"{n}-1.linodeobjects.com", "endpoint_type": "E1"} for n in regions],
        }
        self.keys.append(key)
        return 200, key

    def update(self, number: str, body: Any) -> tuple[int, Any]:
        fields(body, {}, {"label": str, "regions": each(lambda name: None)})
        key = self._key(number)
        key.update(body)
        return 200, key

    def delete(self, number: str) -> tuple[int, Any]:
        self.keys.remove(self._key(number))
        return 200, {}

    def _key(self, number: str) -> dict[str, Any]:
        for key in self.keys:
            if key["id"] == int(number):
                return key
        raise Refused(404, self.error(404, "The specified access key was not found."))


class R2Api(CloudApi):
    """API tokens: cloudflare/cloudflare-python, accounts/tokens (commit ac1ae1cb); cloudflare/cloudflare-docs, r2/api/tokens."""

    account = "4793d734c0b8e484dfc37ec392b5fa8a"
    groups = {
        "6a018a9f2fc74eb6b293b0c548f38b39": "Workers R2 Storage Bucket Item Read",
        "2efd5506f9c8494dacb1fa10a3e7d5b6": "Workers R2 Storage Bucket Item Write",
        "bf7481a1826f439697cb59a20b22293e": "Workers R2 Storage Write",
    }
    routes = (
        ("GET", f"/accounts/{account}/tokens", "list"),
        ("POST", f"/accounts/{account}/tokens", "create"),
        ("GET", f"/accounts/{account}/tokens/permission_groups", "permission_groups"),
        ("PUT", rf"/accounts/{account}/tokens/(\w+)", "update"),
        ("DELETE", rf"/accounts/{account}/tokens/(\w+)", "delete"),
    )
    queries = ("page", "per_page", "direction")

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[dict[str, Any]] = []

    def error(self, status: int, words: str) -> Any:
        return {"success": False, "errors": [{"code": 1000 + status, "message": words}], "messages": [], "result": None}

    def _check(self, body: Any, required: dict[str, Any]) -> None:
        def policy(one: Any) -> None:
            fields(one, {"effect": ("allow", "deny"), "permission_groups": each(group), "resources": dict})
            for place in one["resources"]:
                if not re.fullmatch(rf"com\.cloudflare\.edge\.r2\.bucket\.{self.account}_(default|eu|fedramp)_[a-z0-9-]+", place):
                    raise ValueError(f"no such resource {place}")

        def group(one: Any) -> None:
            fields(one, {"id": tuple(self.groups)}, {"meta": dict})

        if not body.get("policies"):
            raise ValueError("policies are missing")
        times = {"expires_on": str, "not_before": str, "condition": dict}
        fields(body, {"name": str, "policies": each(policy), **required}, times)
        if len(body["name"]) > 120:
            raise ValueError("name")

    def _ok(self, result: Any, **more: Any) -> tuple[int, Any]:
        return 200, {"success": True, "errors": [], "messages": [], "result": result, **more}

    def permission_groups(self, query: dict[str, str]) -> tuple[int, Any]:
        return self._ok(
            [
                {"id": identity, "name": name, "scopes": ["com.cloudflare.edge.r2.bucket"]}
                for identity, name in self.groups.items()
            ]
        )

    def list(self, query: dict[str, str]) -> tuple[int, Any]:
        if not 5 <= int(query.get("per_page", 20)) <= 50:
            raise ValueError("per_page")
        entries = self.tokens if query.get("direction") == "asc" else list(reversed(self.tokens))
        shown = page_of(entries, query.get("page", "1"))
        return self._ok(shown, result_info={"page": int(query.get("page", 1)), "per_page": PAGE, "count": len(shown)})

    def _fill(self, body: Any) -> dict[str, Any]:
        named = [
            {
                **policy,
                "id": uuid.uuid4().hex,
                "permission_groups": [{**group, "name": self.groups[group["id"]]} for group in policy["permission_groups"]],
            }
            for policy in body["policies"]
        ]
        return {**body, "policies": named}

    def create(self, body: Any) -> tuple[int, Any]:
        self._check(body, {})
        token = {**self._fill(body), "id": uuid.uuid4().hex, "status": "active", "issued_on": f"{self.moment()}Z"}
        self.tokens.append(token)
        value = secrets.token_urlsafe(30)
        self.expected_secret = hashlib.sha256(value.encode()).hexdigest()
        return self._ok({**token, "value": value})

    def update(self, identity: str, body: Any) -> tuple[int, Any]:
        self._check(body, {"status": ("active", "disabled", "expired")})
        token = self._token(identity)
        # A PUT replaces the whole token: what it does not say is gone.
        for name in ("expires_on", "not_before", "condition"):
            token.pop(name, None)
        token.update(self._fill(body))
        return self._ok(token)

    def delete(self, identity: str) -> tuple[int, Any]:
        self.tokens.remove(self._token(identity))
        return self._ok({"id": identity})

    def _token(self, identity: str) -> dict[str, Any]:
        for token in self.tokens:
            if token["id"] == identity:
                return token
        raise Refused(400, self.error(400, "Invalid token id"))


class ScalewayApi(CloudApi):
    """IAM v1alpha1: scaleway/scaleway-sdk-python (commit bc3a31ee); answers as terraform-provider-scaleway records them.

    Beside it ListBuckets of S3, for the API key of the administrator.
    """

    routes = (
        ("GET", "/iam/v1alpha1/api-keys", "api_keys"),
        ("POST", "/iam/v1alpha1/api-keys", "create_api_key"),
        ("GET", r"/iam/v1alpha1/api-keys/(\w+)", "api_key"),
        ("DELETE", r"/iam/v1alpha1/api-keys/(\w+)", "delete_api_key"),
        ("GET", r"/iam/v1alpha1/users/([0-9a-f-]+)", "user"),
        ("GET", "/iam/v1alpha1/applications", "applications"),
        ("POST", "/iam/v1alpha1/applications", "create_application"),
        ("GET", r"/iam/v1alpha1/applications/([0-9a-f-]+)", "application"),
        ("DELETE", r"/iam/v1alpha1/applications/([0-9a-f-]+)", "delete_application"),
        ("GET", "/iam/v1alpha1/policies", "policies"),
        ("POST", "/iam/v1alpha1/policies", "create_policy"),
        ("DELETE", r"/iam/v1alpha1/policies/([0-9a-f-]+)", "delete_policy"),
        ("GET", "/iam/v1alpha1/rules", "rules"),
        ("PUT", "/iam/v1alpha1/rules", "set_rules"),
    )
    queries = ("page", "page_size", "order_by", "organization_id", "application_ids", "bearer_id", "policy_id")
    sets = ("BucketsRead", "ObjectsRead", "ObjectsWrite", "ObjectsDelete", "FullAccess", "ReadOnly")

    def __init__(self) -> None:
        super().__init__()
        self.organization, self.project, self.owner = (str(uuid.uuid4()) for _number in range(3))
        self.access_key = self._access_key()
        self.buckets = ["media", "other"]
        self.things: dict[str, list[dict[str, Any]]] = {"applications": [], "policies": [], "api_keys": []}
        self.rules_of: dict[str, list[dict[str, Any]]] = {}
        administrator = {"access_key": self.access_key, "user_id": self.owner, "default_project_id": self.project}
        self.things["api_keys"].append({**administrator, "created_at": self.moment(), "expires_at": None})

    def _access_key(self) -> str:
        return f"SCW{secrets.token_hex(9).upper()[:17]}"

    def moment(self) -> str:
        return f"{super().moment()}.686922Z"

    def error(self, status: int, words: str) -> Any:
        kinds = {400: "invalid_arguments", 401: "denied_authentication", 403: "permissions_denied", 404: "not_found"}
        return {"message": words, "type": kinds.get(status, "internal")}

    def admits(self, headers: Any) -> bool:
        signed = f"Credential={self.access_key}" in (headers.get("Authorization") or "")
        return signed or headers.get("X-Auth-Token") == self.token

    def answered(self, request: Any, path: str, query: dict[str, list[str]], text: bytes) -> tuple[int, Any]:
        if path == "/" and request.command == "GET":
            names = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in self.buckets)
            return 200, f"<ListAllMyBucketsResult><Buckets>{names}</Buckets></ListAllMyBucketsResult>".encode()
        return super().answered(request, path, query, text)

    def _paged(self, name: str, entries: Sequence[Any], query: dict[str, str]) -> tuple[int, Any]:
        if not 1 <= int(query.get("page_size", 20)) <= 100:
            raise ValueError("page_size")
        return 200, {name: page_of(entries, query.get("page", "1")), "total_count": len(entries)}

    def _one(self, kind: str, field: str, identity: str) -> dict[str, Any]:
        for thing in self.things[kind]:
            if thing[field] == identity:
                return thing
        raise Refused(404, {**self.error(404, "resource is not found"), "resource": kind, "resource_id": identity})

    def _made(self, body: Any, **more: Any) -> dict[str, Any]:
        now = self.moment()
        return {"id": str(uuid.uuid4()), "created_at": now, "updated_at": now, "editable": True, **body, **more}

    def _ours(self, query: dict[str, str]) -> None:
        if query.get("organization_id") != self.organization:
            raise Refused(403, self.error(403, "insufficient permissions"))

    def user(self, identity: str, query: dict[str, str]) -> tuple[int, Any]:
        if identity != self.owner:
            raise Refused(404, self.error(404, "resource is not found"))
        return 200, {"id": self.owner, "organization_id": self.organization}

    def api_keys(self, query: dict[str, str]) -> tuple[int, Any]:
        self._ours(query)
        bearer = query.get("bearer_id")
        found = [key for key in self.things["api_keys"] if bearer in (None, key.get("application_id"), key.get("user_id"))]
        return self._paged("api_keys", [{**key, "secret_key": None} for key in found], query)

    def api_key(self, access_key: str, query: dict[str, str]) -> tuple[int, Any]:
        return 200, {**self._one("api_keys", "access_key", access_key), "secret_key": None}

    def create_api_key(self, body: Any) -> tuple[int, Any]:
        fields(body, {"application_id": str, "description": str}, {"default_project_id": (self.project,), "expires_at": str})
        self._one("applications", "id", body["application_id"])
        key = {"expires_at": None, **body, "access_key": self._access_key(), "created_at": self.moment()}
        self.things["api_keys"].append(key)
        return 200, {**key, "secret_key": str(uuid.uuid4())}

    def delete_api_key(self, access_key: str) -> tuple[int, Any]:
        self.things["api_keys"].remove(self._one("api_keys", "access_key", access_key))
        return 204, None

    def applications(self, query: dict[str, str]) -> tuple[int, Any]:
        self._ours(query)
        return self._paged("applications", self.things["applications"], query)

    def application(self, identity: str, query: dict[str, str]) -> tuple[int, Any]:
        return 200, self._one("applications", "id", identity)

    def create_application(self, body: Any) -> tuple[int, Any]:
        fields(body, {"name": str, "organization_id": (self.organization,), "description": str}, {"tags": list})
        if len(body["name"]) > 64:
            raise ValueError("name")
        self.things["applications"].append(self._made(body, nb_api_keys=0))
        return 200, self.things["applications"][-1]

    def delete_application(self, identity: str) -> tuple[int, Any]:
        self.things["applications"].remove(self._one("applications", "id", identity))
        return 204, None

    def policies(self, query: dict[str, str]) -> tuple[int, Any]:
        self._ours(query)
        wanted = query.get("application_ids")
        found = [policy for policy in self.things["policies"] if wanted in (None, policy["application_id"])]
        return self._paged("policies", found, query)

    def _check_rules(self, rules: Any) -> None:
        def rule(one: Any) -> None:
            known = each(lambda name: fields({"set": name}, {"set": tuple(f"ObjectStorage{kind}" for kind in self.sets)}))
            fields(one, {"permission_set_names": known, "project_ids": ([self.project],)}, {"condition": str})

        each(rule)(rules)

    def create_policy(self, body: Any) -> tuple[int, Any]:
        shape = {"name": str, "organization_id": (self.organization,), "application_id": str, "description": str}
        fields(body, {**shape, "rules": self._check_rules}, {"tags": list})
        self._one("applications", "id", body["application_id"])
        policy = self._made({name: value for name, value in body.items() if name != "rules"})
        self.things["policies"].append(policy)
        self.rules_of[policy["id"]] = [self._made(rule, permission_sets_scope_type="projects") for rule in body["rules"]]
        return 200, policy

    def delete_policy(self, identity: str) -> tuple[int, Any]:
        self.things["policies"].remove(self._one("policies", "id", identity))
        return 204, None

    def rules(self, query: dict[str, str]) -> tuple[int, Any]:
        self._one("policies", "id", query["policy_id"])
        return self._paged("rules", self.rules_of[query["policy_id"]], query)

    def set_rules(self, body: Any) -> tuple[int, Any]:
        fields(body, {"policy_id": str, "rules": self._check_rules})
        self._one("policies", "id", body["policy_id"])
        self.rules_of[body["policy_id"]] = [self._made(rule, permission_sets_scope_type="projects") for rule in body["rules"]]
        return 200, {"rules": self.rules_of[body["policy_id"]]}
