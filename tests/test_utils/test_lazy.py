# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Names of a package that are imported when they are asked for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import mmssl
from mmssl.utils.lazy import EXTRAS, OptionalPackage, PackageMissing


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules, one of which cannot be imported."""
    root = tmp_path / 'lazy_package'
    root.mkdir()
    (root / '__init__.py').write_text(
        'from mmssl.utils.lazy import lazy_names\n'
        "__getattr__, __all__ = lazy_names(__name__, good='one two', "
        "broken='three', good_itself='')\n"
    )
    (root / 'good.py').write_text('one, two = 1, 2\n')
    (root / 'good_itself.py').write_text('')
    (root / 'broken.py').write_text('1 / 0\n')
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__('lazy_package')
    for name in [n for n in sys.modules if n.startswith('lazy_package')]:
        del sys.modules[name]


def test_a_module_is_imported_with_its_first_name(package):
    assert package.__all__ == ['good_itself', 'one', 'three', 'two']
    assert 'lazy_package.good' not in sys.modules
    assert package.two == 2 and package.one == 1
    assert vars(package)['two'] == 2  # looked up once
    assert package.good_itself.__name__ == 'lazy_package.good_itself'
    with pytest.raises(ZeroDivisionError):
        _ = package.three
    with pytest.raises(AttributeError, match="'lazy_package' has no .*'four'"):
        _ = package.four


def test_an_optional_package_is_missed_when_it_is_used():
    absent = OptionalPackage('no_such_package.inside', 'reading videos')
    message = (
        'reading videos needs the package no_such_package, which is not '
        'installed: pip install no_such_package'
    )
    with pytest.raises(ImportError) as found:
        absent.open('a.mp4')
    assert str(found.value) == message
    assert found.value.name == 'no_such_package'
    assert OptionalPackage('json', 'x').loads('1') == 1


@pytest.mark.parametrize(
    ('package', 'command'),
    [
        ('av', "pip install 'mmssl[video]'"),
        (
            'mmdet',
            "pip install 'mmssl[det]' && pip install --no-deps mmdet",
        ),
        ('faiss', 'pip install faiss'),
    ],
)
def test_a_missing_package_comes_with_its_command(package, command):
    assert str(PackageMissing(package, 'this')) == (
        f'this needs the package {package}, which is not installed: {command}'
    )


def test_every_optional_requirement_has_its_extra():
    path = Path(mmssl.__file__).parents[1] / 'requirements/optional.txt'
    section, wanted = '', {}
    for line in path.read_text().splitlines():
        if opened := re.match(r'# \[(\w+)\]', line):
            section = opened.group(1)
        elif name := re.match(r'\w+', line):
            wanted.setdefault(name.group(), section)
    assert wanted.items() <= EXTRAS.items()
    assert set(EXTRAS) - set(wanted) == {'mmaction', 'mmdet', 'tokenizers'}


def test_what_needs_a_package_says_so_and_the_rest_does_without(tmp_path):
    """In a process of its own, where no optional package can be imported."""
    code = """
import sys
from pathlib import Path

packages = (
    "av decord faiss h5py mmaction mmdet torchcodec transformers wandb"
).split()
sys.modules.update(dict.fromkeys(packages))

import mmssl, numpy
from mmssl.datasets.transforms.video_readers import READERS
from mmssl.datasets.video_qa.features import HDF5Features
from mmssl.datasets.video_qa.tokenizers import TransformersTokenizer
from mmssl.models.algorithms.video_qa.text_encoder import TransformersEncoder
from mmssl.utils.video_writer import reencode_video, write_video

model = mmssl.get_model("simclr_tiny")
assert len(mmssl.extract_features(model, numpy.zeros((2, 9, 9, 3), "u1"))) == 2

folder = Path(sys.argv[1])
new = str(folder / "a.mp4")
needs = dict(
    pyav=lambda: READERS["pyav"](sys.executable).num_frames,
    checking=lambda: mmssl.datasets.VideoFile(sys.executable),
    writing=lambda: write_video(new, [numpy.zeros((8, 8, 3), "u1")], 5),
    reencoding=lambda: reencode_video(sys.executable, new),
    decord=lambda: READERS["decord"](sys.executable),
    torchcodec=lambda: READERS["torchcodec"](sys.executable),
    features=lambda: HDF5Features(folder / "a.h5").file,
    tokens=lambda: TransformersTokenizer(str(folder)),
    text=lambda: TransformersEncoder({}, None),
    detector=lambda: mmssl.get_model(
        "simclr_resnet50_16xb256-coslr-200e_in1k"
    ),
    recogniser=lambda: mmssl.get_model("rho-simclr_rho2_mini"),
    detection=lambda: mmssl.get_model("fcos_overfit_mini"),
    recognition=lambda: mmssl.get_model(
        "finetune_slowonly50-8seg_8xb8-steplr-22e_sthv2"
    ),
)
for name, use in needs.items():
    try:
        use()
    except ImportError as error:
        print("->", name, error)
    else:
        print("->", name, "did without")
"""
    run = subprocess.run(
        [sys.executable, '-c', code, str(tmp_path)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = [x for x in run.stdout.splitlines() if x.startswith('->')]
    commands = dict(
        pyav="'mmssl[video]'",
        checking="'mmssl[video]'",
        writing="'mmssl[video]'",
        reencoding="'mmssl[video]'",
        decord='decord',
        torchcodec='torchcodec',
        features="'mmssl[orl]'",
        tokens="'mmssl[videoqa]'",
        text="'mmssl[videoqa]'",
        detector="'mmssl[det]' && pip install --no-deps mmdet",
        recogniser="'mmssl[action]' && pip install --no-deps mmaction2",
        detection="'mmssl[det]' && pip install --no-deps mmdet",
        recognition="'mmssl[action]' && pip install --no-deps mmaction2",
    )
    for line, (name, command) in zip(lines, commands.items(), strict=True):
        assert line.startswith(f'-> {name} '), line
        assert line.endswith(f'not installed: pip install {command}'), line
