"""A quiet environment for clients of a server on this machine."""

import pytest


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    """The server is on this machine: no proxy, nobody's key, no certificates (reading them takes 35 ms a client)."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    for name in ("SSL_CERT_FILE", "OPENAI_API_KEY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
