# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The pages name files, flags and messages that exist."""

import ast
import importlib.util
import io
import re
import shlex
from contextlib import redirect_stdout, suppress
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

import pytest

from mmssl.apis import cli
from mmssl.utils.config import load_config

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


def load_tool(tool):
    """A file below the root as a module."""
    spec = importlib.util.spec_from_file_location('tool', ROOT / tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache
def help_of(tool):
    """What a tool's ``--help`` prints."""
    module = load_tool(tool)
    text = io.StringIO()
    with redirect_stdout(text), suppress(SystemExit):
        module.main(['--help'])
    return text.getvalue()


def flags_of(tool):
    """The flags in a tool's help."""
    return set(re.findall(r'(?<![\w-])--?[a-z][\w-]*', help_of(tool)))


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
    if page.name == 'add_a_method.md':  # makes its own, in its own test
        return
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


# Stands for something of the reader's: a word in capitals, or a path with one.
PLACEHOLDER = re.compile(r'\b[A-Z][A-Z_]+\b')


def config_of(words):
    """The config of a command that takes one, None if there is none."""
    tool, arguments = python_tool(words)
    scripts = [i for i, w in enumerate(words) if w.startswith('tools/dist_')]
    if scripts:
        arguments = words[scripts[0] + 1 :]
    elif tool is None or not re.search(
        r'positional arguments:\s+config\b', help_of(tool)
    ):
        return None
    first = arguments[0] if arguments else '-'
    if first.startswith(('-', 'work_dirs/')) or PLACEHOLDER.search(first):
        return None
    return first


@pages
def test_commands_name_existing_configs_and_keys(page):
    if page.name == 'add_a_method.md':
        return
    for words in commands(page):
        name = config_of(words)
        if name is None:
            continue
        options = {}
        if '--cfg-options' in words:
            given = words[words.index('--cfg-options') + 1 :]
            for option in takewhile(lambda w: not w.startswith('-'), given):
                key, value = option.split('=', 1)
                options[key] = value
        load_config(name, options, ROOT / 'configs')


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


@pytest.mark.parametrize(
    'page',
    sorted(ROOT.glob('configs/*/README.md')),
    ids=lambda p: p.parent.name,
)
def test_a_method_page_draws_the_data_flow_and_labels_its_numbers(page):
    if page.parent.name in ('benchmarks', 'quickstart'):
        return
    text = page.read_text(encoding='utf-8')
    drawings = [
        block
        for block in re.findall(r'^```\n(.*?)^```', text, re.M | re.S)
        if re.search('[─┬┐]', block)
    ]
    assert drawings, 'no drawing of the data flow'
    for drawing in drawings:
        assert (
            max(map(len, drawing.splitlines())) <= 104
        )  # a page is that wide
    assert re.search(r'^## .*[Pp]ublished|^Published', text, re.M)
    assert re.search('^(## )?Measured here', text, re.M)


def test_the_faq_has_a_message_for_every_line_of_section_f():
    """Registry, data, labels, processes, codec, W-MSE, download."""
    text = (DOCS / 'faq.md').read_text(encoding='utf-8')
    for part in (
        'is not in the ... registry of', 'no data at', 'labels are needed',
        'must hold equally many samples', 'at least 2 samples in a batch',
        'exports no motion vectors', 'decoding failed',
        'singular covariance: w_size=', 'could not be downloaded',
        'is not installed: pip install',
    ):  # fmt: skip
        assert part in text, part
