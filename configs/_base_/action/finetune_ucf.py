# rho's released fine-tuning on UCF101, also taken for HMDB51: a half cosine;
# grey, then jitter, before the crop
train_cfg = dict(type='EpochTrainLoop', max_epochs=200, val_interval=20)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.0))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=200,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=64)
coloured_pipeline = [
    dict(
        type='mmssl.DecodeClips', num_clips=1, clip_len=8, frame_interval=8,
        short_side=None),
    dict(
        type='mmssl.ViewOfImgs', steps=('gray', 'jitter'), gray_prob=0.2,
        jitter=(0.4, 0.4, 0.4, 0.1)),
    dict(type='RandomRescale', scale_range=(256, 320)),
    dict(type='RandomCrop', size=224),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
