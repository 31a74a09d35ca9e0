# Tiny ImageNet: train/ and test/ (the validation pictures) in class folders
_base_ = 'labelled_images.py'

data_root = 'data/tiny_imagenet/'
data_preprocessor = dict(
    type='ViewsDataPreprocessor',
    mean=[255 * v for v in (0.480, 0.448, 0.398)],
    std=[255 * v for v in (0.277, 0.269, 0.282)])

train_dataloader = dict(
    dataset=dict(type='ImageNet', data_root=data_root, split='train'))
as_it_is = [dict(type='CenterView')]
bank = dict(
    dataset=dict(
        type='ImageNet', data_root=data_root, split='train', views=as_it_is))
test_dataloader = dict(
    dataset=dict(
        type='ImageNet', data_root=data_root, split='test', views=as_it_is))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=bank)
test_cfg = dict(bank_dataloader=bank)
del bank, as_it_is
