# Without the first stage, for as long as both stages take together: an episode
# costs less than half an update of amdim_mini.py, and bears a larger rate
_base_ = ['protonet_mini.py']

model = dict(backbone=dict(init_cfg=None, zero_init=False))
train_cfg = dict(max_epochs=22)
optim_wrapper = dict(optimizer=dict(lr=1e-2))
param_scheduler = [
    dict(type='MultiStepLR', milestones=[15, 20], gamma=0.2)]
