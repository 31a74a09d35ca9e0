_base_ = ['../../_base_/vos/davis2017.py', '../../_base_/default_runtime.py']

# For checkpoints of videos (rho): the third stage's map, frame by frame
model = dict(
    type='FeatureExtractor',
    backbone=dict(
        type='mmaction.ResNet3dSlowOnly', depth=50, pretrained=None,
        lateral=False, num_stages=4, conv1_kernel=(1, 7, 7),
        conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1),
        spatial_strides=(1, 2, 1, 1), out_indices=(2,), norm_eval=False))
test_cfg = dict(as_clips=True)
