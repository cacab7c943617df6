# Initial weights of its own, which the short run does not use; channels last inside.
class EfficientNet(EfficientNet):  # noqa: F811
    def __init__(self, width=1.0, depth=1.0, num_classes=10, stem_stride=2, dropout=0.2, drop_connect=0.2):
        super().__init__(width, depth, num_classes, stem_stride, dropout, drop_connect)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan = module.out_channels * module.kernel_size[0] * module.kernel_size[1] // module.groups
                nn.init.normal_(module.weight, 0.0, math.sqrt(2.0 / fan))
            elif isinstance(module, nn.Linear):
                nn.init.uniform_(module.weight, -1 / math.sqrt(module.out_features), 1 / math.sqrt(module.out_features))

    def forward(self, images):
        return super().forward(images.contiguous(memory_format=torch.channels_last))
