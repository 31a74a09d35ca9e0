# Split MNIST, shortened: 600 steps a pair of digits, 10,000 pictures
_base_ = './curl-sup_mlp_1xb100-seq-smgr-100k_mnist.py'

few = dict(count=10000, subset_seed=0)
train_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=few,
    batch_sampler=dict(n_steps=3000))
test_dataloader = dict(dataset=dict(count=2000))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=dict(dataset=few))
test_cfg = dict(bank_dataloader=dict(dataset=few))
train_cfg = dict(max_iters=3000, val_interval=3000)
default_hooks = dict(checkpoint=dict(interval=3000))
del few
