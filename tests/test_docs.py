# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The pages name files, flags and messages that exist."""

import ast
import importlib.util
import io
import re
import shlex
from contextlib import redirect_stdout, suppress
from functools import lru_cache
from pathlib import Path

import pytest

from mmssl.apis import cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / 'docs'
PAGES = sorted(
    [
        *DOCS.glob('*.md'),
        *(p for p in DOCS.glob('*/*.md') if p.parent.name != '_build'),
        *ROOT.glob('*.md'),
        *ROOT.glob('configs/**/README.md'),
    ]
)

pages = pytest.mark.parametrize(
    'page', PAGES, ids=lambda p: p.relative_to(ROOT).as_posix()
)


def commands(page):
    """Lines of the shell blocks of a page, continued ones joined."""
    for block in re.findall(r'```shell\n(.*?)```', page.read_text(), re.S):
        for line in block.replace('\\\n', ' ').splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


@lru_cache
def flags_of(tool):
    """The flags in a tool's help."""
    spec = importlib.util.spec_from_file_location('tool', ROOT / tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = io.StringIO()
    with redirect_stdout(text), suppress(SystemExit):
        module.main(['--help'])
    return set(re.findall(r'(?<![\w-])--?[a-z][\w-]*', text.getvalue()))


def python_tool(words):
    """Tool and arguments of ``python tools/x.py ...``, if it is that."""
    for i, word in enumerate(words):
        if word.startswith('tools/') and word.endswith('.py'):
            return word, words[i + 1 :]
        if word == 'mmssl' and len(words) > i + 1 and i == 0:
            name = cli.COMMANDS.get(words[1])
            return name and f'tools/{name}', words[2:]
    return None, []


@pages
def test_commands_name_existing_files(page):
    for words in commands(page):
        for word in words:
            if re.match(r'(tools|configs|requirements)/[\w./-]+\.\w+$', word):
                assert (ROOT / word).is_file(), word


@pages
def test_commands_have_flags_that_the_tools_know(page):
    for words in commands(page):
        tool, arguments = python_tool(words)
        if tool is None:
            continue
        given = {word for word in arguments if re.match('--?[a-z]', word)}
        assert not given - flags_of(tool), words


@pages
def test_links_lead_somewhere(page):
    text = re.sub(r'```.*?```', '', page.read_text(), flags=re.S)
    for target in re.findall(r'\]\(([^)\s]+)\)', text):
        if '://' not in target and not target.startswith('#'):
            path = (page.parent / target.split('#')[0]).resolve()
            assert path.exists(), target


def test_the_index_lists_every_page():
    listed = re.findall(r'^[\w/]+$', (DOCS / 'index.md').read_text(), re.M)
    found = {
        path.relative_to(DOCS).with_suffix('').as_posix()
        for path in DOCS.rglob('*.md')
        if '_build' not in path.parts and path.name != 'index.md'
    }
    assert found <= set(listed)
    methods = {path.parent.name for path in ROOT.glob('configs/*/README.md')}
    pages = {path.stem for path in DOCS.glob('methods/*.md')}
    assert methods - pages <= {'benchmarks', 'quickstart'}


def test_the_page_of_tools_names_every_tool():
    text = (DOCS / 'tools.md').read_text()
    files = [*ROOT.glob('tools/**/*.py'), *ROOT.glob('tools/**/*.sh')]
    for file in files:
        assert f'`{file.relative_to(ROOT / "tools").as_posix()}`' in text
    for command in [*cli.COMMANDS, 'doctor']:
        assert f'`mmssl {command}`' in text


@lru_cache
def messages():
    """Every text in the code, a hole (NUL) where a value goes in."""
    found = []
    for file in [*ROOT.glob('mmssl/**/*.py'), *ROOT.glob('tools/**/*.py')]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    str(part.value) if isinstance(part, ast.Constant) else '\0'
                    for part in node.values
                ]
                found.append(''.join(parts))
            elif isinstance(node, ast.Constant) and type(node.value) is str:
                found.append(node.value)
    return found


def test_the_faq_quotes_messages_of_the_code():
    text = (DOCS / 'faq.md').read_text()
    quoted = re.findall(r'^`(.+)`\n: ', text, re.M)
    assert len(quoted) > 40
    for message in quoted:
        hole = '[^`]*'
        pattern = hole.join(map(re.escape, message.split('...')))
        assert any(re.search(pattern, known) for known in messages()), message
