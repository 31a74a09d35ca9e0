# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The inferencers against the paths of evaluation and tools."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.infer import BaseInferencer
from PIL import Image
from small_videos import number_of, numbered_frames, write_video
from torch import nn
from torch.testing import assert_close

import mmssl
from mmssl.apis.question_answering import question_data
from mmssl.apis.translation import TranslationWorker
from mmssl.datasets.transforms import UnreadableImage
from mmssl.datasets.video_qa import ToyVideoQA
from mmssl.evaluation.extraction import frame_maps
from mmssl.evaluation.functional import (
    few_shot_classify,
    propagate_sequence,
)
from mmssl.registry import MODELS
from mmssl.utils.errors import UsageError
from mmssl.utils.id_maps import read_id_map

QUIET = dict(device='cpu', show_progress=False)


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return mmssl.get_model('simclr_tiny')


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (32, 40, 3), np.uint8) for _ in range(5)]


def save(picture, path):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(picture).save(path)
    return path


# Shared


def test_importing_the_interface_imports_no_torch():
    code = (
        'import sys, mmssl, mmssl.apis; '
        "assert not {'torch', 'mmengine', 'numpy'} & set(sys.modules); "
        "assert 'VOSPropagator' in mmssl.__all__"
    )
    subprocess.run([sys.executable, '-c', code], check=True)


@pytest.mark.parametrize(
    'name',
    ['FeatureExtractor', 'FewShotClassifier', 'Translator', 'VOSPropagator',
     'VideoQA'],
)  # fmt: skip
def test_they_are_inferencers_of_mmengine(name):
    kind = getattr(mmssl, name)
    assert issubclass(kind, BaseInferencer)
    assert kind is getattr(__import__('mmssl.apis').apis, name)


def test_wrong_calls_are_one_sentence(model, pictures):
    extractor = mmssl.FeatureExtractor(model, show_progress=False)
    for call, message in (
        (dict(inputs=[]), 'there are no inputs'),
        (dict(inputs=pictures, batch_size=0), 'batch_size must be >= 1'),
        (dict(inputs=pictures, stages='pool'), "no setting 'stages'; it "
         'takes batch_size, return_vis, layer, output, stage'),
        (dict(inputs=pictures, output='list'), 'output must be in'),
        (dict(inputs=pictures, stage='head'), "stage must be in .*'head'"),
        (dict(inputs=pictures, stage='backbone', layer=7), 'layer 7 of the'),
        (dict(inputs=np.zeros((2, 2))), 'array: an array must be .* uint8'),
        (dict(inputs=torch.zeros(2)), r'tensor has the shape \(2,\)'),
    ):  # fmt: skip
        with pytest.raises((UsageError, UnreadableImage), match=message):
            extractor(**call)
    with pytest.raises(UsageError, match='weights go with the name of a'):
        mmssl.FeatureExtractor(model, 'a.pth')
    with pytest.raises(UsageError, match=r'Linear has no extract_feat\(\)'):
        mmssl.FeatureExtractor(nn.Linear(2, 2))
    with pytest.raises(UsageError, match='frames must be at least 1'):
        mmssl.FeatureExtractor(model, frames=0)


def test_a_name_takes_weights_and_an_untrained_network_is_told(
    model, pictures, tmp_path, monkeypatch
):
    told = []
    monkeypatch.setattr(
        'mmssl.apis.inferencer.print_log',
        lambda text, **kwargs: told.append(text),
    )
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    trained = mmssl.FeatureExtractor('simclr_tiny', path, **QUIET)
    expected = mmssl.extract_features(model, pictures)
    assert_close(trained(pictures)['predictions'], expected)
    assert not told
    mmssl.FeatureExtractor('simclr_tiny', **QUIET)
    (text,) = told
    assert 'network of simclr_tiny is untrained' in text


def test_the_bar_is_off_by_switch(model, pictures, capsys):
    mmssl.FeatureExtractor(model, show_progress=False)(pictures)
    assert capsys.readouterr().out == ''
    mmssl.FeatureExtractor(model)(pictures)
    assert 'FeatureExtractor' in capsys.readouterr().out


# Features


def test_maps_of_any_layer_as_the_backbone_gives_them(model, pictures):
    extractor = mmssl.FeatureExtractor(model, show_progress=False)
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    with torch.no_grad():
        inputs = model.data_preprocessor(dict(inputs=[x]))['inputs']
        expected = model.backbone(inputs[0])
    for layer in range(-1, len(expected)):
        maps = extractor(pictures, stage='backbone', layer=layer)
        assert_close(maps['predictions'], expected[layer])
        pooled = extractor(pictures, layer=layer)['predictions']
        assert_close(pooled, expected[layer].mean((2, 3)))
    found = extractor(pictures, output='numpy')['predictions']
    assert isinstance(found, np.ndarray) and found.dtype == np.float32


def test_a_folder_holds_pictures_and_videos(model, pictures, tmp_path):
    view = dict(resize=24, size=24)
    paths = [save(p, tmp_path / f'{i}.png') for i, p in enumerate(pictures)]
    frames = numbered_frames(12, (32, 40))
    paths.append(write_video(tmp_path / 'z.mp4', frames))
    (tmp_path / 'notes.txt').write_text('neither')
    extractor = mmssl.FeatureExtractor(
        model, show_progress=False, view=view, frames=3
    )
    found = extractor(tmp_path, batch_size=4, return_vis=True)
    assert found['names'] == list(map(str, paths))
    assert_close(
        found['predictions'][:5],
        mmssl.extract_features(model, pictures, view),
    )
    (picture,) = found['visualization']
    assert picture.width > 100 and 'base64' in found._repr_html_()
    assert '(6, 64) float32' in found._repr_html_()
    (tmp_path / 'none').mkdir()
    with pytest.raises(UsageError, match='no pictures or videos in'):
        extractor(tmp_path / 'none')


def test_a_video_is_the_mean_of_frames_at_the_middle_of_its_parts(
    model, tmp_path
):
    path = write_video(tmp_path / 'a.mp4', numbered_frames(12))
    extractor = mmssl.FeatureExtractor(model, show_progress=False, frames=3)
    video = mmssl.datasets.VideoFile(path).read([2, 6, 10])
    assert [number_of(frame) for frame in video] == [2, 6, 10]
    single = mmssl.extract_features(model, video)
    assert_close(extractor(path)['predictions'][0], single.mean(0))
    maps = extractor([path], stage='backbone', return_vis=True)
    assert maps['predictions'].shape[:3] == (1, 64, 3)
    assert len(maps['visualization']) == 1


def test_a_network_of_videos_sees_clips(tmp_path):
    torch.manual_seed(0)
    network = MODELS.build(
        dict(
            type='FeatureExtractor',
            backbone=dict(
                type='mmaction.ResNet3dSlowOnly', depth=18, pretrained=None,
                base_channels=4,
            ),
        )
    )  # fmt: skip
    network.eval()
    extractor = mmssl.FeatureExtractor(network, show_progress=False, frames=4)
    frames = numbered_frames(8, (32, 32))
    found = extractor(frames)['predictions']
    clip = torch.from_numpy(frames[[1, 3, 5, 7]]).permute(3, 0, 1, 2)
    assert_close(extractor(clip)['predictions'], found)
    assert_close(extractor(clip[None])['predictions'], found)
    with torch.no_grad():
        x = network.data_preprocessor(dict(inputs=[clip[None]]))['inputs']
        expected = network.extract_feat(x, 'pool')
    assert_close(found, expected)
    with pytest.raises(UsageError, match='takes videos, but array is a pict'):
        extractor([frames[0]])


# Video objects


@pytest.fixture
def square():
    """A red square over grey, and where it is in the first frame."""
    frames = np.full((5, 48, 64, 3), 90, np.uint8)
    for t in range(5):
        frames[t, 10:30, 8 + 2 * t : 28 + 2 * t] = (250, 0, 0)
    mask = np.zeros((48, 64), np.uint8)
    mask[10:30, 8:28] = 1
    return frames, mask


@pytest.fixture(scope='module')
def propagator():
    torch.manual_seed(0)
    network = MODELS.build(
        dict(
            type='FeatureExtractor',
            backbone=dict(
                type='SmallConvNet', channels=(8, 8), strides=(2, 2)
            ),
        )
    )  # fmt: skip
    return mmssl.VOSPropagator(
        network.eval(), show_progress=False, input_size=-1, context=2
    )


def test_masks_are_those_of_the_evaluation(propagator, square, tmp_path):
    frames, mask = square
    found = propagator(
        frames, mask=mask, return_vis=True, out_dir=tmp_path / 'out'
    )
    (one,) = found['predictions']
    images = torch.from_numpy(frames).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = propagate_sequence(
            frame_maps(propagator.model, images),
            {0: torch.from_numpy(mask)},
            context=2, radius=8, topk=10,
        )  # fmt: skip
        expected = np.stack([step.ids.numpy() for step in expected])
    assert (one['masks'] == expected).all()
    assert one['names'][-1] == '00004' and one['rate'] == 25
    assert (read_id_map(tmp_path / 'out/masks/00004.png') == expected[4]).all()
    assert len(mmssl.datasets.VideoFile(tmp_path / 'out/overlay.mp4')) == 5
    (drawn,) = found['visualization']
    assert drawn.shape == frames.shape and (drawn != frames).any()
    assert found._repr_html_().count('<img') == 4


def test_several_videos_and_a_part(propagator, square, tmp_path):
    frames, mask = square
    for t, frame in enumerate(frames):
        save(frame, tmp_path / f'frames/{t:02}.png')
    inputs = [
        dict(video=frames, mask=mask),
        dict(video=tmp_path / 'frames', boxes=[(8, 10, 20, 20)]),
    ]
    found = propagator(inputs, out_dir=tmp_path / 'out', max_frames=3)
    first, second = found['predictions']
    assert (first['masks'] == second['masks']).all()
    assert len(first['masks']) == 3 and second['names'] == ['00', '01', '02']
    assert (tmp_path / 'out/1/masks/02.png').is_file()


def test_videos_that_cannot_be_used(propagator, square):
    frames, mask = square
    for inputs, message in (
        ('film.mp4', r'an input is dict\(video'),
        (dict(video=frames), 'give one of mask and boxes'),
        (dict(video=frames, mask=mask[:9]), 'the mask has height x width 9'),
        (dict(video=frames, mask=0 * mask), 'the mask has no object'),
        (dict(video=frames, boxes=[]), 'there is no box'),
        (dict(video=frames[0], mask=mask), r'as array is \(t, h, w, 3\)'),
        (dict(video='no.mp4', mask=mask), 'there is no no.mp4'),
    ):
        with pytest.raises(UsageError, match=message):
            propagator(inputs)
    with pytest.raises(UsageError, match='the array has 5 frames: first 9'):
        propagator(frames, mask=mask, first=9)


# Few-shot


def test_answers_are_those_of_the_episodes(model):
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (30, 16, 16, 3), np.uint8)
    labels = torch.arange(3).repeat(10)
    features = mmssl.extract_features(model, pictures)
    for distance in ('sqeuclidean', 'cosine'):
        expected = few_shot_classify(
            features, labels, n_episodes=1, way=3, shot=2, query=4,
            distance=distance, generator=torch.Generator().manual_seed(0),
        )  # fmt: skip
        rows = expected.rows[0].tolist()
        classifier = mmssl.FewShotClassifier(
            model, show_progress=False, distance=distance
        )
        support = {
            str(c): [pictures[rows[c]], pictures[rows[3 + c]]]
            for c in range(3)
        }
        found = classifier.fit(support)(
            [pictures[row] for row in rows[6:]], batch_size=5
        )
        answers = [int(one['label']) for one in found['predictions']]
        assert answers == expected.predicted[0].tolist()
        for one in found['predictions']:
            assert sum(one['scores'].values()) == pytest.approx(1)
            assert one['score'] == one['scores'][one['label']]


def test_examples_in_folders(model, pictures, tmp_path):
    for i, picture in enumerate(pictures):
        name = 'cat' if i < 3 else 'dog'
        save(picture, tmp_path / name / f'{i}.png')
    classifier = mmssl.FewShotClassifier(model, show_progress=False)
    with pytest.raises(UsageError, match=r'call fit\(\) first'):
        classifier(pictures)
    classifier.fit(tmp_path)
    found = classifier(tmp_path / 'dog', return_vis=True)
    assert [one['label'] for one in found['predictions']] == ['dog', 'dog']
    assert found['visualization'][0].height > 100
    assert '<td>dog</td>' in found._repr_html_()


def test_what_is_no_classification(model, pictures, tmp_path):
    for setting, message in (
        (dict(stage='backbone'), "stage must be 'pool' or 'neck'"),
        (dict(distance='l1'), 'distance must be in'),
        (dict(temperature=0), 'temperature must be > 0'),
    ):
        with pytest.raises((UsageError, ValueError), match=message):
            mmssl.FewShotClassifier(model, **setting)
    classifier = mmssl.FewShotClassifier(model, show_progress=False)
    for support, message in (
        (dict(cat=pictures), r'at least two classes are needed, got 1 \(cat'),
        (dict(cat=pictures, dog=[]), 'class dog has no example'),
        (tmp_path / 'no', 'no folder'),
    ):
        with pytest.raises(UsageError, match=message):
            classifier.fit(support)


# Translation


def test_translations_are_those_of_the_data_set_tool(pictures, tmp_path):
    torch.manual_seed(0)
    network = mmssl.get_model('cyclegan_tiny')
    weights = tmp_path / 'a.pth'
    torch.save(dict(state_dict=network.state_dict()), weights)
    worker = TranslationWorker('cyclegan_tiny', {'': str(weights)})
    translator = mmssl.Translator('cyclegan_tiny', weights, **QUIET)
    files = [save(p, tmp_path / f'in/{i}.png') for i, p in enumerate(pictures)]
    found = translator(
        tmp_path / 'in', return_vis=True, out_dir=tmp_path / 'out'
    )
    for i, one in enumerate(found['predictions']):
        assert (one == worker(pictures[i])).all()
        assert (np.array(Image.open(tmp_path / f'out/{i}.png')) == one).all()
    assert found['visualization'][0].size == (80, 32)
    assert (translator(pictures)['predictions'][4] == one).all()
    back = mmssl.Translator(network, show_progress=False, direction='b2a')
    assert (back(pictures[4])['predictions'][0] != one).any()
    with pytest.raises(UsageError, match=r'would be written to .*out.0\.png'):
        translator([files[0], files[0]], out_dir=tmp_path / 'out')
    (tmp_path / 'none').mkdir()
    with pytest.raises(UsageError, match='no pictures in'):
        translator(tmp_path / 'none')
    with pytest.raises(UsageError, match='mode must be one of'):
        mmssl.Translator(network, mode='crop')


# Questions


@pytest.fixture(scope='module')
def qa():
    torch.manual_seed(0)
    return mmssl.VideoQA('videoqa_tiny', **QUIET)


def test_answers_are_those_of_the_data_set(qa):
    settings = qa.cfg.test_dataloader.dataset
    data = ToyVideoQA(num_clips=2, pipeline=settings.pipeline)
    inputs = []
    for question in data.questions[:3]:
        clip = data.find_clip(question.clip)
        inputs.append(
            dict(
                question=question.text, answers=question.answers,
                subtitles=clip.sentences, frames=clip.frames,
            )
        )  # fmt: skip
    found = qa(inputs, batch_size=2, return_vis=True)
    with torch.no_grad():
        samples = qa.forward([data[row] for row in range(3)])
    for one, expected in zip(found['predictions'], samples, strict=True):
        assert one['index'] == expected.pred_answer
        assert one['answer'] == expected.answers[one['index']]
        assert one['scores'] == pytest.approx(expected.scores.tolist())
        assert one['span'] == pytest.approx(expected.pred_span)
    assert len(found['visualization']) == 3
    assert 'thing' in found._repr_html_()


def test_subtitles_of_a_file_or_none(qa, tmp_path):
    answers = [f'thing00{i}' for i in range(5)]
    one = dict(question='what is said with name03 ?', answers=answers)
    path = tmp_path / 'a.srt'
    path.write_text('1\n00:00:00,500 --> 00:00:02,000\nname03 has thing004\n')
    data = question_data(dict(one, subtitles=path))
    (sentence,) = data.find_clip('clip').sentences
    assert sentence[1:] == (0.5, 2.0)
    for inputs in (one, dict(one, subtitles=str(path))):
        (found,) = qa(inputs)['predictions']
        assert sum(found['scores']) == pytest.approx(1)


def test_questions_that_cannot_be_used(qa, model, tmp_path):
    one = dict(question='who ?', answers=list('abcde'))
    for inputs, message in (
        (dict(question='who ?'), 'input 0 must be a dict with question and'),
        (dict(one, video='a'), 'input 0 must be a dict'),
        (dict(one, answers=['a']), 'has 1 answers, expected are 5'),
        (dict(one, subtitles='no.srt'), 'no subtitles at no.srt'),
        (dict(one, subtitles=[('a', 1)]), 'a SubRip file or a list of'),
        (dict(one, frames=np.zeros(3)), r'frames, values\), got the shape'),
    ):
        with pytest.raises(UsageError, match=message):
            qa(inputs)
    with pytest.raises(UsageError, match='no pipeline of questions'):
        mmssl.VideoQA('videoqa-pretrain_tiny', **QUIET)
    with pytest.raises(UsageError, match='SimCLR answers no questions'):
        mmssl.VideoQA(model, data=dict(pipeline=[]))
