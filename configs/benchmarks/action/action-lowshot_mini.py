# Three labelled videos of each class
_base_ = ['action-finetune_mini.py']

train_dataloader = dict(dataset=dict(per_class=3, subset_seed=0))
train_cfg = dict(max_epochs=60, val_interval=60)
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=60, warmup=6,
        convert_to_iter_based=True)]
