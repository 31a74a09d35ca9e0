# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The network of video questions, with and without ``transformers``."""

import math

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from toy_questions import WIDTH, WORDS, batch, build, model_config, toy_data

import mmssl
from mmssl.models.algorithms.video_qa import text_encoder as module
from mmssl.models.algorithms.video_qa.text_encoder import mean_of_sentences
from mmssl.registry import MODELS
from mmssl.utils.errors import UsageError


@pytest.fixture(scope='module')
def data():
    return toy_data()


@pytest.fixture(scope='module')
def masked():
    return toy_data(masked=True)


def test_losses_train_every_part(masked):
    model = build()
    inputs = batch(masked)['inputs']
    losses = model(inputs, mode='loss')
    assert set(losses) == {
        'loss_qa', 'loss_span', 'loss_contrast', 'acc', 'acc_contrast',
    }  # fmt: skip
    sum(v for k, v in losses.items() if k.startswith('loss')).backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None]
    # Segment numbers, positions and words are rows of tables.
    assert not idle
    assert losses['loss_qa'].item() == pytest.approx(math.log(5), abs=0.3)


def test_heads_are_optional(masked):
    model = build(visual=False, span_head=None, contrast_head=None)
    assert set(model(batch(masked)['inputs'], mode='loss')) == {
        'loss_qa',
        'acc',
    }


def test_permuted_options_have_permuted_scores(data):
    model = build().eval()
    inputs = batch(data)['inputs']
    order = torch.tensor([3, 0, 4, 1, 2])
    permuted = dict(inputs)
    for name in ('ids', 'mask', 'segments', 'markers'):
        permuted[name] = inputs[name][:, order]
    with torch.no_grad():
        assert torch.allclose(
            model(permuted), model(inputs)[:, order], atol=1e-6
        )


def test_a_padded_batch_scores_like_single_questions(data):
    model = build().eval()
    rows = range(0, len(data), 5)
    together = batch(data, rows)
    with torch.no_grad():
        scores = model(together['inputs'])
        alone = [model(batch(data, [row])['inputs'])[0] for row in rows]
    assert len({len(data.read(r)['sentences']) for r in rows}) > 1
    assert torch.allclose(scores, torch.stack(alone), atol=1e-5)


def test_test_time_never_sees_the_masked_copy(masked, data):
    model = build().eval()
    inputs = batch(masked)['inputs']
    wrong = dict(inputs, masked_ids=torch.zeros_like(inputs['masked_ids']))
    with torch.no_grad():
        assert torch.equal(model(inputs), model(wrong))
        assert torch.equal(model(inputs), model(batch(data)['inputs']))


def test_anchor_and_candidates_have_dropout_of_their_own(masked):
    model = build(visual=False).train()
    inputs = batch(masked)['inputs']
    rows = torch.arange(3)
    inputs['masked_ids'] = inputs['ids'][rows, inputs['target']]
    found = model.read(inputs)
    true = found['pooled'][rows, inputs['target']]
    assert not torch.allclose(true, found['anchor'], atol=1e-4)
    model.eval()
    found = model.read(inputs)
    true = found['pooled'][rows, inputs['target']]
    assert torch.allclose(true, found['anchor'], atol=1e-5)


@pytest.mark.parametrize('detach', [False, True])
def test_candidates_can_be_detached(masked, detach):
    head = MODELS.build(
        dict(type='MaskedAnswerContrastHead', detach_candidates=detach)
    )
    candidates = torch.randn(2, 5, 4, requires_grad=True)
    anchor = torch.randn(2, 4, requires_grad=True)
    head(candidates, anchor, torch.tensor([0, 1]))[0].backward()
    assert anchor.grad.any() and (candidates.grad is None) == detach


def test_answers_come_with_scores_and_spans(data):
    model = build().eval()
    both = batch(data)
    with torch.no_grad():
        samples = model.predict(
            both['inputs'], both['data_samples'], explain=True
        )
    for row, sample in enumerate(samples):
        assert sample.scores.sum().item() == pytest.approx(1)
        assert sample.pred_answer == int(sample.scores.argmax())
        start, end = sample.pred_span
        starts, ends = zip(*sample.sentence_spans, strict=True)
        assert start in starts and end in ends and start <= end
        assert sample.sentence_share.sum().item() == pytest.approx(1)
        frames = int(both['inputs']['frame_mask'][row].sum())
        assert sample.attention.shape == (len(starts), frames)
        assert torch.allclose(
            sample.attention.sum(1), torch.ones(len(starts)), atol=1e-5
        )


def test_clips_without_frames_are_read_as_zeros():
    model = build().eval()
    blind = toy_data(frames=False)
    both = batch(blind)
    assert both['inputs']['frames'].shape == (3, 0, 0)
    samples = model(both['inputs'], both['data_samples'], mode='predict')
    assert all(sample.scores.isfinite().all() for sample in samples)


def test_global_attention_is_that_with_an_endless_margin(data):
    inputs = batch(data)['inputs']
    attention = dict(type='LocallyAlignedAttention', channels=WIDTH)
    one = build(local_attn=attention | dict(local=False)).eval()
    other = build(local_attn=attention | dict(margin=1e6)).eval()
    local = build().eval()
    for model in (other, local):
        model.load_state_dict(one.state_dict())
    with torch.no_grad():
        scores = [model(inputs) for model in (one, other, local)]
    assert torch.allclose(scores[0], scores[1], atol=1e-6)
    assert not torch.allclose(scores[0], scores[2], atol=1e-6)


@pytest.mark.parametrize('rnn', ['LSTM', 'GRU'])
@pytest.mark.parametrize('fusion', ['sum', 'concat'])
@pytest.mark.parametrize('pooling', ['marker', 'mean'])
def test_the_reconstructed_choices_all_run(rnn, fusion, pooling, masked):
    config = model_config()
    config['reader'].update(rnn=rnn)
    config['choice_head'].update(fusion=fusion)
    config['text_encoder'].update(pooling=pooling)
    losses = MODELS.build(config)(batch(masked)['inputs'], mode='loss')
    assert all(value.isfinite() for value in losses.values())


def test_the_sum_of_two_scores_is_one_linear_map():
    head = MODELS.build(dict(type='ChoiceHead', channels=3, visual_channels=2))
    text, seen = torch.randn(4, 5, 3), torch.randn(4, 5, 2)
    weight, bias = head.score.weight[0], head.score.bias
    expected = text @ weight[:3] + seen @ weight[3:] + bias
    assert torch.allclose(head(text, seen), expected, atol=1e-6)


def test_the_mean_of_a_sentence_leaves_markers_and_the_end_out():
    hidden = torch.arange(8.0)[None, :, None]
    mask = torch.tensor([[True] * 7 + [False]])
    markers = torch.tensor([[2, 4, 0]])  # place 6 is the separator
    found = mean_of_sentences(
        hidden, mask, markers, torch.tensor([[True, True, False]])
    )
    assert found[0, :, 0].tolist() == [3.0, 5.0, 0.0]


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(visual_proj=None), 'visual_proj and local_attn go together'),
        (dict(reader=dict(rnn='RNN')), 'rnn must be in'),
        (dict(choice_head=dict(fusion='max')), 'fusion must be in'),
        (dict(local_attn=dict(margin=-1)), 'margin must be >= 0'),
        (dict(text_encoder=dict(pooling='cls')), 'pooling must be in'),
        (dict(text_encoder=dict(backend='x')), 'backend must be'),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    config = model_config()
    for name, value in settings.items():
        config[name] = value and config[name] | value
    with pytest.raises(ValueError, match=message):
        MODELS.build(config)


def test_unusable_inputs_are_named(data, masked):
    model = build()
    inputs = batch(data)['inputs']
    with pytest.raises(UsageError, match='add MaskTrueAnswer'):
        model(inputs, mode='loss')
    unknown = dict(inputs, target=torch.tensor([0, -1, 2]))
    with pytest.raises(UsageError, match='without known answer'):
        model(unknown, mode='loss')
    with pytest.raises(ValueError, match='mode must be'):
        model(inputs, mode='train')
    narrow = dict(inputs, frames=inputs['frames'][..., :7])
    with pytest.raises(UsageError, match='7 values, but .*in_channels is 32'):
        model(narrow)
    foreign = dict(inputs, ids=inputs['ids'] + len(WORDS))
    with pytest.raises(UsageError, match='do not belong together'):
        model(foreign)
    config = model_config()
    config['text_encoder']['config']['max_position_embeddings'] = 20
    with pytest.raises(UsageError, match='longer than the 20 positions'):
        MODELS.build(config)(inputs)


def test_without_transformers_the_fallback_says_what_to_do(
    monkeypatch, data, capsys, caplog
):
    said = []
    monkeypatch.setattr(module, 'has_transformers', lambda: False)
    monkeypatch.setattr(
        module, 'print_log', lambda text, **kwargs: said.append(text)
    )
    config = model_config()
    config['text_encoder'].update(backend='auto')
    model = MODELS.build(config)
    assert "pip install 'mmssl[videoqa]'" in said[0]
    assert model(batch(data)['inputs']).shape == (3, 5)
    config['text_encoder'].update(pretrained='data/bert')
    with pytest.raises(UsageError, match="pip install 'mmssl"):
        MODELS.build(config).init_weights()


def bert(**settings):
    sizes = dict(
        vocab_size=len(WORDS), hidden_size=WIDTH, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=130,
    )  # fmt: skip
    return dict(
        type='SubtitleTextEncoder', backend='transformers',
        config=sizes | settings,
    )  # fmt: skip


@pytest.mark.parametrize('kind', ['bert', 'roberta'])
def test_bert_and_roberta_from_settings_and_from_a_folder(
    kind, tmp_path, masked, monkeypatch
):
    pytest.importorskip('transformers')
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    one_segment = dict(type_vocab_size=1) if kind == 'roberta' else {}
    encoder = bert(model_type=kind, **one_segment)
    model = build(text_encoder=encoder)
    inputs = batch(masked)['inputs']
    losses = model(inputs, mode='loss')
    sum(v for k, v in losses.items() if k.startswith('loss')).backward()
    assert model.text_encoder.marker.grad.any()
    positions = 130 if kind == 'bert' else 128
    assert model.text_encoder.max_positions == positions
    inner = model.text_encoder.model.model
    inner.save_pretrained(tmp_path / 'lm')
    again = build(text_encoder=encoder | dict(pretrained=str(tmp_path / 'lm')))
    again.init_weights()
    loaded = again.text_encoder.model.model
    for name, value in inner.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    words = loaded.get_input_embeddings().weight
    assert torch.equal(again.text_encoder.marker, words.mean(0))


def test_a_missing_folder_is_named_and_nothing_is_downloaded(tmp_path):
    pytest.importorskip('transformers')
    missing = str(tmp_path / 'bert-base')
    model = build(text_encoder=bert() | dict(pretrained=missing))
    with pytest.raises(UsageError, match='bert-base .*no download is attem'):
        model.init_weights()


def test_the_published_optimizer_decays_what_it_should():
    pytest.importorskip('transformers')
    path = mmssl.get_config_dir() / 'videoqa'
    for name, factor in (
        ('videoqa_bert-base_1xb8-10e_tvqa', 0.2),
        ('videoqa-pretrain_bert-base_1xb8-3e_tvqa', 0.5),
    ):
        cfg = Config.fromfile(path / f'{name}.py', format_python_code=False)
        with (
            torch.device('meta'),
            DefaultScope.overwrite_default_scope('mmssl'),
        ):
            model = MODELS.build(cfg.model)
            wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        groups = wrapper.optimizer.param_groups
        named = list(model.named_parameters())
        assert len(groups) == len(named)
        for (parameter, value), group in zip(named, groups, strict=True):
            (own,) = group['params']
            assert own is value
            language = parameter.startswith('text_encoder.model')
            still = (
                parameter.endswith('marker')
                or 'LayerNorm' in parameter
                or '.bias' in parameter
            )
            assert group['weight_decay'] == (0 if still else 0.01), parameter
            if language:
                assert group['lr'] == pytest.approx(1e-4 * factor), parameter
