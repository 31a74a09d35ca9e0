# Generated clips and questions, words instead of BERT's pieces, nothing to fetch
_base_ = ['../_base_/videoqa/loaders.py']

width = 32
tokenizer = dict(type='ToyTokenizer')
model = dict(
    type='VideoQASSL',
    text_encoder=dict(
        type='SubtitleTextEncoder', backend='plain',
        config=dict(
            vocab_size=206, hidden_size=width, num_hidden_layers=1,
            num_attention_heads=2, intermediate_size=64,
            max_position_embeddings=128, hidden_dropout_prob=0.0)),
    visual_proj=dict(
        type='FrameProjection', in_channels=32, channels=width, dropout=0.0),
    local_attn=dict(type='LocallyAlignedAttention', channels=width),
    reader=dict(type='SequenceReader', in_channels=width, channels=16),
    choice_head=dict(
        type='ChoiceHead', channels=width, visual_channels=width),
    span_head=dict(type='SpanHead', channels=64),
    contrast_head=dict(type='MaskedAnswerContrastHead'))
tokens = dict(type='TokenizeOptions', tokenizer=tokenizer, max_len=128)
train_dataloader = dict(
    num_workers=0, persistent_workers=False,
    dataset=dict(
        type='ToyVideoQA', num_clips=48, split_seed=1, things=40,
        pipeline=[
            tokens, dict(type='MaskTrueAnswer'),
            dict(type='PackVideoQAInputs')]))
val_dataloader = dict(
    num_workers=0, persistent_workers=False,
    dataset=dict(
        type='ToyVideoQA', num_clips=16, split_seed=2, things=40,
        pipeline=[tokens, dict(type='PackVideoQAInputs')]))
test_dataloader = val_dataloader
val_evaluator = [dict(type='VideoQAAccuracy', by=['level'])]
test_evaluator = val_evaluator
train_cfg = dict(type='EpochTrainLoop', max_epochs=8, val_interval=8)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=3e-3),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=5, by_epoch=False)]
