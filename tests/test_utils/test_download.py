# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Downloads against a server of our own that misbehaves in every way."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mmssl.utils.download import cache_dir, download, sha256_of
from mmssl.utils.errors import UsageError

CONTENT = bytes(range(256)) * 512
HASH = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """Serves ``CONTENT``; ``cut`` ends the first answers after so many bytes.

    ``asked`` notes the range of each request.
    """

    def __init__(self):
        self.content = CONTENT
        self.ranges = True
        self.cut = []
        self.asked = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.answer(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.address = f'http://127.0.0.1:{self.http.server_port}'
        self.thread = threading.Thread(target=self.http.serve_forever)

    def answer(self, request):
        wanted = request.headers.get('Range')
        self.asked.append(wanted)
        if request.path != '/weights.pth':
            request.send_error(404)
            return
        start = 0
        if wanted and self.ranges:
            start = int(wanted.removeprefix('bytes=').removesuffix('-'))
            if start >= len(self.content):
                request.send_error(416)
                return
        body = self.content[start:]
        request.send_response(206 if start else 200)
        request.send_header('Content-Length', str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cut.pop(0) if self.cut else None])


@pytest.fixture
def server():
    one = Server()
    one.thread.start()
    yield one
    one.http.shutdown()
    one.thread.join()
    one.http.server_close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'cache' / 'weights.pth'


def get(server, path, *, name='/weights.pth', sha256=HASH):
    return download([server.address + name], path, sha256, timeout=5)


def test_a_file_is_fetched_once_and_then_found_without_the_net(server, path):
    assert get(server, path) == path
    assert path.read_bytes() == CONTENT
    assert get(server, path) == path
    assert server.asked == [None]
    assert not list(path.parent.glob('*.part'))


def test_an_ended_connection_is_taken_up_where_it_ended(server, path):
    server.cut = [1000, 500]
    get(server, path)
    assert server.asked == [None, 'bytes=1000-', 'bytes=1500-']
    assert path.read_bytes() == CONTENT


def test_a_later_call_goes_on_where_a_killed_one_was(server, path):
    path.parent.mkdir()
    path.with_name('weights.pth.part').write_bytes(CONTENT[:777])
    get(server, path)
    assert server.asked == ['bytes=777-']
    assert path.read_bytes() == CONTENT


def test_a_part_that_is_whole_needs_no_more_bytes(server, path):
    path.parent.mkdir()
    path.with_name('weights.pth.part').write_bytes(CONTENT)
    get(server, path)
    assert path.read_bytes() == CONTENT


def test_a_server_without_ranges_sends_all_again(server, path):
    server.ranges = False
    path.parent.mkdir()
    path.with_name('weights.pth.part').write_bytes(CONTENT[:777])
    get(server, path)
    assert path.read_bytes() == CONTENT


def test_the_beginning_of_an_older_file_is_thrown_away(server, path):
    path.parent.mkdir()
    path.with_name('weights.pth.part').write_bytes(b'x' * 777)
    get(server, path)
    assert server.asked == ['bytes=777-', None]
    assert path.read_bytes() == CONTENT


def test_a_connection_that_never_lasts_is_an_error_that_keeps_the_part(
    server, path
):
    server.cut = [100, 100, 100]
    with pytest.raises(
        UsageError,
        match=r'weights.pth could not be downloaded; http.*ended at 300 of '
        r'131072 bytes.*call again to go on',
    ):
        get(server, path)
    assert not path.exists()
    get(server, path)
    assert server.asked[-1] == 'bytes=300-'
    assert path.read_bytes() == CONTENT


def test_a_wrong_hash_leaves_nothing(server, path):
    with pytest.raises(
        UsageError, match=f'has SHA-256 {HASH[:12]}..., expected 000000000000'
    ):
        get(server, path, sha256='0' * 64)
    assert [p.suffix for p in path.parent.iterdir()] == ['.lock']


def test_a_corrupt_file_is_never_taken_but_fetched_again(server, path):
    path.parent.mkdir()
    path.write_bytes(CONTENT[:-1] + b'!')
    get(server, path)
    assert path.read_bytes() == CONTENT


def test_an_address_that_fails_gives_way_to_the_next(server, path):
    addresses = [server.address + '/gone.pth', server.address + '/weights.pth']
    download(addresses, path, HASH)
    assert path.read_bytes() == CONTENT


def test_every_address_says_why_it_failed(server, path):
    addresses = [server.address + '/gone.pth', 'http://127.0.0.1:1/x.pth']
    with pytest.raises(
        UsageError,
        match=r'/gone.pth: HTTP 404 Not Found; http://127.0.0.1:1/x.pth: '
        r'.*refused.*; .*put the file at .*weights.pth yourself',
    ):
        download(addresses, path, HASH)


def test_callers_at_the_same_time_fetch_once(server, path):
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: get(server, path), range(4)))
    assert paths == [path] * 4
    assert server.asked == [None]


def test_the_cache_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv('MMSSL_HOME', str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.delenv('MMSSL_HOME')
    assert cache_dir() == Path.home() / '.cache' / 'mmssl'


def test_the_hash_is_that_of_hashlib(tmp_path):
    (tmp_path / 'file').write_bytes(CONTENT)
    assert sha256_of(tmp_path / 'file') == HASH
