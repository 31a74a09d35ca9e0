# DSM's fine-tuning on the split that finetune_cmd.py names; 10 clips at the
# middles of equal parts, the centre of each
_base_ = ['finetune_cmd.py']

model = dict(cls_head=dict(dropout_ratio=0.5))
train_dataloader = dict(batch_size=4)
train_cfg = dict(max_epochs=45, val_interval=5)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='SGD', lr=1e-3, momentum=0.9,
        weight_decay=1e-8))
param_scheduler = [
    dict(
        type='MultiStepLR', milestones=[10, 20, 25, 30, 35, 40], gamma=0.3,
        end=45)]
auto_scale_lr = dict(base_batch_size=4)
