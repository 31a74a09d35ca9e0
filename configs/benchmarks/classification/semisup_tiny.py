# Fine-tuning on a tenth of the labels: six patches a photograph
_base_ = ['finetune_tiny.py']

train_dataloader = dict(batch_size=38, dataset=dict(per_class=6))
auto_scale_lr = dict(base_batch_size=38)
