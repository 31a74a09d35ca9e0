# A small BERT with random weights and a tokenizer made from training text
width = 64
model = dict(
    type='VideoQASSL',
    text_encoder=dict(
        type='SubtitleTextEncoder',
        config=dict(
            model_type='bert', vocab_size=4000, hidden_size=width,
            num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=128, max_position_embeddings=192)),
    reader=dict(type='SequenceReader', in_channels=width, channels=32),
    choice_head=dict(type='ChoiceHead', channels=width),
    span_head=dict(type='SpanHead', channels=width, weight=0.5),
    contrast_head=dict(type='MaskedAnswerContrastHead'))

tokenizer = dict(type='AutoTextTokenizer', folder='data/tvqa_mini/tokenizer')
train_pipeline = [
    dict(
        type='TokenizeOptions', tokenizer=tokenizer, max_len=192,
        keep_span=True),
    dict(type='MaskTrueAnswer', p=0.5, scope='answer'),
    dict(type='PackVideoQAInputs')]
test_pipeline = [
    dict(type='TokenizeOptions', tokenizer=tokenizer, max_len=192),
    dict(type='PackVideoQAInputs')]
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-2, end=50, by_epoch=False)]
