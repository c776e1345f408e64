# SPDX-License-Identifier: Apache-2.0
"""Real reverse proxies in front of a server: haproxy and nginx, each keeping its connections to the server open."""

import shutil
import subprocess
from pathlib import Path

from .raw import Connection
from .ports import free_port
from .server import PATIENCE, poll

HAPROXY = """
defaults
    mode http
    timeout connect 10s
    timeout client 30s
    timeout server 30s
    http-reuse always
frontend front
    bind 127.0.0.1:{port}
    default_backend back
backend back
    server one {server}
"""
NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    proxy_ignore_client_abort on;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    upstream back {{ server {server}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off; }}
    }}
}}
"""
COMMANDS = {
    "haproxy": (HAPROXY, ["haproxy", "-db", "-f"]),
    "nginx": (NGINX, ["nginx", "-c"]),
}


def find(program: str) -> str:
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert found, f"{program} is not installed: ./dev setup does it"
    return found


class Reverse:
    """One proxy before the server at a URL; a context manager."""

    def __init__(self, program: str, server_url: str, folder: Path):
        text, command = COMMANDS[program]
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        folder.mkdir()
        (folder / "conf").write_text(text.format(port=port, folder=folder, server=server_url.removeprefix("http://")))
        self.command = [find(command[0]), *command[1:], str(folder / "conf")]

    def __enter__(self) -> "Reverse":
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        poll(self._is_listening)
        return self

    def __exit__(self, *_exc) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)

    def _is_listening(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            Connection(self.url).__exit__()
        except ConnectionRefusedError:
            return False
        return True
