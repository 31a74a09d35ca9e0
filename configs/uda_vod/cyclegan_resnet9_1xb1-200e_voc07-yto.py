_base_ = [
    '../_base_/models/cyclegan.py',
    '../_base_/datasets/voc07_to_youtube_objects.py',
    '../_base_/schedules/cyclegan_adam_200e.py',
    '../_base_/translation_runtime.py',
]
