"""Python runs this at its start when its folder is on PYTHONPATH: sockets reach this machine and no other. Tests only."""

import ipaddress
import socket

_connect, _getaddrinfo = socket.socket.connect, socket.getaddrinfo


class NetworkBlocked(OSError):
    """A test tried to leave this machine."""


def _here(host):
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host if isinstance(host, str) else host.decode()).is_loopback
    except ValueError:
        return False


def _guarded_connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and not _here(address[0]):
        raise NetworkBlocked(f"blocked: {address}")
    return _connect(self, address)


def _guarded_getaddrinfo(host, *args, **kwargs):
    if not _here(host) and host not in ("0.0.0.0", "::", socket.gethostname()):
        raise NetworkBlocked(f"blocked: {host}")
    return _getaddrinfo(host, *args, **kwargs)


def block():
    """Put the guards in place; calling it twice changes nothing."""
    socket.socket.connect = _guarded_connect
    socket.getaddrinfo = _guarded_getaddrinfo


block()
