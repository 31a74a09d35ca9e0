# STL-10 in its official binary files
_base_ = 'labelled_images.py'

data_root = 'data/stl10/'
data_preprocessor = dict(
    type='ViewsDataPreprocessor',
    mean=[255 * v for v in (0.43, 0.42, 0.39)],
    std=[255 * v for v in (0.27, 0.26, 0.27)])

train_dataloader = dict(
    dataset=dict(type='STL10', data_root=data_root, split='train+unlabeled'))
as_it_is = [
    dict(type='CenterView', resize=70, size=64, interpolation='bicubic')]
bank = dict(
    dataset=dict(
        type='STL10', data_root=data_root, split='train', views=as_it_is))
test_dataloader = dict(
    dataset=dict(
        type='STL10', data_root=data_root, split='test', views=as_it_is))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=bank)
test_cfg = dict(bank_dataloader=bank)
del bank, as_it_is
