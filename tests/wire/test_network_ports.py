"""Ports of other machines: ``socket://`` and ``rfc2217://``, served here in front of a played board."""

from __future__ import annotations

import socket

import pytest
from network import served
from peer import TOY, Application, Peer

from sensor_bnn.errors import PortError
from sensor_bnn.wire.an3155 import An3155
from sensor_bnn.wire.application import greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import LostPortError, SerialPort

SCHEMES = ("socket", "rfc2217")


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_bootloader_there_answers(scheme: str) -> None:
    with Peer() as peer, served(peer, scheme) as server, SerialPort(server.url, TOY.uart) as port:
        loader = An3155(port)
        assert loader.sync(10)
        assert loader.get().version == 0x31
        data = bytes(range(256))
        address = TOY.flash.origin + TOY.bootloader.size
        loader.write(address, data)
        assert loader.read(address, 256) == data
        assert port.read(1, 0.05) == b""


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_application_there_answers(scheme: str) -> None:
    with (
        Peer("application", Application()) as peer,
        served(peer, scheme) as server,
        SerialPort(server.url, TOY.uart) as port,
    ):
        assert greet(port, Client(port)).board == TOY.name


@pytest.mark.usefixtures("long_run")
def test_rfc2217_sets_the_rate_of_the_line_and_a_socket_says_that_it_cannot() -> None:
    for scheme, able in (("rfc2217", True), ("socket", False)):
        with Peer() as peer, served(peer, scheme) as server, SerialPort(server.url, TOY.uart) as port:
            assert port.set_baud(230400) is able
            port.write(b"\x7f")
            port.read(1, 5)
            assert server.rates[-1] == (230400 if able else 115200)


def test_a_socket_has_no_line_to_reset_with() -> None:
    with (
        Peer() as peer,
        served(peer, "socket") as server,
        SerialPort(server.url, TOY.uart) as port,
        pytest.raises(PortError, match="has no DTR: a socket carries bytes alone"),
    ):
        port.pull("dtr")


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_ends_is_a_lost_port(scheme: str) -> None:
    with Peer() as peer, served(peer, scheme) as server, SerialPort(server.url, TOY.uart) as port:
        # A connection opens before the server has taken it, which hangs up only what it has taken.
        assert server.accepted.wait(20)
        server.hang_up()
        with pytest.raises(LostPortError, match=server.url):
            port.read(1, 20)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_server_is_one_sentence(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"{scheme}://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(PortError, match=f"Cannot open the port {url}: .*refused") as caught:
        SerialPort(url, TOY.uart)
    assert "server" in caught.value.remedy and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["loop://", "spy:///dev/null", "http://127.0.0.1:80", "socket://", "socket://x"]
)
def test_other_forms_are_refused_by_name(url: str) -> None:
    with pytest.raises(PortError, match=f"Cannot open the port {url}: ") as caught:
        SerialPort(url, TOY.uart)
    assert "\n" not in str(caught.value)
