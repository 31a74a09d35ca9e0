# The main stage: 10 epochs, stopped early; reconstructed throughout
no_decay = dict(lr_mult=0.2, decay_mult=0.0)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.01),
    clip_grad=dict(max_norm=1.0),
    # 2e-5 for the language model; the longest name that fits counts
    paramwise_cfg=dict(
        norm_decay_mult=0.0, bias_decay_mult=0.0, bypass_duplicate=True,
        custom_keys={
            'text_encoder': dict(lr_mult=0.2),
            'text_encoder.marker': dict(decay_mult=0.0),
            'rnn.bias': dict(decay_mult=0.0),
            'output.LayerNorm': no_decay,
            'embeddings.LayerNorm': no_decay,
            'output.dense.bias': no_decay,
            'intermediate.dense.bias': no_decay,
            'attention.self.query.bias': no_decay,
            'attention.self.key.bias': no_decay,
            'attention.self.value.bias': no_decay}))
train_cfg = dict(type='EpochTrainLoop', max_epochs=10, val_interval=1)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-3, end=1,
        convert_to_iter_based=True),
    dict(
        type='PolyLR', power=1.0, eta_min=0.0, begin=1, end=10,
        convert_to_iter_based=True)]
custom_hooks = [
    dict(
        type='EarlyStoppingHook', monitor='qa/accuracy', rule='greater',
        patience=3)]
