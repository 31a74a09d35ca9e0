# Seconds, nothing to download
_base_ = [
    '../../_base_/action/retrieval.py', '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(depth=18, base_channels=8))
clips = dict(
    num_clips=4, clip_len=8, frame_interval=2, target_fps=None,
    sampling='uniform')
views = [dict(type='CenterView', num=4)]
test_dataloader = dict(
    batch_size=8, num_workers=0,
    dataset=dict(
        _delete_=True, type='SceneMotionVideos', split='test', per_pair=1,
        label='scene', clips=clips, views=views))
test_cfg = dict(
    bank_dataloader=dict(
        batch_size=8, num_workers=0,
        dataset=dict(
            _delete_=True, type='SceneMotionVideos', split='train', per_pair=3,
            label='scene', clips=clips, views=views)))
del clips, views
