# The schedule of the paper's text, which its released files do not follow
_base_ = ['finetune_slowonly50-8x8_8xb8-coslr-200e_hmdb51.py']

optim_wrapper = dict(optimizer=dict(lr=0.025))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=200,
        steps=(0, 60, 120, 180), factors=(1.0, 0.1, 0.01, 0.001),
        convert_to_iter_based=True)]
