# Longer on the generated videos: 400 steps
_base_ = 'dense_vos_tiny.py'

train_dataloader = dict(dataset=dict(num_videos=160))
train_cfg = dict(max_epochs=10, val_interval=10)
