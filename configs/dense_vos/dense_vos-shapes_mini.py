# Longer on the generated videos: 240 steps
_base_ = 'dense_vos_tiny.py'

train_dataloader = dict(dataset=dict(num_videos=160))
train_cfg = dict(max_epochs=6, val_interval=6)
