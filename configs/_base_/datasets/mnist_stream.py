# MNIST as a stream of classes; data/mnist holds the four idx-ubyte files,
# gzipped or not
_base_ = 'class_stream.py'

data_root = 'data/mnist/'
as_it_is = [dict(type='CenterView')]
train = dict(type='MNIST', data_root=data_root, split='train', views=as_it_is)

train_dataloader = dict(dataset=train)
test_dataloader = dict(
    dataset=dict(
        type='MNIST', data_root=data_root, split='test', views=as_it_is))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=dict(dataset=train))
test_cfg = val_cfg
del as_it_is, train
