"""Tests for ``clace.secrets.aws``, against a double that speaks the HTTP API of AWS."""

import io
import json
import os
import re
from pathlib import Path

from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoSuchSecret, SecretFailed
from clace.secrets.aws import SecretsManager, connect
from tests.support.secret_contract import SecretProviderContract

SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-west-1/secretsmanager/aws4_request, .*"
)


class Body(io.BytesIO):
    def stream(self, **_):
        yield self.getvalue()


class SecretsManagerServer:
    """AWS Secrets Manager as far as reading goes."""

    def __init__(self):
        self.kept = {}
        self.refusal = None
        self.asked = []

    def __call__(self, request, **_):
        self.asked.append(request)
        status, answer = self.answer(request)
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        return AWSResponse(request.url, status, headers, Body(json.dumps(answer).encode()))

    def answer(self, request):
        if not SIGNED.fullmatch(request.headers["Authorization"].decode()):
            return 400, {"__type": "IncompleteSignatureException"}
        if self.refusal:
            return 400, {"__type": self.refusal, "Message": "hunter2"}
        assert request.headers["X-Amz-Target"] == b"secretsmanager.GetSecretValue"
        name = json.loads(request.body)["SecretId"]
        if name not in self.kept:
            return 400, {"__type": "ResourceNotFoundException", "Message": "none"}
        return 200, {"Name": name, **self.kept[name]}


class SecretsManagerTests(SecretProviderContract, SynchronousTestCase):
    def setUp(self):
        credentials = Path(self.mktemp()).absolute()
        credentials.write_text(
            "[team]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = hunter2\n"
        )
        environ = {
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.patch(os, "environ", environ)
        self.server = SecretsManagerServer()

    def provider(self, endpoint=""):
        client = connect("team", "eu-west-1", endpoint)
        client.meta.events.register("before-send.secrets-manager.GetSecretValue", self.server)
        return SecretsManager(client)

    def make_provider(self, name, value):
        self.server.kept[name] = {"SecretString": value}
        return self.provider()

    def test_how_it_asks(self):
        """Over HTTPS, signed for the region, or where the configuration says."""
        self.make_provider("a", "1").value("a")
        self.provider("https://127.0.0.1:4566").value("a")
        urls = [request.url for request in self.server.asked]
        self.assertEqual(
            urls, ["https://secretsmanager.eu-west-1.amazonaws.com/", "https://127.0.0.1:4566/"]
        )

    def test_binary(self):
        """A secret that is no text cannot stand in one."""
        self.server.kept["a"] = {"SecretBinary": "aHVudGVyMg=="}
        error = self.assertRaises(SecretFailed, self.provider().value, "a")
        self.assertEqual(error.message, "it is binary, not text")

    def test_refusals(self):
        """What AWS refuses is told by its code alone."""
        for code in ("AccessDeniedException", "DecryptionFailure"):
            self.server.refusal = code
            error = self.assertRaises(SecretFailed, self.provider().value, "a")
            self.assertEqual(error.message, f"AWS refused: {code}")
            self.assertNotIsInstance(error, NoSuchSecret)

    def test_out_of_reach(self):
        """That AWS cannot be asked is an error, with what it was."""

        def fail(request, **_):
            raise EndpointConnectionError(endpoint_url=request.url)

        provider = self.provider()
        provider._client.meta.events.register_first("before-send", fail)
        error = self.assertRaises(SecretFailed, provider.value, "a")
        self.assertEqual(error.message, "AWS cannot be asked: EndpointConnectionError")

    def test_unusable_options(self):
        """A profile that there is not, and no region at all, are found before anything is asked."""
        error = self.assertRaises(SecretFailed, connect, "none")
        self.assertIn("(none) could not be found", error.message)
        error = self.assertRaises(SecretFailed, connect, "team")
        self.assertIn("region", error.message)
