# Cross-domain test (BSCD-FSL) of the net that was fine-tuned by
# protonet_amdim_1xb100-5way5shot-100e_miniimagenet.py, as it is:
# 38 diseases of leaves
_base_ = ['protonet_amdim_1xb100-5way5shot-100e_miniimagenet.py']

test_dataloader = dict(
    dataset=dict(
        _delete_=True, type='ImageFolder', data_root='data/cropdiseases/',
        with_label=True, views=[_base_.center_view]))
test_evaluator = [
    dict(type='FewShotAccuracy', n_episodes=600, shot=5),
    dict(type='FewShotAccuracy', n_episodes=600, shot=20),
    dict(type='FewShotAccuracy', n_episodes=600, shot=50)]
