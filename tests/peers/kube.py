# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes API server with its etcd on loopback; no nodes, no controllers: objects stay as they were written."""

import base64
import datetime
import ipaddress
import json
import os
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.ports import free_port

ADMIN, READER, NOBODY = "admin-token-4711", "reader-token-4712", "nobody-token-4713"
HOST = "127.0.0.1"


class Authority:
    """A certificate authority and what it signs."""

    def __init__(self, name: str):
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.pem = self._sign(self.name, self.key, x509.BasicConstraints(True, None), days=2)[0]

    def _sign(self, subject, key, *extensions, days: float) -> tuple[str, str]:
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(10))
        builder = builder.not_valid_after(now + datetime.timedelta(days))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        certificate = builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return certificate.decode(), private.decode()

    def server(self, *names: str, days: float = 1) -> tuple[str, str]:
        """Certificate and key for addresses and host names."""
        key = ec.generate_private_key(ec.SECP256R1())
        sought = [
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
        ]
        return self._sign(
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])]), key, x509.SubjectAlternativeName(sought),
            x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), days=days,
        )  # fmt: skip

    def client(self, user: str, group: str, days: float = 1) -> tuple[str, str]:
        subject = [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, group),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, user),
        ]
        key = ec.generate_private_key(ec.SECP256R1())
        return self._sign(x509.Name(subject), key, x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), days=days)


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Kube:
    """One API server for a session of tests: started, asked directly, stopped."""

    def __init__(self, programs: dict[str, Path], folder: Path):
        self.programs, self.folder, self.processes = programs, folder, []
        self.authority = Authority("kube authority")
        self.port = free_port(HOST)
        self.url = f"https://{HOST}:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        self.context = ssl.create_default_context(cadata=self.authority.pem)

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def _launch(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen(
                    [self.programs[name], *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env={"PATH": os.environ["PATH"], "HOME": str(self.folder)}, start_new_session=True,
                )  # fmt: skip
            )

    def start(self) -> "Kube":
        client, peer = (f"http://{HOST}:{free_port(HOST)}" for _ in range(2))
        certificate, key = self.authority.server(HOST, "kubernetes.default.svc")
        account = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        tokens = f'{ADMIN},admin,1,"system:masters"\n{READER},reader,2,"readers"\n{NOBODY},nobody,3,"nobodies"\n'
        account_file = self._write("account.pem", account.decode())
        self._launch(
            "etcd", "--name", "peer", "--data-dir", str(self.folder / "etcd"), "--unsafe-no-fsync",
            "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", f"peer={peer}",
        )  # fmt: skip
        self._launch(
            "kube-apiserver", "--etcd-servers", client, "--bind-address", HOST, "--advertise-address", HOST,
            "--secure-port", str(self.port), "--endpoint-reconciler-type", "none",
            "--tls-cert-file", str(self._write("api.crt", certificate)),
            "--tls-private-key-file", str(self._write("api.key", key)),
            "--client-ca-file", str(self._write("ca.crt", self.authority.pem)),
            "--token-auth-file", str(self._write("tokens.csv", tokens)), "--authorization-mode", "RBAC",
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", str(account_file), "--service-account-signing-key-file", str(account_file),
            "--service-cluster-ip-range", "10.96.0.0/16", "--disable-admission-plugins", "ServiceAccount",
        )  # fmt: skip
        self._wait("/readyz", 180)
        self._wait("/api/v1/namespaces/default", 60)
        return self

    def _wait(self, path: str, deadline: float) -> None:
        end = time.monotonic() + deadline
        while True:
            assert all(process.poll() is None for process in self.processes), self.log()
            try:
                if self.ask("GET", path)[0] == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < end, self.log()
            time.sleep(0.2)

    def ask(self, method: str, path: str, body=None, token: str = ADMIN, kind: str = "application/json"):
        """(status, object) of a request past the client that is tested."""
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": kind},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            status, text = refusal.code, refusal.read()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, None

    def make(self, path: str, body: dict) -> dict:
        status, made = self.ask("POST", path, body)
        assert status == 201, made
        return made

    def log(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in self.folder.glob("*.log"))

    def kubeconfig(self, **more) -> str:
        """A kubeconfig as text: `user`, `cluster` and `context` add to, or replace, what stands there."""
        cluster = {"server": self.url, "certificate-authority-data": base64_of(self.authority.pem)} | more.get("cluster", {})
        context = {"cluster": "peer", "user": "somebody"} | more.get("context", {})
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": context}],
                "clusters": [{"name": "peer", "cluster": {key: value for key, value in cluster.items() if value is not None}}],
                "users": [{"name": "somebody", "user": more.get("user", {"token": ADMIN})}],
            }
        )

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
