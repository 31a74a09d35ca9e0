# Which question belongs to the clip? 3 epochs; reconstructed throughout
_base_ = 'main_10e.py'
no_decay = dict(lr_mult=0.5, decay_mult=0.0)
optim_wrapper = dict(
    # 5e-5 for the language model
    paramwise_cfg=dict(
        custom_keys={
            'text_encoder': dict(lr_mult=0.5),
            'output.LayerNorm': no_decay,
            'embeddings.LayerNorm': no_decay,
            'output.dense.bias': no_decay,
            'intermediate.dense.bias': no_decay,
            'attention.self.query.bias': no_decay,
            'attention.self.key.bias': no_decay,
            'attention.self.value.bias': no_decay}))
train_cfg = dict(max_epochs=3)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-3, end=0.3,
        convert_to_iter_based=True),
    dict(
        type='PolyLR', power=1.0, eta_min=0.0, begin=0.3, end=3,
        convert_to_iter_based=True)]
custom_hooks = []
