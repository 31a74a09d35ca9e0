# BERT-base, locally aligned attention, a BiLSTM for the text and one for the
# frames.  All but BERT and the parts' existence is reconstructed, see
# docs/methods/videoqa.md.
model = dict(
    type='VideoQASSL',
    text_encoder=dict(
        type='SubtitleTextEncoder', pretrained='data/bert-base-uncased/',
        config=dict(model_type='bert'), pooling='marker'),
    visual_proj=dict(
        type='FrameProjection', in_channels=2048, channels=768, dropout=0.1),
    local_attn=dict(
        type='LocallyAlignedAttention', channels=768, local=True, margin=0.0),
    reader=dict(
        type='SequenceReader', in_channels=768, channels=384, rnn='LSTM'),
    choice_head=dict(
        type='ChoiceHead', channels=768, visual_channels=768, fusion='sum'),
    span_head=dict(type='SpanHead', channels=1536, weight=0.5),
    contrast_head=dict(
        type='MaskedAnswerContrastHead', similarity='dot', temperature=1.0,
        weight=1.0))

tokenizer = dict(
    type='TransformersTokenizer', pretrained='data/bert-base-uncased/',
    marker='[SSS]')
train_tokens = dict(
    type='TokenizeOptions', tokenizer=tokenizer, max_len=512,
    max_obj_per_sub=10, keep_span=True)
test_tokens = dict(
    type='TokenizeOptions', tokenizer=tokenizer, max_len=512,
    max_obj_per_sub=10)
train_pipeline = [
    train_tokens, dict(type='MaskTrueAnswer', p=0.5, scope='answer'),
    dict(type='PackVideoQAInputs')]
test_pipeline = [test_tokens, dict(type='PackVideoQAInputs')]
