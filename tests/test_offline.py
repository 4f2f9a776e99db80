"""The block on sockets works, here and in child processes: a test that would need the network cannot pass unnoticed."""

import socket
import subprocess
import sys

import pytest

CODE = "import socket; socket.create_connection(('example.org', 80), 2)"


def test_leaving_this_machine_is_blocked():
    with pytest.raises(OSError, match="blocked"):
        socket.create_connection(("example.org", 80), 2)
    with pytest.raises(OSError, match="blocked"):
        socket.socket().connect(("192.0.2.1", 80))


def test_a_child_process_is_blocked_too():
    result = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert result.returncode != 0 and "NetworkBlocked" in result.stderr


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 2).close()
