# Cross-domain test (BSCD-FSL) of the net that was fine-tuned by
# protonet_amdim_1xb100-5way5shot-100e_miniimagenet.py, as it is:
# 7 findings in X-rays
_base_ = ['protonet_amdim_1xb100-5way5shot-100e_miniimagenet.py']

test_dataloader = dict(
    dataset=dict(
        data_root='data/chestx/', ann_file='chestx.csv'))
test_evaluator = [
    dict(type='FewShotAccuracy', n_episodes=600, shot=5),
    dict(type='FewShotAccuracy', n_episodes=600, shot=20),
    dict(type='FewShotAccuracy', n_episodes=600, shot=50)]
