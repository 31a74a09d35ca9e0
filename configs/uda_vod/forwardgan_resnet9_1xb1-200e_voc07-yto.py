# The authors' ablation: both directions without the cycle between them
_base_ = './cyclegan_resnet9_1xb1-200e_voc07-yto.py'

model = dict(lambda_cycle=0.)
