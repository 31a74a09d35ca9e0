# Stage 3 on a folder of scenes, with the pairs that stage 2 made of it:
# --cfg-options data_root=path/to/pictures/ train_dataloader.dataset.pair_file=...
_base_ = 'orl-stage1_mini.py'

patch_a = dict(
    size=32, jitter=(0.4, 0.4, 0.2, 0.1), jitter_prob=0.8, gray_prob=0.2,
    blur_prob=1.0, blur_sigma=(0.1, 1.0))
patch_b = dict(patch_a, blur_prob=0.1, solarize_prob=0.2)
model = dict(type='ORL')
train_dataloader = dict(
    dataset=dict(
        type='ORLPairDataset', pair_file='data/tiny_coco/orl/pairs.npz',
        patches=[patch_a, patch_b], regions=dict(neighbours=10)))
