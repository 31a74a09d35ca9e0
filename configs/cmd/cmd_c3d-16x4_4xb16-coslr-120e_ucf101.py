_base_ = [
    '../_base_/models/cmd_c3d.py', '../_base_/datasets/compressed_ucf101.py',
    '../_base_/schedules/cmd_sgd_120e.py', '../_base_/default_runtime.py',
]
