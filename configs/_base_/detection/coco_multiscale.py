# Short side 640 to 800 in steps of 32, as the published set-ups train; use
# it behind mmdet's coco_instance or coco_detection
short_sides = dict(
    type='RandomChoiceResize', keep_ratio=True,
    scales=[(1333, side) for side in range(640, 801, 32)])
sampler = dict(type='InfiniteSampler', shuffle=True)
