# 100 epochs, worth about 0.2 points
_base_ = ['linear_slowonly50-8x8_64xb8-coslr-60e_k400.py']

train_cfg = dict(max_epochs=100)
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=100, warmup=8,
        convert_to_iter_based=True)]
