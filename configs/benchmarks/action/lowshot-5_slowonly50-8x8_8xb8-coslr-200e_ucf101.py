# Five labelled videos of each class; train_dataloader.dataset.per_class and
# subset_seed choose others
_base_ = ['finetune_slowonly50-8x8_8xb8-coslr-200e_ucf101.py']

train_dataloader = dict(dataset=dict(per_class=5, subset_seed=0))
