_base_ = './curl_mlp_1xb100-seq-mgr-100k_mnist.py'

train_dataloader = dict(batch_sampler=dict(schedule='blended'))
