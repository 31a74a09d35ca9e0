# The same with the batch norms as pre-training left them
_base_ = ['linear_slowonly50-8x8_64xb8-coslr-60e_k400.py']

model = dict(linear_bn='eval')
