# Few-shot splits: train.csv, val.csv and test.csv of file names and classes,
# and the folder or zip of the pictures.  Nothing is random about the views.
_base_ = 'labelled_images.py'

images = 'images'
center_view = dict(
    type='CenterView', resize=146, size=128, interpolation='bicubic',
    backend='pillow')
train_dataloader = dict(
    num_workers=4,
    dataset=dict(
        type='FewShotCSV', data_root='data/miniimagenet/',
        ann_file='train.csv', images=images, views=[center_view]))
val_dataloader = dict(
    dataset=dict(
        type='FewShotCSV', data_root='data/miniimagenet/',
        ann_file='val.csv', images=images, views=[center_view]))
test_dataloader = dict(
    dataset=dict(
        type='FewShotCSV', data_root='data/miniimagenet/',
        ann_file='test.csv', images=images, views=[center_view]))

# Features once, then episodes; presets: 600, 2,000 and 10,000
val_cfg = dict(_delete_=True, type='FeatureValLoop')
test_cfg = dict(_delete_=True, type='FeatureTestLoop')
val_evaluator = [
    dict(type='FewShotAccuracy', n_episodes=500, shot=1),
    dict(type='FewShotAccuracy', n_episodes=500, shot=5)]
test_evaluator = [
    dict(type='FewShotAccuracy', n_episodes=10000, shot=1),
    dict(type='FewShotAccuracy', n_episodes=10000, shot=5)]
