_base_ = [
    '../_base_/models/cmd_r2plus1d26.py', '../_base_/datasets/compressed_k400.py',
    '../_base_/schedules/cmd_sgd_120e.py', '../_base_/default_runtime.py',
]

optim_wrapper = dict(optimizer=dict(lr=5e-4 * 512))
auto_scale_lr = dict(base_batch_size=512)
