# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Features of made-up clips, tokenizers, pictures of answers."""

import json

import numpy as np
import pytest
from matplotlib.image import imread

from mmssl.apis import cli
from mmssl.datasets.video_qa import WordTokenizer
from mmssl.datasets.video_qa.features import open_features
from mmssl.datasets.video_qa.toy import write_toy_set


@pytest.fixture
def clips(tmp_path):
    """A video of 2 s at 10 frames a second, and a folder of 4 pictures."""
    av, cv2 = pytest.importorskip('av'), pytest.importorskip('cv2')
    folder = tmp_path / 'clips'
    (folder / 'pictures').mkdir(parents=True)
    rng = np.random.default_rng(0)
    with av.open(str(folder / 'video.mp4'), 'w') as container:
        stream = container.add_stream('mpeg4', rate=10)
        stream.width, stream.height, stream.pix_fmt = 48, 32, 'yuv420p'
        for number in range(20):
            picture = np.full((32, 48, 3), 12 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    for number in range(4):
        picture = rng.integers(0, 256, (32, 48, 3), np.uint8)
        cv2.imwrite(str(folder / f'pictures/{number:05}.jpg'), picture)
    (folder / 'notes.txt').write_text('not a clip')
    return folder


def run(tool, *arguments):
    return tool('videoqa/extract_features.py').main(
        ['simclr_tiny', *map(str, arguments), '--size', '32']
    )


def test_features_of_a_folder_of_clips(tool, clips, tmp_path, capsys):
    pytest.importorskip('h5py')
    out = tmp_path / 'features.h5'
    assert run(tool, clips, '--out', out) == 0
    features = open_features(out, 3.0)
    assert features.rate == 3.0
    assert features['video'].shape[0] == 6  # moments 0, 1/3, ..., 5/3
    assert features['pictures'].shape[0] == 4
    assert features['video'].shape[1] == features['pictures'].shape[1]
    assert not (tmp_path / 'features.h5.parts').exists()
    assert run(tool, clips, '--out', tmp_path / 'folder') == 0
    again = open_features(tmp_path / 'folder', 3.0)
    assert np.allclose(again['video'], features['video'], atol=1e-5)
    capsys.readouterr()
    assert run(tool, clips, '--out', tmp_path / 'folder') == 0
    assert '2 of 2 clips are there already' in capsys.readouterr().out


def test_frames_are_those_of_their_moments(tool, clips):
    module = tool('videoqa/extract_features.py')
    frames = list(module.frames_of(clips / 'video.mp4', 2.0))
    means = [frame.mean() for frame in frames]
    assert means == pytest.approx([0, 60, 120, 180], abs=8)


def test_what_is_no_clip_is_refused(tool, clips, tmp_path, capsys):
    out = ('--out', tmp_path / 'x')
    (tmp_path / 'none').mkdir()
    (tmp_path / 'bad').mkdir()
    (tmp_path / 'bad/a.mp4').write_text('no video')
    (clips / 'video.avi').write_text('')
    for folder, message in (
        ('absent', 'there is no folder'),
        ('none', 'has no clip'),
        ('bad', 'a.mp4 cannot be decoded'),
        ('clips', 'have one name'),
    ):
        assert run(tool, tmp_path / folder, *out) == 2
        assert message in capsys.readouterr().err
    assert run(tool, clips, *out, '--fps', 0) == 2


def test_a_tokenizer_is_made_of_training_text(tool, tmp_path, capsys):
    pytest.importorskip('h5py')
    write_toy_set(tmp_path, 'tvqa', num_clips=3)
    main = tool('videoqa/build_tokenizer.py').main
    arguments = [
        str(tmp_path / 'qa.jsonl'), '--subtitles',
        str(tmp_path / 'subtitles.jsonl'), '--out', str(tmp_path / 'made'),
    ]  # fmt: skip
    assert main(arguments) == 0
    text = WordTokenizer(str(tmp_path / 'made/words.txt'))
    assert text('what said') != [text.unknown_id] * 2
    rows = (tmp_path / 'qa.jsonl').read_text().splitlines()
    assert text.unknown_id not in text(json.loads(rows[0])['q'])
    assert main([str(tmp_path / 'absent'), '--out', str(tmp_path)]) == 2
    assert 'there is no' in capsys.readouterr().err


def test_pictures_of_answers(tool, tmp_path):
    options = [
        'train_cfg.max_epochs=1',
        'train_dataloader.dataset.num_clips=2',
    ]
    arguments = ['videoqa_tiny', '--work-dir', str(tmp_path), '--no-validate']
    assert cli.main(['train', *arguments, '--cfg-options', *options]) == 0
    main = tool('videoqa/visualize_answers.py').main
    arguments = [
        'videoqa_tiny', str(tmp_path / 'epoch_1.pth'), '--out-dir',
        str(tmp_path / 'drawn'),
    ]  # fmt: skip
    assert main([*arguments, '-n', '2']) == 0
    assert main([*arguments, '--qids', '5']) == 0
    drawn = sorted(p.stem for p in (tmp_path / 'drawn').iterdir())
    assert drawn == ['0', '1', '5']
    assert imread(tmp_path / 'drawn/5.png').std() > 0
    assert main([*arguments, '--qids', '999']) == 2
