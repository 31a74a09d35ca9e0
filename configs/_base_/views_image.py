# Views of the published augmentation tables, one dict of numbers each.  Use:
#   train_dataloader = dict(dataset=dict(views=[dict(_base_.simclr_view, num=2)]))
# Keys and defaults: RandomView, mmssl/datasets/transforms/views.py.

colour_first = ('jitter', 'gray', 'crop', 'flip', 'blur', 'solarize')
flip_last = ('crop', 'jitter', 'gray', 'blur', 'solarize', 'flip')

# W-MSE, section "data": colour on the whole picture, then the crop.
wmse_cifar_view = dict(
    size=32, area=(0.2, 1.0), interpolation='bicubic',
    jitter=(0.4, 0.4, 0.4, 0.1), jitter_prob=0.8, gray_prob=0.1,
    order=colour_first)
wmse_stl10_view = dict(wmse_cifar_view, size=64)
wmse_tiny_imagenet_view = dict(wmse_cifar_view, size=64)
wmse_imagenet_view = dict(
    size=224, area=(0.08, 1.0), interpolation='bicubic',
    jitter=(0.8, 0.8, 0.8, 0.2), jitter_prob=0.8, gray_prob=0.2,
    blur_prob=0.5, order=colour_first)

simclr_view = dict(
    size=224, area=(0.08, 1.0), jitter=(0.8, 0.8, 0.8, 0.2), jitter_prob=0.8,
    gray_prob=0.2, blur_prob=0.5)
# The same without blur, as SimCLR's appendix B.9 trains on CIFAR-10, where
# its colour distortion has half the strength.
simclr_cifar_view = dict(
    simclr_view, size=32, jitter=(0.4, 0.4, 0.4, 0.1), blur_prob=0.0)

moco_v1_view = dict(
    size=224, area=(0.2, 1.0), jitter=(0.4, 0.4, 0.4, 0.4), gray_prob=0.2,
    order=('crop', 'gray', 'jitter', 'flip', 'blur', 'solarize'))
# MoCo v2, SimSiam, DenseCL.
moco_v2_view = dict(
    size=224, area=(0.2, 1.0), jitter=(0.4, 0.4, 0.4, 0.1), jitter_prob=0.8,
    gray_prob=0.2, blur_prob=0.5, order=flip_last)

# BYOL: two different views; Barlow Twins uses the same pair, ORL the same
# numbers with interpolation='bilinear'.
byol_view_a = dict(
    size=224, area=(0.08, 1.0), interpolation='bicubic',
    jitter=(0.4, 0.4, 0.2, 0.1), jitter_prob=0.8, gray_prob=0.2,
    blur_prob=1.0)
byol_view_b = dict(byol_view_a, blur_prob=0.1, solarize_prob=0.2)

# SCRL: as BYOL, larger crops so that the views share more, another blur.
scrl_view_a = dict(
    byol_view_a, area=(0.2, 1.0), blur_factors=(1.1, 1.2, 1.5))
scrl_view_b = dict(scrl_view_a, blur_prob=0.1, solarize_prob=0.2)

# SwAV: 2 + 6 multi-crop.
swav_global_view = dict(
    num=2, size=224, area=(0.14, 1.0), jitter=(0.8, 0.8, 0.8, 0.2),
    jitter_prob=0.8, gray_prob=0.2, blur_prob=0.5, order=flip_last)
swav_local_view = dict(
    swav_global_view, num=6, size=96, area=(0.05, 0.14))

# Evaluation.
imagenet_center_view = dict(type='CenterView', resize=256, size=224)
stl10_center_view = dict(
    type='CenterView', resize=70, size=64, interpolation='bicubic')
whole_view = dict(type='CenterView')

# AMDIM: one flip for all views (shared_flip of the dataset) and none here.
amdim_imagenet_view = dict(
    size=128, area=(0.3, 1.0), ratio=(0.7, 1.4), interpolation='bicubic',
    flip_prob=0.0, jitter=(0.4, 0.4, 0.4, 0.1), jitter_prob=0.8,
    gray_prob=0.25, backend='pillow')
amdim_stl10_view = dict(
    amdim_imagenet_view, size=64, jitter=(0.4, 0.4, 0.4, 0.2))
amdim_cifar_view = dict(
    type='TranslatedView', size=32, shift=4, shift_prob=0.8, flip_prob=0.0,
    jitter=(0.4, 0.4, 0.4, 0.2), jitter_prob=0.8, gray_prob=0.25)
