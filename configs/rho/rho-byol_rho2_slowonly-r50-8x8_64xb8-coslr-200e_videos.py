_base_ = 'rho-byol_rho2_slowonly-r50-8x8_64xb8-coslr-200e_k400.py'

# Long videos that nobody chose or labelled, as the study's private ones:
# there a time span of at most 36 seconds was best
data_root = 'data/videos/'
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='VideoFolder', data_root=data_root,
        clips=dict(num_clips=2, max_gap=36.0, gap_unit='seconds'),
        views=[dict(_base_.rho_view, num=2)]))
test_dataloader = None
test_cfg = None
test_evaluator = None
