# CIFAR-100 in its official batches
_base_ = 'labelled_images.py'

data_root = 'data/cifar100/'
data_preprocessor = dict(
    type='ViewsDataPreprocessor',
    mean=[255 * v for v in (0.5071, 0.4867, 0.4408)],
    std=[255 * v for v in (0.2675, 0.2565, 0.2761)])

train_dataloader = dict(
    dataset=dict(type='CIFAR', data_root=data_root, split='train'))
as_it_is = [dict(type='CenterView')]
bank = dict(
    dataset=dict(
        type='CIFAR', data_root=data_root, split='train', views=as_it_is))
test_dataloader = dict(
    dataset=dict(
        type='CIFAR', data_root=data_root, split='test', views=as_it_is))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=bank)
test_cfg = dict(bank_dataloader=bank)
del bank, as_it_is
