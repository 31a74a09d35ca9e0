# Views of clips: one dict of numbers each, the same for all frames of a clip.
#   train_dataloader = dict(dataset=dict(views=[dict(_base_.rho_view, num=2)]))

# rho, the files' "aug+": colour strength 0.75 of (0.8, 0.8, 0.8, 0.2), then
# the crop, then the flip.
rho_view = dict(
    size=224, area=(0.2, 0.766), ratio=(0.75, 1.3333), antialias=False,
    jitter=(0.6, 0.6, 0.6, 0.15), jitter_prob=0.8, gray_prob=0.2,
    blur_prob=0.5,
    order=('jitter', 'gray', 'blur', 'solarize', 'crop', 'flip'))
# For a few small clips: weak colours, since hue and shade are half of what
# can be learned from a hundred of them.
rho_small_view = dict(
    size=32, area=(0.2, 0.766), ratio=(0.75, 1.3333), antialias=False,
    jitter=(0.4, 0.4, 0.2, 0.0), jitter_prob=0.8)
rho_tiny_view = dict(
    size=24, area=(0.5, 1.0), antialias=False, jitter=(0.2, 0.2, 0.0, 0.0))

# Testing: ten clips, three crops of each; the first, or each centre.
three_crops = [
    dict(type='CenterView', size=256, resize=256, antialias=False, place=p)
    for p in (0.0, 0.5, 1.0)]
rho_center_view = dict(
    type='CenterView', size=224, resize=256, antialias=False)
