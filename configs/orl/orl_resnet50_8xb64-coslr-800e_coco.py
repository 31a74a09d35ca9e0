# Stage 3; stage 1 is byol_resnet50_8xb64-coslr-800e_coco, stage 2 tools/orl
_base_ = '../byol/byol_resnet50_8xb64-coslr-800e_coco.py'

patch_a = dict(
    size=96, jitter=(0.4, 0.4, 0.2, 0.1), jitter_prob=0.8, gray_prob=0.2,
    blur_prob=1.0)
patch_b = dict(patch_a, blur_prob=0.1, solarize_prob=0.2)
model = dict(type='ORL')
train_dataloader = dict(
    dataset=dict(
        type='ORLPairDataset', pair_file='data/coco/orl/pairs.npz',
        patches=[patch_a, patch_b], regions=dict(neighbours=10)))
