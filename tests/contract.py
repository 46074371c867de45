"""
The documents in api/ as tests: what a response or an event must look like.

Nothing may come that they don't name: their open objects are closed here.
"""
import json
import pathlib
import re
import urllib.parse

import jsonschema
import yaml

API = pathlib.Path(__file__).parent.parent / "api"


def close_objects(node):
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            close_objects(child)


def fits(template, path):
    """Is this a path of the template?  {id} is a segment or part of one."""
    fixed = map(re.escape, re.split(r"{\w+}", template))
    return re.fullmatch("[^/]+".join(fixed), path)


def media_type(message):
    """What its body is, without parameters."""
    return message.headers["Content-Type"].split(";")[0].strip().lower()


class Document:
    def __init__(self, name):
        self.root = yaml.safe_load((API / name).read_text())
        close_objects(self.root)
        self.resolver = jsonschema.RefResolver.from_schema(self.root)

    def follow(self, node):
        """The node that this one is or refers to."""
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def validate(self, schema, value):
        jsonschema.Draft202012Validator(
            schema, resolver=self.resolver,
            format_checker=jsonschema.FormatChecker()).validate(value)


class Http(Document):
    """openapi.yaml."""

    UNNAMED = {"responses": {
        "405": {"$ref": "#/components/responses/MethodNotAllowed"},
        "default": {"$ref": "#/components/responses/Problem"},
    }}

    def __init__(self):
        super().__init__("openapi.yaml")

    def operation(self, method, path):
        """An operation; for what the document doesn't name, its errors."""
        method = "get" if method == "HEAD" else method.lower()
        paths = self.root["paths"]
        item = paths.get(path) or next(
            (paths[t] for t in paths if fits(t, path)), {})
        return item.get(method, self.UNNAMED)

    def check(self, response, **_):
        """A response hook of requests."""
        request, status = response.request, response.status_code
        operation = self.operation(request.method,
                                   urllib.parse.urlsplit(request.url).path)
        answers = operation["responses"]
        answer = self.follow(answers.get(str(status), answers["default"]))

        assert status < 500 or status == 503, response.text
        self.check_headers(answer.get("headers", {}), response.headers)
        self.check_body(answer.get("content"), response)
        if status < 300 and request.body:
            self.check_request(self.follow(operation["requestBody"]), request)

    def check_request(self, accepted, request):
        media = media_type(request)
        assert media in accepted["content"]
        if media.endswith("json"):
            self.validate(accepted["content"][media]["schema"],
                          json.loads(request.body))

    def check_headers(self, headers, sent):
        for name, header in headers.items():
            header = self.follow(header)
            number = header["schema"]["type"] == "integer"
            assert name in sent or not header.get("required"), name
            if name in sent:
                self.validate(header["schema"],
                              int(sent[name]) if number else sent[name])

    def check_body(self, content, response):
        if not content or response.request.method == "HEAD":
            assert response.content == b""
            return

        media = media_type(response)
        assert media in content
        if not media.endswith("json"):
            return

        body = response.json()
        self.validate(content[media]["schema"], body)
        if media == "application/problem+json":
            assert body["status"] == response.status_code
            assert body["type"] == "/problems/" + body["code"]
            assert body["request_id"] == response.headers["X-Request-Id"]


class Kafka(Document):
    """asyncapi.yaml."""

    def __init__(self):
        super().__init__("asyncapi.yaml")

    def check(self, event):
        message = self.root["components"]["messages"][event.headers["ce_type"]]
        self.validate(message["headers"], event.headers)
        self.validate(message["payload"], event.data)
        assert event.headers["ce_subject"] == event.key
