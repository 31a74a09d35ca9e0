# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The Python of the pages runs, on small files of the names they use."""

import re
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import torch
from PIL import Image
from small_videos import numbered_frames, write_video
from test_docs import commands, load_tool, python_tool

import mmssl
from mmssl.utils.id_maps import write_id_map

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for page in [*ROOT.glob('docs/**/*.md'), ROOT / 'README.md']
    if '_build' not in page.parts and page.name != 'add_a_method.md'
)
WEIGHTS = {
    'epoch_4.pth': 'simclr_tiny',
    'dense_vos.pth': 'dense_vos_tiny',
    'protonet.pth': 'protonet_tiny',
    'cyclegan.pth': 'cyclegan_tiny',
    'videoqa.pth': 'videoqa_tiny',
}


def blocks(page):
    """Python blocks of a page, without the indent of a list."""
    found = re.findall(
        r'^( *)```python\n(.*?)^ *```', page.read_text(), re.M | re.S
    )
    return [re.sub(f'^{i}', '', code, flags=re.M) for i, code in found]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with the files that the pages name."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    names = ['a.jpg', 'b.jpg', 'pets/cat/0.jpg', 'pets/dog/0.jpg']
    names += [f'photos/{i}.jpg' for i in range(3)]
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        picture = rng.integers(0, 256, (60, 80, 3), np.uint8)
        Image.fromarray(picture).save(name)
    frames = numbered_frames(6)
    write_video('film.mp4', frames)
    Path('frames').mkdir()
    for t, frame in enumerate(frames):
        Image.fromarray(frame).save(f'frames/{t:05}.jpg')
    ids = np.zeros(frames.shape[1:3], np.uint8)
    ids[10:30, 8:28] = 1
    write_id_map('first.png', ids)


def save_weights(text):
    """The checkpoints that a page names."""
    for file, name in WEIGHTS.items():
        if file in text:
            state = mmssl.get_model(name).state_dict()
            torch.save(dict(state_dict=state), file)


@pytest.mark.parametrize(
    'page',
    [page for page in PAGES if blocks(page)],
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_python_of_a_page_runs(page, files):
    code = '\n'.join(blocks(page))
    save_weights(code)
    given = dict(
        features=torch.rand(3, 4, 6, 8),
        first_mask=torch.eye(6, 8, dtype=torch.uint8),
    )
    exec(compile(code, page.name, 'exec'), given)


# Commands of these pages, with the reader's CONFIG and CHECKPOINT.
RUN = ('config', 'evaluation', 'resume', 'tools', 'downstream')
STANDS_FOR = {
    'CONFIG': 'simclr_tiny',
    'CHECKPOINT': 'work_dirs/simclr_tiny/epoch_4.pth',
    'FILE': 'work_dirs/simclr_tiny/epoch_4.pth',
}
# Need data, a GPU, a cluster, or files of other codes.
NEEDS = re.compile(
    r'data/|\d+xb\d|_mini|_voc07|PARTITION|\.sh$|--gpus|RESULTS|\.pth\.tar'
    r'|checkpoint_last|init_cfg|davis|jhmdb|NAME'
)


def runnable(page):
    """Commands of a page that need nothing, placeholders filled in."""
    for words in commands(ROOT / f'docs/{page}.md'):
        words = [
            re.sub(r'\b[A-Z]{4,}\b', lambda m: STANDS_FOR.get(m[0], m[0]), w)
            for w in words
        ]
        if python_tool(words)[0] and not any(NEEDS.search(w) for w in words):
            yield words


@pytest.mark.slow
def test_commands_that_need_no_data_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_tool('tools/train.py').main(['simclr_tiny']) == 0
    for name in ('a', 'b'):
        copytree('work_dirs/simclr_tiny', f'work_dirs/{name}')
    Path('work_dirs/a/epoch_10.pth').write_bytes(
        Path('work_dirs/a/epoch_4.pth').read_bytes()
    )
    found = [words for page in RUN for words in runnable(page)]
    assert len(found) > 20
    for words in found:
        name, arguments = python_tool(words)
        try:
            code = load_tool(name).main(arguments)
        except SystemExit as end:  # --help
            code = end.code
        assert code == 0, words


def test_commands_on_motion_vectors_run(files):
    Path('videos').mkdir()
    Path('videos/film.mp4').write_bytes(Path('film.mp4').read_bytes())
    found = [
        python_tool(words)
        for words in commands(ROOT / 'docs/motion_vectors.md')
    ]
    assert len(found) == 6
    for name, arguments in found:
        assert load_tool(name).main(arguments) == 0, arguments
    assert Path('videos_gop12/motion_index.json').is_file()
    assert Path('motion/film.mp4.npz').is_file()
    assert Path('motion/film_gop12.mp4.npz').is_file()
