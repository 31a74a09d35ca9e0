_base_ = [
    '../../_base_/action/retrieval.py', '../../_base_/default_runtime.py',
]

data_root = 'data/video_actions/jhmdb/'
model = dict(backbone=dict(depth=18, base_channels=8))
clips = dict(frame_interval=2, target_fps=None, short_side=40)
views = [dict(type='CenterView', size=32, num=10)]
test_dataloader = dict(
    batch_size=20, num_workers=1,
    dataset=dict(
        data_root=data_root, ann_file='test.csv', clips=clips, views=views))
test_cfg = dict(
    bank_dataloader=dict(
        batch_size=20, num_workers=1,
        dataset=dict(
            data_root=data_root, ann_file='train.csv', clips=clips,
            views=views)))
del clips, views
